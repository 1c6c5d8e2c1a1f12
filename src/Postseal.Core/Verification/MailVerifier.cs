using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Mime;
using Postseal.Policy;

namespace Postseal.Verification;

/// <summary>
/// Verifies whatever signatures are around a message, from the outside in: a list may have signed what its author signed before,
/// and triple wrapping (RFC 2634 section 1.1) has several. Opens encryptions on the way if there are keys for them. Only the root of the
/// message counts, and the root of what was signed or encrypted; parts inside and attached messages are not the message.
/// </summary>
/// <param name="signers">Judges each signer.</param>
/// <param name="maxLayers">How many layers are looked into.</param>
/// <param name="rules">What is opened.</param>
internal sealed class MailVerifier(SignerCheck signers, int maxLayers, OpeningRules rules = default)
{
    /// <summary>Verifies a message. Nothing is waited for: what would have to be fetched is not known yet.</summary>
    public MailVerdict Verify(MailMessage message) => Read(message).Verdict;

    /// <summary>Verifies a message, and opens nothing.</summary>
    public MailReading Read(MailMessage message)
    {
        var (context, peeling) = Begin(message);
        return Result(context, peeling, [], [], new CannotDecrypt("no key was asked for", DecryptionFailure.NoKey));
    }

    /// <summary>Verifies a message, and opens it as far as there are keys.</summary>
    /// <param name="message">The message.</param>
    /// <param name="keys">Finds the keys that may open a layer: those of the message's recipient alone.</param>
    /// <param name="cancellationToken">Gives up waiting for keys that are elsewhere.</param>
    public async ValueTask<MailReading> OpenAsync(MailMessage message, KeysFor keys, CancellationToken cancellationToken)
    {
        var (context, peeling) = Begin(message);
        var (contents, layers) = (new List<DecryptedContent>(), new List<EncryptionLayer>());
        try
        {
            CannotDecrypt? problem = null;
            while (problem is null && peeling.Encrypted is { Envelope: var envelope })
            {
                var part = peeling.Part;
                var decryption = peeling.IsAtLimit
                    ? new CannotDecrypt($"there are more than {maxLayers} layers ([Incoming] MaxLayers)", DecryptionFailure.Failed)
                    : await DecryptAsync(envelope, keys, cancellationToken).ConfigureAwait(false);
                if (decryption is DecryptedContent content)
                {
                    contents.Add(content);
                    var before = peeling.Signatures.Count;
                    peeling.Enter(new(content.Content));
                    if (IntegrityOf(content, peeling.Signatures.ElementAtOrDefault(before), out var why) is { } integrity)
                    {
                        layers.Add(new EncryptionLayer(part)
                        {
                            Content = content.Algorithm.Name,
                            Integrity = integrity,
                            Certificate = content.Key.Certificate,
                        });
                        continue;
                    }

                    peeling.Forget(before);
                    contents.Remove(content);
                    content.Dispose();
                    decryption = new CannotDecrypt(why, DecryptionFailure.Failed);
                }

                problem = (CannotDecrypt)decryption;
                layers.Add(new EncryptionLayer(part) { Content = envelope.Algorithm?.Name, Reason = problem.Reason });
            }

            return Result(context, peeling, contents, layers, problem);
        }
        catch
        {
            contents.ForEach(content => content.Dispose());
            throw;
        }
    }

    private (SignedMessage Context, LayerPeeling Peeling) Begin(MailMessage message)
    {
        var context = new SignedMessage(Authorship.Of(message.Headers), SentDate.Of(message.Headers));
        return (context, new LayerPeeling(signers, maxLayers, context, message));
    }

