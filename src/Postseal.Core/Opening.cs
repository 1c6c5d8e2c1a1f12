using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Verification;

namespace Postseal;

/// <summary>What became of opening a message.</summary>
/// <param name="Reading">What was found in it.</param>
/// <param name="Message">What is delivered: the message as it came, or what was made of it.</param>
internal sealed record Opening(MailReading Reading, MailMessage Message)
{
    /// <summary>Gets why it was not opened; <see langword="null"/> if it was, or if there was nothing to open.</summary>
    public CannotDecrypt? Problem { get; private init; }

    /// <summary>Gets whether it was opened.</summary>
    public bool IsOpened { get; private init; }

    /// <summary>Gets whether each of its recipients is to be handled separately.</summary>
    public bool NeedsSplit { get; private init; }

    /// <summary>Gets the field that says what was done to it; <see langword="null"/> if it came unencrypted.</summary>
    public HeaderField? Mark { get; private init; }

    /// <summary>Gets what was done to it after it was opened.</summary>
    public Fact? Fact { get; private init; }

    /// <summary>Gets how many of the signatures inside, the innermost ones, are delivered with it.</summary>
    private int Signatures { get; init; }

    /// <summary>Returns what became of a message that was opened.</summary>
    /// <param name="reading">What was found in it.</param>
    /// <param name="message">What is delivered.</param>
    /// <param name="signatures">How many of the signatures inside, the innermost ones, are delivered with it.</param>
    public static Opening Of(MailReading reading, MailMessage message, int signatures) =>
        new(reading, message) { IsOpened = true, Mark = OpeningField.Opened(reading), Signatures = signatures };

    /// <summary>Returns what became of a message that stays as it is.</summary>
    public static Opening Failed(MailReading reading, MailMessage message, CannotDecrypt problem) =>
        new(reading, message) { Mark = OpeningField.Closed, Problem = problem };

    /// <summary>Returns what becomes of a message to several recipients, who need not have the same keys.</summary>
    /// <param name="canSplit">Whether the door can have each recipient handled separately.</param>
    public Opening ForEachRecipient(bool canSplit) => this with
    {
        NeedsSplit = canSplit,
        Problem = new CannotDecrypt("it has several recipients, and keys are used for one alone: see [Splitting] Method", DecryptionFailure.NoKey),
    };

    /// <summary>Returns what becomes of a message of which something inside would get back to the sender.</summary>
    /// <param name="why">How, as a clause.</param>
    public Opening Withheld(string why) => this with { Problem = new CannotDecrypt(why, DecryptionFailure.Failed) };

    /// <summary>Returns what becomes of an opened message that is not delivered in clear.</summary>
    public Opening DeliveredAs(ReaderEncryption.Result result) => this with
    {
        Message = result.Message,
        Fact = result.Fact,
        Mark = OpeningField.Opened(Reading, result.Name),
        Signatures = 0,
    };

    /// <summary>Finds the section of the delivered message that has a signature; <see langword="null"/> if the signature is not
    /// delivered.</summary>
    public string? PartOf(SignatureLayer layer)
    {
        if (!IsOpened)
            return layer.Part;
        var inside = Reading.SignaturesInside;
        var index = inside.ToList().FindIndex(signature => ReferenceEquals(signature.Layer, layer));
        if (index < inside.Count - Signatures)
            return null;
        // Sections are counted from the outermost signature that is still there.
        var first = inside[^Signatures].Layer.Part;
        return layer.Part[(first.LastIndexOfAny(['/', '.']) + 1)..];
    }
}
