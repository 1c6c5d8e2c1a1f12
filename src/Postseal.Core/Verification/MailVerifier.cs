using Postseal.Mail;
using Postseal.Policy;
using Postseal.Smime;

namespace Postseal.Verification;

/// <summary>
/// Verifies whatever signatures are around a message, from the outside in: a list may have signed what its author signed before,
/// and triple wrapping (RFC 2634 section 1.1) does. Only the root counts, and the root of what was signed; parts inside and attached
/// messages are not the message.
/// </summary>
/// <param name="signers">Judges each signer.</param>
/// <param name="maxLayers">How many layers are looked into.</param>
internal sealed class MailVerifier(SignerCheck signers, int maxLayers)
{
    /// <summary>Verifies a message. Nothing is waited for: what would have to be fetched is not known yet.</summary>
    public MailVerdict Verify(MailMessage message)
    {
        var authorship = Authorship.Of(message.Headers);
        var context = new SignedMessage(authorship, SentDate.Of(message.Headers));
        var layers = new List<SignatureLayer>();
        var end = Peel(message, context, layers);
        var decisive = layers.Find(layer => layer.Result == SmimeResult.Pass) ?? layers.FirstOrDefault();
        return new MailVerdict(decisive?.Result ?? SmimeResult.None, decisive?.Reason ?? end, layers) { Author = context.Author };
    }

    /// <summary>Takes layer after layer off.</summary>
    /// <returns>What is in the innermost.</returns>
    private string Peel(MailMessage message, SignedMessage context, List<SignatureLayer> layers)
    {
        var section = "";
        var layer = ReceivedLayer.Of(message);
        while (true)
        {
            switch (layer)
            {
                case ReceivedLayer.Signed when layers.Count == maxLayers:
                    layers.Add(new SignatureLayer(SmimeResult.Neutral, $"there are more than {maxLayers} layers", section + "1"));
                    return "";
                case ReceivedLayer.Signed signed:
                    layers.Add(signers.Check(signed, context, section + (signed.IsDetached ? "2" : "1")));
                    // Where some readers show another content, what is in this one does not speak for the message.
                    if (signed.IsDetached && signed.SignedData.HasContent || signed.SignedData.Obstacle is not null)
                        return "";
                    // Both a part of a multipart and what a part carries are numbered beneath it.
                    section += "1.";
                    layer = ReceivedLayer.Of(signed.Entity);
                    break;
                case ReceivedLayer.Broken broken:
                    layers.Add(new SignatureLayer(SmimeResult.Neutral, broken.Why, section + "1"));
                    return "";
                // The next layer is opened here, once there are keys for it.
                case ReceivedLayer.Encrypted:
                    // Whoever signs what is encrypted need not know what it says.
                    if (layers.Count > 0)
                        layers[^1] = layers[^1] with { Beside = "what was signed is encrypted" };
                    return "it is encrypted, and what is inside is not known here";
                case ReceivedLayer.Compressed:
                    return "it is compressed, and is not opened";
                case ReceivedLayer.Certificates:
                    return "it carries certificates and no signature";
                default:
                    return "it is not signed";
            }
        }
    }
}

/// <summary>What signatures are held against: who is said to have written a message, and when.</summary>
/// <param name="Authorship">Who is in From.</param>
/// <param name="Sent">What Date says; <see langword="null"/> where it is missing or cannot be read.</param>
internal sealed record SignedMessage(Authorship Authorship, DateTimeOffset? Sent)
{
    /// <summary>Gets the one author; <see langword="null"/> where there are several, or it is not clear who it is.</summary>
    public MailAddress? Author => Authorship is { IsClear: true, AreInGroup: false, Authors: [var only] } ? only : null;
}
