using System.Text;
using Postseal.TestKit;
using Postseal.Verification;
using static Postseal.TestKit.LetterRoom;

namespace Postseal.Tests.Verification;

/// <summary>
/// Whole letters, honest and forged. The classes of forgery are those of "Johnny, you are fired" (USENIX Security 2019, section 4): CMS,
/// MIME wrapping and the author's identity.
/// </summary>
public sealed class AttackTests(LetterRoom room) : IClassFixture<LetterRoom>
{
    private const string Alice = "Alice <alice@example.org>";
    private const string Mallory = "Mallory <mallory@evil.example>";

    private static readonly byte[] Honest = SignedLetter.Text;
    private static readonly byte[] Forged = Encoding.ASCII.GetBytes("Content-Type: text/plain\r\n\r\nPay Mallory 1000.\r\n");

    public static IEnumerable<TheoryDataRow<Attack>> Passing => Rows(
        new("detached", SmimeResult.Pass, room => Letter(Alice, By(room.Alice).Detached(Honest))),
        new("opaque", SmimeResult.Pass, room => Letter(Alice, By(room.Alice).Opaque(Honest))),
        new("by two certificates of hers", SmimeResult.Pass, room => Letter(Alice, By(room.Alice, room.Alice).Detached(Honest))),
        new("signed, and signed again", SmimeResult.Pass, room =>
            Letter(Alice, By(room.Alice).Detached(Inner(room.Alice).Opaque(Honest)))),
        new("wrapped three times without the encryption between", SmimeResult.Pass, room =>
            Letter(Alice, By(room.Alice).Opaque(Inner(room.Alice).Detached(By(room.Alice).Opaque(Honest))))),
        new("with strangers' certificates", SmimeResult.Pass, room =>
            Letter(Alice, (By(room.Alice) with { Beside = [room.Eve.Certificate, room.Mallory.Certificate] }).Opaque(Honest))));

