using System.Net;

namespace Postseal.Http;

/// <summary>What is refused before any name is looked up.</summary>
internal static class UrlRules
{
    private const int MaxLength = 2_048;

    /// <summary>Names that are never of the Internet (RFC 6761, RFC 6762, RFC 8375, and what private networks use).</summary>
    private static readonly string[] InsideDomains = ["localhost", "local", "internal", "intranet", "lan", "home.arpa", "corp", "home"];

    /// <summary>Checks an address; <see langword="null"/> when it may be fetched from, else the end of a sentence.</summary>
    /// <param name="url">The address.</param>
    /// <param name="isAllowed">Tells of an address in digits whether it is one of the Internet.</param>
    /// <param name="isByProxy">Whether a proxy looks up the names.</param>
    public static string? Check(Uri url, Func<IPAddress, bool> isAllowed, bool isByProxy)
    {
        if (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https"))
            return "is not http or https";
        if (url.UserInfo.Length > 0 || url.AbsoluteUri.Length > MaxLength)
            return "has a password in it or is too long";
        // Other services listen at the ports below, and some can be made to do something by a request that is not for them.
        if (url.Port is not (80 or 443 or > 1023))
            return $"has the port {url.Port}";
        var host = url.IdnHost.TrimEnd('.');
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address))
            return isAllowed(address) ? null : "is no address of the Internet";
        return isByProxy && IsInside(host) ? "is a name of no server of the Internet" : null;
    }

    private static bool IsInside(string host) =>
        !host.Contains('.') || InsideDomains.Any(domain => host.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase));
}
