using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;

namespace Postseal.Pkcs11.Listing;

/// <summary>What <c>postseal check</c> says of the tokens.</summary>
internal static class TokenReport
{
    public static SourceReport Of(string source, string library, TokenList list, DateTimeOffset now)
    {
        var found = list.Tokens.Select(token => token.Content is { } content && token.Problem is null
            ? $"{token.Info.Name} ({token.Info.Name.Manufacturer} {token.Info.Name.Model}, serial number {token.Info.Name.Serial}), "
                + $"{(token.Info.NeedsLogin ? "logged in" : "needs no login")}, {Of(content, now)}"
            : $"{token.Info.Name}, which cannot be used now");
        return new SourceReport(source, list.Tokens.Count == 0 ? library : string.Join("; ", found), list.Problem ?? list.Tokens
            .Where(token => token.Problem is not null).Select(token => $"{token.Info.Name} {token.Problem}").FirstOrDefault())
        {
            Warnings = [.. list.Tokens.SelectMany(token => (token.Content?.Findings ?? []).Select(finding => $"{token.Info.Name}: {finding}"))],
        };
    }

    private static string Of(TokenContent content, DateTimeOffset now) => content.Entries.Count == 0
        ? "no certificate with a key"
        : string.Join(", ", content.Entries.Select(entry => Of(entry.Certificate, now)));

    private static string Of(MailCertificate certificate, DateTimeOffset now)
    {
        var whose = certificate.Addresses.Count > 0
            ? string.Join(" and ", certificate.Addresses)
            : certificate.Certificate.GetNameInfo(X509NameType.SimpleName, false);
        var days = Math.Floor((certificate.Certificate.NotAfter.ToUniversalTime() - now.UtcDateTime).TotalDays);
        var left = days < 0 ? "expired" : string.Create(CultureInfo.InvariantCulture, $"{days} days left");
        return $"{whose} ({KeyNames.Of(certificate.Certificate)}, {left})";
    }
}