    public static IEnumerable<TheoryDataRow<Attack>> Failing => Rows(
        // c1: the signature has a content of its own
        new("c1 another content in a detached signature", SmimeResult.Fail, room =>
            Letter(Alice, By(room.Alice).Detached(Forged, By(room.Alice).Sign(Honest, isDetached: false)))),
        new("c1 the same content in a detached signature", SmimeResult.Fail, room =>
            Letter(Alice, By(room.Alice).Detached(Honest, By(room.Alice).Sign(Honest, isDetached: false)))),
        new("c1 around what Alice did sign", SmimeResult.Fail, room => Letter(
            Alice, Outer(room.Mallory).Detached(By(room.Alice).Detached(Honest), By(room.Mallory).Sign(Forged, isDetached: false)))),
        new("c1 without signers around what Alice did sign", SmimeResult.Fail, room => Letter(
            Alice, Outer(room.Mallory).Detached(
                By(room.Alice).Detached(Honest), (By(room.Mallory) with { IsSigned = false }).Sign(Forged, isDetached: false)))),

        // c2: several signers
        new("c2 Alice and Mallory", SmimeResult.Policy, room => Letter(Alice, By(room.Alice, room.Mallory).Detached(Honest))),
        new("c2 Mallory and Alice", SmimeResult.Policy, room => Letter(Alice, By(room.Mallory, room.Alice).Opaque(Honest))),
        new("c2 Alice and nobody trusted", SmimeResult.Policy, room => Letter(Alice, By(room.Alice, room.Eve).Detached(Honest))),
        new("c2 Alice and a broken signature", SmimeResult.Fail, room =>
            Letter(Alice, By(room.Alice).Detached(Honest, LastByteChanged(By(room.Alice, room.Mallory).Sign(Honest, isDetached: true))))),

        // c3: no signers
        new("c3 nobody, detached", SmimeResult.Neutral, room => Letter(Alice, (By(room.Alice) with { IsSigned = false }).Detached(Forged))),
        new("c3 nobody, opaque", SmimeResult.Neutral, room => Letter(Alice, (By(room.Alice) with { IsSigned = false }).Opaque(Forged))),
        new("c3 certificates", SmimeResult.None, room => Letter(Alice, By(room.Alice).CertificatesOnly())),

        // c4: nobody trusted
        new("c4 a CA of strangers", SmimeResult.Policy, room => Letter(Alice, By(room.Eve).Detached(Forged))),
        new("c4 a clone of the certificate", SmimeResult.Policy, room => Letter(Alice, By(room.Clone).Opaque(Forged))),
        new("c4 a clone beside the certificate", SmimeResult.Policy, room =>
            Letter(Alice, (By(room.Clone) with { Beside = [room.Alice.Certificate, .. room.Alice.Chain] }).Detached(Forged))),
        new("c4 without the certificate", SmimeResult.PermError, room =>
            Letter(Alice, (By(room.Alice) with { CarriesCertificates = false }).Detached(Honest))),
        new("c4 with another's certificate", SmimeResult.PermError, room => Letter(
            Alice, (By(room.Alice) with { CarriesCertificates = false, Beside = [room.Mallory.Certificate] }).Detached(Honest))),

        // m: what is signed is one part of many
        new("m1 under a text", SmimeResult.None, room =>
            Letter(Alice, SignedLetter.Multipart("mixed", Forged, By(room.Alice).Detached(Honest)))),
        new("m1 above a text", SmimeResult.None, room =>
            Letter(Alice, SignedLetter.Multipart("mixed", By(room.Alice).Opaque(Honest), Forged))),
        new("m2 related to a page", SmimeResult.None, room =>
            Letter(Alice, SignedLetter.Multipart("related", Forged, By(room.Alice).Detached(Honest)))),
        new("m2 the alternative of a text", SmimeResult.None, room =>
            Letter(Alice, SignedLetter.Multipart("alternative", By(room.Alice).Detached(Honest), Forged))),
        new("m3 attached", SmimeResult.None, room => Letter(
            Alice, SignedLetter.Multipart("mixed", Forged, SignedLetter.Attached(Letter(Alice, By(room.Alice).Detached(Honest)))))),
        new("m3 forwarded whole", SmimeResult.None, room =>
            Letter(Alice, SignedLetter.Attached(Letter(Alice, By(room.Alice).Detached(Honest))))),
        new("m4 inside of what Mallory signed", SmimeResult.Policy, room =>
            Letter(Alice, Outer(room.Mallory).Detached(SignedLetter.Multipart("mixed", Forged, By(room.Alice).Detached(Honest))))),
        new("m4 attached to what Mallory signed", SmimeResult.Policy, room => Letter(
            Alice, Outer(room.Mallory).Opaque(SignedLetter.Attached(Letter(Alice, By(room.Alice).Detached(Honest)))))),
        new("m4 a third part", SmimeResult.Neutral, room =>
            Letter(Alice, Changed(By(room.Alice).Detached(Honest), "------=_signed--", "------=_signed\r\n\r\nPay Mallory\r\n------=_signed--"))),
        new("m4 a part before it", SmimeResult.Neutral, room => Letter(
            Alice, Changed(By(room.Alice).Detached(Honest), "\"\r\n\r\n--", "\"\r\n\r\n------=_signed\r\n\r\nPay Mallory\r\n--"))),
        new("m4 two types", SmimeResult.Neutral, room => Letter(
            By(room.Alice).Detached(Honest), $"From: {Alice}\r\nContent-Type: multipart/mixed; boundary=\"x\"")),

        // m: a layer of nobody's around what Alice signed, whose header some readers read as that of a page
        new("m5 a bare CR in a header inside", SmimeResult.Neutral, room =>
            Letter(Alice, Hollow(room).Opaque(Page("X-A: b\rContent-Type: text/html\r\n", By(room.Alice).Detached(Honest))))),
        new("m5 a bare LF in a header inside", SmimeResult.Neutral, room =>
            Letter(Alice, Hollow(room).Opaque(Page("X-A: b\n", By(room.Alice).Detached(Honest))))),
        new("m5 a header inside that ends with junk", SmimeResult.Neutral, room => Letter(
            Alice, Hollow(room).Detached(Changed(By(room.Alice).Detached(Honest), "\"\r\n\r\n--", "\"\r\njunk\r\nContent-Type: text/html\r\n\r\n<p>Pay Mallory\r\n--")))),
        new("m5 a NUL in a header inside", SmimeResult.Neutral, room =>
            Letter(Alice, Hollow(room).Opaque(Page("X-A: b\0\r\n", By(room.Alice).Detached(Honest))))),

        // i: who is the author
        new("i1 the name is an address", SmimeResult.Policy, room =>
            Letter("\"alice@example.org\" <mallory@evil.example>", By(room.Mallory).Detached(Forged))),
        new("i1 two addresses", SmimeResult.Policy, room => Letter($"{Alice}, {Mallory}", By(room.Mallory).Detached(Forged))),
        new("i1 two fields", SmimeResult.Policy, room => Letter(By(room.Mallory).Detached(Forged), $"From: {Mallory}\r\nFrom: {Alice}")),
        new("i1 two fields, the other way", SmimeResult.Policy, room => Letter(By(room.Mallory).Detached(Forged), $"From: {Alice}\r\nFrom: {Mallory}")),
        new("i1 nobody", SmimeResult.Policy, room => Letter(By(room.Alice).Detached(Honest), "Reply-To: x@example.org")),
        new("i1 a group", SmimeResult.Policy, room => Letter($"team: {Alice}, {Mallory};", By(room.Mallory).Detached(Forged))),
        new("i2 Sender is another", SmimeResult.Policy, room =>
            Letter(By(room.Mallory).Detached(Forged), $"From: {Alice}\r\nSender: {Mallory}")),
        new("i3 Mallory for Alice", SmimeResult.Policy, room => Letter(Alice, By(room.Mallory).Detached(Forged))),
        new("i3 Alice for Mallory", SmimeResult.Policy, room => Letter(Mallory, By(room.Alice).Detached(Honest))),
        new("i3 an address in another case of another domain", SmimeResult.Policy, room =>
            Letter("alice@EXAMPLE.org.evil.example", By(room.Alice).Detached(Honest))),

        // what was changed, and when it was signed
        new("another text", SmimeResult.Fail, room => Letter(Alice, Changed(By(room.Alice).Detached(Honest), "Bob 10", "Bob 99"))),
        new("another type", SmimeResult.Fail, room => Letter(Alice, Changed(By(room.Alice).Detached(Honest), "us-ascii", "utf-7"))),
        new("a space at the end of a line", SmimeResult.Fail, room => Letter(Alice, Changed(By(room.Alice).Detached(Honest), "10.\r\n", "10. \r\n"))),
        new("another signature", SmimeResult.Fail, room =>
            Letter(Alice, By(room.Alice).Detached(Forged, By(room.Alice).Sign(Honest, isDetached: true)))),
        new("a broken signature", SmimeResult.Fail, room =>
            Letter(Alice, By(room.Alice).Detached(Honest, LastByteChanged(By(room.Alice).Sign(Honest, isDetached: true))))),
        new("signed days ago", SmimeResult.Policy, room => Letter(Alice, (By(room.Alice) with { Time = Noon.AddDays(-3) }).Detached(Honest))),
        new("signed tomorrow", SmimeResult.Policy, room => Letter(Alice, (By(room.Alice) with { Time = Noon.AddDays(1) }).Detached(Honest))),
        new("with SHA-1", SmimeResult.Policy, room => Letter(Alice, (By(room.Alice) with { Digest = new("1.3.14.3.2.26") }).Detached(Honest))),
        new("five layers of a list", SmimeResult.Policy, room => Letter(
            Alice, By(room.List).Opaque(By(room.List).Opaque(By(room.List).Opaque(By(room.List).Opaque(By(room.Alice).Opaque(Honest))))))));

