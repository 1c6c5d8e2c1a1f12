using System.Buffers;
using Postseal.Cms.Enveloped;

namespace Postseal.Verification;

/// <summary>
/// What was found in a message: signatures and encryptions, and the innermost content that could be opened. Disposing of it clears the
/// decrypted content.
/// </summary>
internal sealed class MailReading : IDisposable
{
    private readonly IReadOnlyList<DecryptedContent> contents;

    /// <param name="verdict">What is to be said of its signatures.</param>
    /// <param name="contents">What was decrypted, the outermost first.</param>
    internal MailReading(MailVerdict verdict, IReadOnlyList<DecryptedContent> contents) =>
        (Verdict, this.contents) = (verdict, contents);

    /// <summary>Gets the verdict over its signatures: over those inside, if it was opened and there are any.</summary>
    public MailVerdict Verdict { get; }

    /// <summary>Gets the encryptions around it, the outermost first.</summary>
    public IReadOnlyList<EncryptionLayer> Encryption { get; internal init; } = [];

    /// <summary>Gets the signatures in the innermost encryption that was opened, the outermost first.</summary>
    public IReadOnlyList<PeeledSignature> SignaturesInside { get; internal init; } = [];

    /// <summary>Gets the encryption that was not opened; <see langword="null"/> if there is none.</summary>
    public ReceivedEnvelope? Closed { get; internal init; }

    /// <summary>Gets why it was not opened.</summary>
    public CannotDecrypt? Problem { get; internal init; }

    /// <summary>Gets whether anything was opened.</summary>
    public bool IsOpened => contents.Count > 0;

    /// <summary>Gets whether it came encrypted.</summary>
    public bool IsEncrypted => Encryption.Count > 0;

    /// <summary>Gets what shows that nobody changed the opened content: that of the weakest layer.</summary>
    public ContentIntegrity Integrity => Encryption.Min(layer => layer.Integrity) ?? ContentIntegrity.None;

    /// <summary>Gets the MIME entity in the innermost encryption that was opened.</summary>
    public ReadOnlySequence<byte> Inside => new(contents[^1].Content);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var content in contents)
            content.Dispose();
    }
}
