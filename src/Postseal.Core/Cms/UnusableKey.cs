namespace Postseal.Cms;

/// <summary>A public key with which nothing is verified.</summary>
/// <param name="name">What it is, for people.</param>
/// <param name="why">Why, as the end of a sentence that begins with the certificate.</param>
internal sealed class UnusableKey(string name, string why) : VerificationKey(name)
{
    /// <inheritdoc/>
    public override string WhyUnusable => why;

    /// <inheritdoc/>
    public override bool Takes(SignatureMethod method) => false;
}