    private async ValueTask<Decryption> DecryptAsync(ReceivedEnvelope envelope, KeysFor keys, CancellationToken cancellationToken)
    {
        // What nobody could open shows without a key, and before any is looked for: nothing depends on which are here.
        var withoutKeys = await envelope.DecryptAsync([], rules.TripleDes, cancellationToken).ConfigureAwait(false);
        return withoutKeys is CannotDecrypt { Kind: DecryptionFailure.NobodyCould }
            ? withoutKeys
            : await envelope.DecryptAsync(
                await keys(envelope, cancellationToken).ConfigureAwait(false), rules.TripleDes, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Determines what shows that nobody changed some content; <see langword="null"/> if it must not be released, as an attacker may
    /// have pieced it together so that the reader's program sends him the text (Efail).</summary>
    private ContentIntegrity? IntegrityOf(DecryptedContent content, PeeledSignature? signature, out string why)
    {
        why = "";
        if (content.ContentType != Oids.Data)
            why = "what is encrypted in it is no mail";
        else if (content.Algorithm.IsAuthenticated)
            return ContentIntegrity.Aead;
        else if (signature is { ProvesContent: true })
            return ContentIntegrity.Signature;
        else if (rules.KeepsUnauthenticated)
            why = $"{content.Algorithm.Name} notices no changes, and it is not signed ([Incoming] Unauthenticated = Keep)";
        // Anybody can choose all of a message of one block, by its initialization vector, and learn of byte after byte whether it is well
        // padded, where a bounce tells whether it was opened (Vaudenay, EUROCRYPT 2002). This field does not fit into a block.
        else if (BodyPart.Parse(new(content.Content)).Type is null)
            why = $"{content.Algorithm.Name} notices no changes, it is not signed, and what is inside does not begin with a Content-Type";
        else if (CleanMime.FindProblem(new(content.Content)) is { } problem)
            why = $"{content.Algorithm.Name} notices no changes, it is not signed, and what is inside is no clean MIME: {problem}";
        else
            return ContentIntegrity.None;
        return null;
    }

    private static MailReading Result(
        SignedMessage context, LayerPeeling peeling, List<DecryptedContent> contents, List<EncryptionLayer> layers, CannotDecrypt? problem)
    {
        var signatures = peeling.Signatures;
        if (layers.Count == 0 && peeling.Encrypted is { } closed)
            layers.Add(new EncryptionLayer(peeling.Part) { Content = closed.Envelope.Algorithm?.Name, Reason = problem?.Reason });
        // A signature around an encryption does not cover the content; those inside do.
        var opened = layers.FindLast(layer => layer.Integrity is not null)?.Part;
        PeeledSignature[] inside = opened is null
            ? []
            : [.. signatures.Where(signature => signature.Layer.Part.StartsWith(opened + "/", StringComparison.Ordinal))];
        if (opened is not null && !inside.Any(signature => signature.Layer.Result == SmimeResult.Pass))
        {
            signatures =
            [
                .. signatures.Select(
                    signature => inside.Contains(signature) ? signature : signature with { Layer = signature.Layer.AroundWhatWasOpened() }),
            ];
        }

        IReadOnlyList<PeeledSignature> deciding = inside.Length > 0 ? inside : signatures;
        var decisive = deciding.FirstOrDefault(signature => signature.Layer.Result == SmimeResult.Pass)
            ?? (deciding is [var outermost, ..] ? outermost : null);
        var verdict = new MailVerdict([.. signatures.Select(signature => signature.Layer)], decisive?.Layer, peeling.End) { Author = context.Author };
        return new MailReading(verdict, contents)
        {
            Encryption = layers,
            SignaturesInside = inside,
            Closed = peeling.Encrypted?.Envelope,
            Problem = layers.Exists(layer => layer.Integrity is null) ? problem : null,
        };
    }
}

/// <summary>Finds the keys that may open an encryption.</summary>
/// <param name="envelope">The encryption, which names the certificates that it is for.</param>
/// <param name="cancellationToken">Gives up waiting.</param>
internal delegate ValueTask<IReadOnlyList<DecryptionKey>> KeysFor(ReceivedEnvelope envelope, CancellationToken cancellationToken);

/// <summary>What is opened.</summary>
/// <param name="TripleDes">Whether mail encrypted with Triple DES is.</param>
/// <param name="KeepsUnauthenticated">Whether content stays encrypted if nothing would show a change in it.</param>
internal readonly record struct OpeningRules(bool TripleDes, bool KeepsUnauthenticated);

/// <summary>What signatures are held against: who is said to have written a message, and when.</summary>
/// <param name="Authorship">Who is in From.</param>
/// <param name="Sent">What Date says; <see langword="null"/> where it is missing or cannot be read.</param>
internal sealed record SignedMessage(Authorship Authorship, DateTimeOffset? Sent)
{
    /// <summary>Gets the one author; <see langword="null"/> where there are several, or it is not clear who it is.</summary>
    public MailAddress? Author => Authorship is { IsClear: true, AreInGroup: false, Authors: [var only] } ? only : null;
}
