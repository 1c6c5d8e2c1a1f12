namespace Postseal.Cms.Signed;

/// <summary>What became of the attempt to verify a signature, the best first.</summary>
internal enum FindingKind
{
    /// <summary>It fits.</summary>
    Good,

    /// <summary>It fits, but is made with an algorithm with which it proves little.</summary>
    Weak,

    /// <summary>It does not fit: the content, the attributes or the certificate is another one than was signed.</summary>
    Bad,

    /// <summary>Its algorithm is unknown here.</summary>
    Unsupported,

    /// <summary>It is not what it should be, and must not be believed whether it fits or not.</summary>
    Malformed,
}

/// <summary>The outcome of verifying one signature, with the certificate's key alone: nothing is said of whose key it is.</summary>
/// <param name="Kind">The outcome.</param>
/// <param name="Why">Why it is not good, as the end of a sentence that begins with the signature; empty where it is.</param>
internal sealed record SignatureFinding(FindingKind Kind, string Why)
{
    /// <summary>Gets that of a signature that fits.</summary>
    public static SignatureFinding Good { get; } = new(FindingKind.Good, "");

    /// <summary>Returns that of one that does not fit.</summary>
    public static SignatureFinding Bad(string why) => new(FindingKind.Bad, why);

    /// <summary>Returns that of one that fits and proves little.</summary>
    public static SignatureFinding Weak(string why) => new(FindingKind.Weak, why);

    /// <summary>Returns that of one that cannot be verified here.</summary>
    public static SignatureFinding Unsupported(string why) => new(FindingKind.Unsupported, why);

    /// <summary>Returns that of one that must not be believed.</summary>
    public static SignatureFinding Malformed(string why) => new(FindingKind.Malformed, why);
}
