using System.Buffers;
using Postseal.Mail;
using Postseal.Smime;

namespace Postseal.Verification;

/// <summary>
/// Takes layer after layer off a message, from the outside in, and judges each signature on the way. It stops at an encryption until
/// <see cref="Enter"/> gives it the content.
/// </summary>
internal sealed class LayerPeeling
{
    private readonly SignerCheck signers;
    private readonly int maxLayers;
    private readonly SignedMessage context;
    private readonly List<PeeledSignature> signatures = [];
    private string section = "";
    private int depth;

    /// <summary>Peels a message.</summary>
    /// <param name="signers">Judges each signer.</param>
    /// <param name="maxLayers">How many layers are looked into.</param>
    /// <param name="context">What signatures are held against.</param>
    /// <param name="message">The message.</param>
    public LayerPeeling(SignerCheck signers, int maxLayers, SignedMessage context, MailMessage message)
    {
        (this.signers, this.maxLayers, this.context) = (signers, maxLayers, context);
        Peel(ReceivedLayer.Of(message));
    }

    /// <summary>Gets the signatures so far, the outermost first.</summary>
    public IReadOnlyList<PeeledSignature> Signatures => signatures;

    /// <summary>Gets the encryption that it stopped at; <see langword="null"/> if it reached the innermost content.</summary>
    public ReceivedLayer.Encrypted? Encrypted { get; private set; }

    /// <summary>Gets what is in the innermost layer, for people.</summary>
    public string End { get; private set; } = "";

    /// <summary>Gets the section of the part that is encrypted.</summary>
    public string Part => section + "1";

    /// <summary>Gets whether there may be no more layers.</summary>
    public bool IsAtLimit => depth == maxLayers;

    /// <summary>Goes on with the content of the encryption.</summary>
    public void Enter(in ReadOnlySequence<byte> content)
    {
        depth++;
        // RFC 7281 section 4: what is inside is numbered anew, behind a slash.
        section += "1/";
        Encrypted = null;
        Peel(ReceivedLayer.Of(content));
    }

    /// <summary>Forgets what was found in an encryption whose content must not be shown.</summary>
    /// <param name="count">How many signatures were found before.</param>
    public void Forget(int count)
    {
        signatures.RemoveRange(count, signatures.Count - count);
        (Encrypted, End) = (null, "it is encrypted, and what is inside is not known here");
    }

    private void Peel(ReceivedLayer layer)
    {
        while (true)
        {
            switch (layer)
            {
                case ReceivedLayer.Signed when IsAtLimit:
                    Add(new SignatureLayer(SmimeResult.Neutral, $"there are more than {maxLayers} layers", Part));
                    return;
                case ReceivedLayer.Signed signed:
                    depth++;
                    Add(signers.Check(signed, context, section + (signed.IsDetached ? "2" : "1")), signed);
                    // Some readers show other content than this, so signatures inside it do not count for the message.
                    if (signed.IsDetached && signed.SignedData.HasContent || signed.SignedData.Obstacle is not null)
                        return;
                    // Both a part of a multipart and what a part carries are numbered beneath it.
                    section += "1.";
                    layer = ReceivedLayer.Of(signed.Entity);
                    break;
                case ReceivedLayer.Broken broken:
                    Add(new SignatureLayer(SmimeResult.Neutral, broken.Why, Part));
                    return;
                case ReceivedLayer.Encrypted encrypted:
                    // One can sign encrypted content without knowing what it says.
                    if (section.EndsWith('.'))
                    {
                        var outer = signatures[^1];
                        signatures[^1] = outer with { Layer = outer.Layer with { Beside = "what was signed is encrypted" } };
                    }

                    (Encrypted, End) = (encrypted, "it is encrypted, and what is inside is not known here");
                    return;
                case ReceivedLayer.Compressed:
                    End = "it is compressed, and is not opened";
                    return;
                case ReceivedLayer.Certificates:
                    End = "it carries certificates and no signature";
                    return;
                default:
                    End = "it is not signed";
                    return;
            }
        }
    }

    private void Add(SignatureLayer layer, ReceivedLayer.Signed? signed = null)
    {
        End = "";
        signatures.Add(new PeeledSignature(layer, signed));
    }
}

/// <summary>A signature, and what it is over.</summary>
/// <param name="Layer">What is said of it.</param>
/// <param name="Signed">What is signed; <see langword="null"/> where that cannot be told.</param>
internal sealed record PeeledSignature(SignatureLayer Layer, ReceivedLayer.Signed? Signed)
{
    /// <summary>Gets whether somebody signed the whole content of its layer and nobody changed it since. It does not matter who signed:
    /// nobody can sign what he does not know.</summary>
    public bool ProvesContent => Layer.IsVerified && Signed is { Beside: null };
}
