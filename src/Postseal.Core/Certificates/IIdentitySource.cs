using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>Where the certificates and keys are that sign: the directory, which answers at once, or a token far away.</summary>
public interface IIdentitySource
{
    /// <summary>Finds who signs for an address.</summary>
    /// <param name="address">The author of the mail.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    /// <exception cref="IOException">The source did not answer; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">The source must not be read.</exception>
    ValueTask<Lookup<Identity>> FindSignerAsync(MailAddress address, CancellationToken cancellationToken = default);

    /// <summary>Determines whether there is anything for an address, usable or not, without opening it.</summary>
    /// <inheritdoc cref="FindSignerAsync"/>
    ValueTask<bool> HasAnythingForAsync(MailAddress address, CancellationToken cancellationToken = default);

    /// <summary>Determines whether a private key of an address is here, usable or not, without opening it: then its owner is one of
    /// ours.</summary>
    /// <inheritdoc cref="FindSignerAsync"/>
    ValueTask<bool> HoldsKeyOfAsync(MailAddress address, CancellationToken cancellationToken = default);
}
