namespace Postseal.Certificates;

/// <summary>A token: a place that signs and decrypts with keys that never leave it, such as a hardware security module.</summary>
public interface IKeyToken : IRemoteSource
{
    /// <summary>Lists the certificates whose private keys are in the token, with these keys. The answer comes from memory where it is recent,
    /// and has the same objects for as long as nothing changed.</summary>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    /// <exception cref="IOException">The token is not there or does not answer; the next look may succeed.</exception>
    ValueTask<IReadOnlyList<MailCertificate>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>Finds what a PKCS #11 URI (RFC 7512) names among them: the token by its attributes, the object by <c>id</c> and
    /// <c>object</c>.</summary>
    /// <param name="uri">The URI, as <c>pkcs11:token=mail;object=alice</c>; it was checked when the settings were read.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    /// <inheritdoc cref="ListAsync" path="/exception"/>
    ValueTask<IReadOnlyList<MailCertificate>> FindAsync(string uri, CancellationToken cancellationToken = default);
}
