using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>Finds certificates of correspondents outside of files: in a directory service or in DNS.</summary>
public interface ICertificateSource : IRemoteSource
{
    /// <summary>Finds every certificate that the source has for an address, also those that cannot be used: the caller knows the rules, and
    /// chooses.</summary>
    /// <param name="address">The address, for which the certificates need not be: the caller checks that too.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    /// <returns>What was found; <see cref="FoundCertificates.None"/> only if the source knows for certain that there is nothing.</returns>
    /// <exception cref="IOException">The source did not answer, or not in a way that can be believed; the next look may succeed. The message
    /// begins with the source and is for the log. A <see cref="SourceUnavailableException"/> says that it answers nothing at all.</exception>
    ValueTask<FoundCertificates> FindAsync(MailAddress address, CancellationToken cancellationToken = default);
}

/// <summary>What a source has for an address.</summary>
/// <param name="Certificates">The certificates, in any order.</param>
public sealed record FoundCertificates(IReadOnlyList<MailCertificate> Certificates)
{
    /// <summary>Gets the answer of a source that has nothing.</summary>
    public static FoundCertificates None { get; } = new([]);

    /// <summary>Gets for which certificates the source vouches, its own and those found elsewhere, so that they need no CA of <c>[Trust]
    /// Anchors</c>: DNS does, where it is secured (RFC 8162). Default: for none.</summary>
    public Predicate<MailCertificate>? VouchesFor { get; init; }

    /// <summary>Gets how long the source lets the answer be kept, as DNS does. Default: as long as the settings say.</summary>
    public TimeSpan? HoldsFor { get; init; }

    /// <summary>Gets why some of what the source has for the address cannot be used and what to do, as a clause that begins with the source:
    /// <c>smimea: the record of alice@example.org has a digest alone, …</c>. Default: <see langword="null"/>, nothing is wrong. With it, there
    /// being no certificate is no absence.</summary>
    public string? Problem { get; init; }

    /// <summary>Gets how many bytes <see cref="VouchesFor"/> keeps besides the certificates.</summary>
    internal long SizeBeside { get; init; }
}
