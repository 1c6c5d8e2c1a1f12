namespace Postseal.Certificates.Fetching;

/// <summary>Shows an address to people: whoever made the certificate chose it, and verdicts go into header fields.</summary>
internal static class UrlText
{
    private const int MaxLength = 120;

    /// <summary>Returns the address, cut where it is longer than any that is meant to be read.</summary>
    public static string Of(Uri url) => url.AbsoluteUri is { Length: > MaxLength } text ? text[..MaxLength] + "..." : url.AbsoluteUri;
}
