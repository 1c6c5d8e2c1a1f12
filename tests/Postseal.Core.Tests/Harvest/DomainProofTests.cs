using Postseal.Harvest;
using Postseal.Mail;
using Postseal.TestKit;

namespace Postseal.Tests.Harvest;

/// <summary>What is believed of what the filter before us says of a message of alice@example.org, and of what others say in its name.</summary>
public sealed class DomainProofTests
{
    private const string Rest = "Received: from outside by mx.example.net; Sun, 22 Nov 2026 12:00:00 +0000\nFrom: alice@example.org\nSubject: x";
    private const string Pass = "Authentication-Results: mx.example.net; dkim=pass header.d=example.org";
    private const string Fail = "Authentication-Results: mx.example.net; dkim=fail header.d=example.org";

    public static TheoryData<string> Proofs => new()
    {
        $"{Pass}\n{Rest}",
        $"Received: from mx by inner; Sun, 22 Nov 2026 12:00:01 +0000\n{Pass}\n{Rest}",
        $"X-Spam: no\nAuthentication-Results: mx.example.net; spf=fail smtp.mailfrom=x@example.org\n{Pass}\n{Rest}",
        // OpenDKIM, rspamd, Gmail, OpenDMARC as they write.
        $"Authentication-Results: mx.example.net;\r\tdkim=pass (2048-bit key; unprotected) header.d=example.org header.i=@example.org header.a=rsa-sha256 header.s=s1 header.b=\"ab/cd+e=\";\r\tdkim-atps=neutral\n{Rest}",
        $"Authentication-Results: mx.example.net;\r\tdkim=pass header.d=example.org header.s=s1 header.b=Zx/9+aBc;\r\tspf=pass (mx.example.net: domain of a@example.org designates 192.0.2.1 as permitted sender) smtp.mailfrom=SRS0=a=b@example.org;\r\tdmarc=pass (policy=none) header.from=example.org\n{Rest}",
        $"Authentication-Results: mx.example.net; dkim=pass header.i=@example.org header.s=20230601; spf=pass smtp.mailfrom=alice@example.org; dmarc=pass (p=NONE sp=QUARANTINE dis=NONE) header.from=example.org\n{Rest}",
        $"Authentication-Results: mx.example.net; dmarc=pass (p=none dis=none) header.from=example.org\n{Rest}",
        $"Authentication-Results: MX.Example.NET 1; DKIM=Pass header.D=EXAMPLE.ORG\n{Rest}",
        $"Authentication-Results: (of) mx.example.net (this) 1 (host); (first) dkim (x) / (y) 1 (z) = (a) pass (b) header (c) . (d) d (e) = (f) example.org (g)\n{Rest}",
        $"Authentication-Results: \"mx.example.net\"; dkim=pass reason=\"all; is = well\" header.d=example.org;\n{Rest}",
        $"Authentication-Results: mx.example.net; dkim=fail header.d=evil.example; dkim=pass header.d=example.org\n{Rest}",
        $"Authentication-Results: other.example; dkim=fail header.d=example.org\n{Pass}\n{Rest}",
        $"{Pass}\n{Rest}\nAuthentication-Results: other.example; dkim=fail header.d=example.org",
    };

