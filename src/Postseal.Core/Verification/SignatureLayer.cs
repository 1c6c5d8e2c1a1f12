using Postseal.Certificates;
using Postseal.Cms.Signed;

namespace Postseal.Verification;

/// <summary>One signature around a message: one SignedData, with as many signers as made it.</summary>
public sealed record SignatureLayer
{
    internal SignatureLayer(SmimeResult result, string reason, string part) => (Result, Reason, Part) = (result, reason, part);

    /// <summary>Gets the result: the worst of its signers'.</summary>
    public SmimeResult Result { get; }

    /// <summary>Gets why, for people.</summary>
    public string Reason { get; }

    /// <summary>Gets the section of the part with the signature, as IMAP counts them (RFC 3501 section 6.4.5).</summary>
    public string Part { get; }

    /// <summary>Gets its signers.</summary>
    public IReadOnlyList<SignerVerdict> Signers { get; internal init; } = [];

    /// <summary>Gets what stands beside what was signed, and nobody signed; <see langword="null"/> where nothing does.</summary>
    public string? Beside { get; internal init; }

    /// <summary>Gets the signature itself; <see langword="null"/> where it could not be read.</summary>
    internal ReceivedSignedData? SignedData { get; init; }

    /// <summary>Gets the certificates that came with it, which the sender chose freely.</summary>
    internal IReadOnlyList<ReceivedCertificate> Bag { get; init; } = [];

    /// <summary>Gets whether the content is what each of them signed.</summary>
    public bool IsVerified => Signers.Count > 0 && Signers.All(signer => signer.IsVerified);

    /// <summary>Gets whether a trust anchor stands behind each of them.</summary>
    public bool IsTrusted => Signers.Count > 0 && Signers.All(signer => signer.IsTrusted);

    /// <summary>Gets whether each of them is the author of the message.</summary>
    public bool IsByAuthor => Signers.Count > 0 && Signers.All(signer => signer.IsAuthor);

    /// <summary>Returns it as what it is where what it is over was opened: whoever signs what is encrypted need not know what it says, and
    /// may have it from somebody else.</summary>
    internal SignatureLayer AroundWhatWasOpened() => Result != SmimeResult.Pass
        ? this
        : new(SmimeResult.Policy, "what was signed is encrypted, and whoever signed it need not know what it says", Part)
        {
            Signers = Signers,
            SignedData = SignedData,
            Bag = Bag,
        };
}
