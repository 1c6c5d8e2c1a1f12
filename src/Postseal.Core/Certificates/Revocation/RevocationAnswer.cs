namespace Postseal.Certificates.Revocation;

/// <summary>What is known of whether a certificate was taken back: one of those below.</summary>
internal abstract record RevocationAnswer
{
    private RevocationAnswer()
    {
    }

    /// <summary>Its CA says that it is not revoked.</summary>
    /// <param name="Evidence">Who said so, for people: <c>CRL of 2026-11-27</c>.</param>
    /// <param name="Until">When that is to be asked again.</param>
    public sealed record Good(string Evidence, DateTimeOffset Until) : RevocationAnswer;

    /// <summary>It is revoked, or suspended.</summary>
    /// <param name="Since">Since when.</param>
    /// <param name="Why">The reason that its CA gives (RFC 5280 section 5.3.1), for people.</param>
    public sealed record Revoked(DateTimeOffset Since, string Why) : RevocationAnswer;

    /// <summary>Nobody can say now.</summary>
    /// <param name="Why">Why not, for people.</param>
    public sealed record Unknown(string Why) : RevocationAnswer;

    /// <summary>Nobody asked, as the settings want it.</summary>
    public sealed record NotAsked : RevocationAnswer;
}