    public static TheoryData<string, string> NoProofs => new()
    {
        { Rest, "no Authentication-Results" },
        { $"Authentication-Results: other.example; dkim=pass header.d=example.org\n{Rest}", "no Authentication-Results" },
        { $"{Fail}\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; none\n{Rest}", "nothing of DKIM" },
        { $"Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=example.org\n{Rest}", "nothing of DKIM" },
        // Another domain: below, beside, above where anybody has some of it, and one that looks like it.
        { $"Authentication-Results: mx.example.net; dkim=pass header.d=evil.example\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dkim=pass header.d=mail.example.org\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dkim=pass header.d=org\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dkim=pass header.d=badexample.org\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dkim=pass header.d=example.org.evil.example\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dkim=pass header.d=\"example.org \"\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dmarc=pass header.from=evil.example\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dmarc=pass header.from=example.org; dmarc=fail header.from=example.org\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dkim=pass header.d=evil.example header.i=@example.org\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dkim=pass header.d=evil.example header.d=example.org\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dkim=pass header.i=example.org@evil.example\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dkim=pass smtp.d=example.org\n{Rest}", "does not say" },
        // What only looks like a result.
        { $"Authentication-Results: mx.example.net; spf=fail (dkim=pass header.d=example.org) smtp.mailfrom=x@evil.example\n{Rest}", "nothing of DKIM" },
        { $"Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=\"; dkim=pass header.d=example.org\"@evil.example\n{Rest}", "nothing of DKIM" },
        { $"Authentication-Results: mx.example.net; spf=fail reason=\"dkim=pass header.d=example.org\"\n{Rest}", "nothing of DKIM" },
        { $"Authentication-Results: mx.example.net; dkim=fail (\\) ; dkim=pass header.d=example.org ) header.d=evil.example\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dkim=passed header.d=example.org\n{Rest}", "does not say" },
        { $"Authentication-Results: mx.example.net; dkim=pass\n{Rest}", "does not say" },
        // What no two readers need take for the same.
        { $"Authentication-Results: mx.example.net; dkim=pass (never ends header.d=example.org\n{Rest}", "without doubt" },
        { $"Authentication-Results: mx.example.net; dkim=pass \"header.d=example.org\n{Rest}", "without doubt" },
        { $"Authentication-Results: mx.example.net; dkim=pass action=none header.d=example.org\n{Rest}", "without doubt" },
        { $"Authentication-Results: mx.example.net dkim=pass header.d=example.org\n{Rest}", "without doubt" },
        { $"Authentication-Results: mx.example.net 2; dkim=pass header.d=example.org\n{Rest}", "without doubt" },
        { $"Authentication-Results: mx.example.net; dkim/2=pass header.d=example.org\n{Rest}", "without doubt" },
        { $"Authentication-Results: mx.example.net; dkim=pass header.d=example.org; =?us-ascii?q?dkim=3Dpass?=\n{Rest}", "without doubt" },
        { $"Authentication-Results: mx.example.net; dkim=pass header.d=ex\u00e4mple.org\n{Rest}", "without doubt" },
        { $"Authentication-Results: mx.example.net; dkim=pass\rheader.d=example.org\n{Rest}", "without doubt" },
        { $"Authentication-Results: =?us-ascii?q?mx=2Eexample=2Enet?=; dkim=pass header.d=example.org\n{Rest}", "without doubt" },
        { $"Authentication-Results: evil.example (mx.example.net); dkim=pass header.d=example.org\n{Rest}", "without doubt" },
        { $"Authentication-Results: evil.example mx.example.net; dkim=pass header.d=example.org\n{Rest}", "without doubt" },
        // A forged field: below a real one, behind a Received, among the fields of the author, and in two places.
        { $"{Fail}\n{Pass}\n{Rest}", "does not say" },
        { $"{Pass}\n{Rest}\n{Pass}", "anybody may have written it" },
        { $"{Pass}\nReceived: from outside by evil.example\n{Fail}\nFrom: alice@example.org", "anybody may have written it" },
        { $"From: alice@example.org\n{Pass}", "anybody may have written it" },
        { $"Subject: x\n{Pass}\nFrom: alice@example.org", "anybody may have written it" },
        { $"DKIM-Signature: v=1; d=example.org\n{Pass}\nFrom: alice@example.org", "anybody may have written it" },
        { $"{Pass}\nReceived: one\nAuthentication-Results : mx.example.net; dkim=fail header.d=example.org\n{Rest}", "anybody may have written it" },
    };

    [Theory]
    [MemberData(nameof(Proofs))]
    public void What_the_filter_before_us_writes_is_believed(string header) => Assert.Null(WhyNone(header));

    [Theory]
    [MemberData(nameof(NoProofs))]
    public void What_anybody_else_may_have_written_is_not(string header, string why) => Assert.Contains(why, WhyNone(header), StringComparison.Ordinal);

    [Theory]
    [InlineData("alice@example.org", "example.org", true)]
    [InlineData("alice@lab.example.org", "example.org", true)] // who has a domain has all below it
    [InlineData("alice@lab.example.org", "lab.example.org", true)]
    [InlineData("alice@lab.example.org", "shop.example.org", false)]
    [InlineData("alice@example.org", "lab.example.org", false)] // that needs to be told where registries end, as dmarc= is
    [InlineData("alice@example.org", "org", false)]
    [InlineData("alice@bücher.example", "xn--bcher-kva.example", true)]
    [InlineData("alice@example.org", ".org", false)]
    [InlineData("alice@example.org", "example.org.", false)]
    public void A_domain_speaks_for_itself_and_what_is_below_it(string author, string domain, bool speaks) =>
        Assert.Equal(
            speaks,
            DomainProof.WhyNone([new HeaderField("Authentication-Results", $" mx.example.net; dkim=pass header.d={domain}")], TestMail.Address(author), "mx.example.net") is null);

    [Fact]
    public void Nothing_is_believed_where_nobody_is_named() =>
        Assert.Contains("DkimFrom", DomainProof.WhyNone([], TestMail.Address("alice@example.org"), null), StringComparison.Ordinal);

    private static string? WhyNone(string header) => DomainProof.WhyNone(
        [.. header.Split('\n').Select(Field)], TestMail.Address("alice@example.org"), "mx.example.net");

    private static HeaderField Field(string line)
    {
        // A fold has its line end within the field.
        var text = line.Replace("\r\t", "\r\n\t", StringComparison.Ordinal);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return new HeaderField(text[..colon], text[(colon + 1)..]);
    }
}
