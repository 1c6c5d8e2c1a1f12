using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>The addresses that an MTA may make of one that routes by itself: <c>user%host@relay</c>, <c>host!user@relay</c> and
/// <c>"user@host"@relay</c> are <c>user@host</c> to it (RFC 5321 appendix F.2; Postfix's allow_percent_hack and swap_bangpath).</summary>
internal static class RewrittenAddresses
{
    /// <summary>Lists them; for nearly every address none.</summary>
    public static IEnumerable<MailAddress> Of(MailAddress address)
    {
        var local = address.LocalPart;
        for (var i = 0; i < local.Length; i++)
        {
            var (user, host) = local[i] switch
            {
                '%' or '@' => (local[..i], UpTo(local[(i + 1)..])),
                '!' => (local[(i + 1)..], local[(local.AsSpan(0, i).LastIndexOf('!') + 1)..i]),
                _ => ("", ""),
            };
            if (user.Length > 0 && MailAddress.TryParse("user@" + host, out var there))
                yield return new MailAddress(user, there.Domain);
        }
    }

    /// <summary>Determines whether what is no address may be one to an MTA, of another host than this: it takes dots at the ends and
    /// in a row, routes before the address, and bang paths.</summary>
    public static bool MayBeElsewhere(string text) => text.AsSpan().ContainsAny('@', '%', '!');

    private static string UpTo(string hosts) => hosts.AsSpan().IndexOfAny('%', '@') is >= 0 and var end ? hosts[..end] : hosts;
}