    [Theory]
    [MemberData(nameof(Passing), DisableDiscoveryEnumeration = true)]
    public void What_its_author_signed_passes_and_openssl_agrees(Attack attack)
    {
        var letter = attack.Make(room);

        var verdict = room.Verify(letter);

        Assert.Equal(SmimeResult.Pass, verdict.Result);
        Assert.EndsWith("trusted", verdict.Reason, StringComparison.Ordinal);
        Assert.True(verdict is { IsVerified: true, IsTrusted: true, IsByAuthor: true });
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not installed");
        var (verified, _, errors) = OpenSsl.Verify(letter, room.Folder.Ca.Root, Noon);
        Assert.True(verified, errors);
    }

    [Theory]
    [MemberData(nameof(Failing), DisableDiscoveryEnumeration = true)]
    public void What_may_be_a_forgery_never_passes(Attack attack)
    {
        var verdict = room.Verify(attack.Make(room));

        Assert.Equal(attack.Expected, verdict.Result);
        Assert.False(verdict is { IsVerified: true, IsTrusted: true, IsByAuthor: true } && attack.Expected is not SmimeResult.Policy);
        Assert.DoesNotContain("smime=pass", VerdictField.Write(verdict, "mx.example.net").ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_list_that_signs_around_the_author_lets_him_pass()
    {
        var verdict = room.Verify(Letter(Alice, Outer(room.List).Detached(By(room.Alice).Detached(Honest))));

        Assert.Equal([SmimeResult.Policy, SmimeResult.Pass], verdict.Layers.Select(layer => layer.Result));
        Assert.Equal((SmimeResult.Pass, "1.2"), (verdict.Result, verdict.Decisive?.Part));
    }

    // openssl tries the first certificate of that issuer and serial number, and no other.
    [Fact]
    public void A_clone_of_the_certificate_does_not_hide_it()
    {
        var verdict = room.Verify(Letter(Alice, (By(room.Alice) with { Beside = [room.Clone.Certificate] }).Detached(Honest)));

        Assert.Equal(SmimeResult.Pass, verdict.Result);
        Assert.Equal(room.Alice.Certificate, verdict.Decisive!.Signers[0].Certificate);
    }

    [Theory]
    [InlineData("a@b.example")] // shorter, and so before it in a SET OF
    [InlineData("somebody.with.a.very.long.name.indeed.and.more.of.it.still@a.very.long.name.of.a.host.in.some.domain.of.example.com")]
    public void A_certificate_with_the_key_of_the_signers_that_nobody_issued_does_not_hide_it(string address)
    {
        using var copy = LetterSigner.CopyOf(room.Alice.Certificate, address);

        var verdict = room.Verify(Letter(Alice, (By(room.Alice) with { Beside = [copy] }).Detached(Honest)));

        Assert.Equal(SmimeResult.Pass, verdict.Result);
    }

    [Fact]
    public void Text_beside_what_was_signed_is_told()
    {
        var letter = Letter(Alice, Changed(By(room.Alice).Detached(Honest), "\"\r\n\r\n--", "\"\r\n\r\nPay Mallory\r\n--"));

        var verdict = room.Verify(letter);

        Assert.Contains("not signed", verdict.Decisive?.Beside, StringComparison.Ordinal);
        Assert.Contains("text before it is not signed", VerdictField.Write(verdict, "mx.example.net").ToString(), StringComparison.Ordinal);
    }

    private static SignedLetter Inner(LetterSigner signer) => By(signer) with { Boundary = "----=_inner" };

    private static SignedLetter Outer(LetterSigner signer) => By(signer) with { Boundary = "----=_outer" };

    private static SignedLetter Hollow(LetterRoom room) => Outer(room.Mallory) with { IsSigned = false };

    private static byte[] Page(string fields, byte[] entity) => Changed([.. Text.Bytes(fields), .. entity], "\"\r\n\r\n--", "\"\r\n\r\n<p>Pay Mallory<!--\r\n--");

    private static byte[] Changed(byte[] entity, string from, string to)
    {
        var text = Text.Of(entity);
        Assert.Contains(from, text, StringComparison.Ordinal);
        return Text.Bytes(text.Replace(from, to, StringComparison.Ordinal));
    }

    private static byte[] LastByteChanged(byte[] der) => [.. der[..^1], (byte)(der[^1] ^ 1)];

    private static IEnumerable<TheoryDataRow<Attack>> Rows(params Attack[] attacks) => attacks.Select(attack => new TheoryDataRow<Attack>(attack));
}

/// <summary>A letter.</summary>
/// <param name="Name">What is odd about it.</param>
/// <param name="Expected">The result.</param>
/// <param name="Make">Writes it.</param>
public sealed record Attack(string Name, SmimeResult Expected, Func<LetterRoom, byte[]> Make)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}
