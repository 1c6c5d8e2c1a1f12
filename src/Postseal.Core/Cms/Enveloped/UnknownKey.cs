namespace Postseal.Cms.Enveloped;

/// <summary>A key encrypted in a way that is not known here.</summary>
/// <param name="Id">The certificate.</param>
/// <param name="Algorithm">What is unknown, for people.</param>
internal sealed record UnknownKey(CertificateId Id, string Algorithm) : ReceivedRecipient(Id)
{
    /// <inheritdoc/>
    public override string? WhyNotWith(KeyKind kind) => $"its key was encrypted with {Algorithm}, which is not known here";

    /// <inheritdoc/>
    public override ValueTask<byte[]?> DecryptKeyAsync(PrivateKey key, int length, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Nothing decrypts it.");
}
