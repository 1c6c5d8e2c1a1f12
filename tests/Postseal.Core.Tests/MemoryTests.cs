using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.Smime;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>
/// What is promised beside MaxLargeMessages in postfix-sample/postseal.ini: signing takes at most twice MaxSize of memory
/// beside the message itself, whatever it is made of.
/// </summary>
public sealed class MemoryTests : IDisposable
{
    // Half of what they are by default: the test takes half the time.
    private const int MaxSize = 5_120_000;
    private const int Size = 2_000_000;

    // Keys, the signature, buffers: what does not grow with the message.
    private const int LittleElse = 1 << 20;

    // A header field inside that has to be encoded is decoded, cut into words and folded, at several times its size for a moment. Three
    // layers of messages whose whole header is one such field come to this.
    private const int LongFields = 1 << 20;

    private readonly CertificateFolder folder = new();
    private readonly CertificateDirectory certificates;

    public MemoryTests()
    {
        folder.Add("alice@example.org");
        certificates = folder.Open();
    }

    public static TheoryData<string, string> Shapes => new()
    {
        { "7bit text", "text/plain\n\n" + Repeat("The quick brown fox jumps over the lazy dog, and then some.\n") },
        { "German text", "text/plain; charset=utf-8\n\n" + Repeat(Text.Utf8("Die Zahlen für das dritte Quartal können wir übermitteln.\n")) },
        { "Cyrillic text", "text/csv; charset=utf-8\n\n" + Repeat(Text.Utf8("Москва;Пётр;Иванов;Сумма;Платёж\n")) },
        { "text of Unix", "text/plain\n\n" + Repeat("Gr\xFC\xDF{LF}") },
        { "text of nothing but bare CR", "text/plain\n\n" + Repeat("\r") },
        { "one line", "text/plain\n\n" + Repeat("x") },
        { "one 8bit line", "text/plain\n\n" + Repeat("\xFF") },
        { "binary", "application/octet-stream\n\n" + Repeat("\0\x01\xFF\xFE\r{LF}abc") },
        { "base64", "application/pdf\nContent-Transfer-Encoding: base64\n\n" + Repeat(new string('A', 76) + "\n") },
        { "broken base64", "application/pdf\nContent-Transfer-Encoding: base64\n\n" + Repeat(new string('A', 75) + "\xFF\n") },
        { "broken quoted-printable", "text/plain\nContent-Transfer-Encoding: quoted-printable\n\n" + Repeat("=D0=9F words\xFF=\n") },
        { "8bit quoted-printable", "text/plain\nContent-Transfer-Encoding: quoted-printable\n\n" + Repeat(new string('\xFF', 70) + "=\n") },
        { "names in a message inside", "message/rfc822\n\n" + Repeat("From: " + new string('\xE9', 900).Replace("\xE9", "\xE9,", StringComparison.Ordinal) + "\n") + "\nHi\n" },
        { "addresses in a message inside", "message/rfc822\n\n" + Repeat("To: " + string.Concat(Enumerable.Repeat("\xE9 <@x>,", 900)) + "\n") + "\nHi\n" },
        { "a subject in a message inside", "message/rfc822\n\nSubject: " + Repeat("Gr\xFC\xDF \xFC") + "\n\nHi\n" },
        { "white space in a message inside", "message/rfc822\n\nSubject: \xFC" + Repeat(" \t") + "x\n\nHi\n" },
        { "parameters in a message inside", "message/rfc822\n\n" + Repeat("Content-Type: a/b; x=\"" + new string('\xFC', 900) + "\"\n") + "\nHi\n" },
        { "header text", "text/rfc822-headers\n\n" + Repeat("a:b\n") + "\n" },
        { "no header text", "text/rfc822-headers\n\n" + Repeat("a:\xFC\n") },
        { "uuencoded text", "text/plain\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 \xFC\n" + Repeat("M" + new string('8', 60) + "\n") },
        { "base64 that is called so in doubt", "text/plain\nContent-Transfer-Encoding: base64; x\n\n" + Repeat(new string('A', 76) + "\n") + "\xFC" },
        { "lines of an mbox", "text/plain\n\n" + Repeat("From \n") },
        { "large parts", "multipart/mixed; boundary=b\n\n" + Repeat("--b\nContent-Type: text/plain\n\n" + new string('\xFC', 10_000) + "\n") + "--b--\n" },
    };

    [Theory]
    [MemberData(nameof(Shapes), DisableDiscoveryEnumeration = true)]
    public void Signing_takes_no_more_than_twice_MaxSize_and_no_more_than_what_comes_out(string shape, string content)
    {
        foreach (var form in Enum.GetValues<SignatureForm>())
        {
            var message = InPieces($"From: alice@example.org\nContent-Type: {content}");
            var (allocated, result) = Measure(message, new SigningRules { Form = form, MaxSize = MaxSize });

            Assert.True(allocated <= 2 * MaxSize + LittleElse, $"{shape}, {form}: {allocated} bytes for {message.Length}");
            if (result is not Outcome.Replaced signed)
                continue;
            // New bytes of the entity, at most what comes out, and in the opaque form what comes out again.
            var copies = form == SignatureForm.Opaque ? 2 : 1;
            Assert.True(
                allocated <= copies * 1.1 * signed.Message.Length + LittleElse,
                $"{shape}, {form}: {allocated} bytes for {signed.Message.Length} that come out of {message.Length}");
        }
    }

    [Theory]
    [MemberData(nameof(Shapes), DisableDiscoveryEnumeration = true)]
    public void What_would_grow_past_MaxSize_takes_no_more_than_MaxSize(string shape, string content)
    {
        var message = InPieces($"From: alice@example.org\nContent-Type: {content}");
        var maxSize = message.Length + (64 << 10) + 1;
        foreach (var form in Enum.GetValues<SignatureForm>())
        {
            var (allocated, result) = Measure(message, new SigningRules { Form = form, MaxSize = maxSize });

            Assert.True(
                allocated <= maxSize * (result is Outcome.Replaced ? 2 : 1) + LittleElse,
                $"{shape}, {form}: {allocated} bytes for MaxSize = {maxSize}");
        }
    }

    [Fact]
    public void Many_small_parts_take_little_each()
    {
        const int Parts = 100_000;
        var message = InPieces(
            "From: alice@example.org\nContent-Type: multipart/mixed; boundary=b\n\n"
            + string.Concat(Enumerable.Repeat("--b\n\n\xFC\n", Parts)) + "--b--\n");

        var (allocated, _) = Measure(message, new SigningRules { MaxSize = 1 << 30 });

        Assert.InRange(allocated / Parts, 0, 2048);
    }

    // Nested multiparts and messages with leaves of any kind, some 100 KB each.
    private static Gen<string> Entity(int depth)
    {
        var leaf =
            from type in Gen.Elements("text/plain", "text/html; charset=utf-8", "image/png", "application/octet-stream", "message/x")
            from encoding in Gen.Elements("", "8bit", "binary", "base64", "quoted-printable", "7bit")
            from line in Gen.Elements(
                "words of text\n", "words of \xFC text\n", "\xC3\xBC\xC3\xBC\xC3\xBC", "x", "\xFF", "\r", "{LF}", "\0", "=", "=FC=\n",
                "YWJj", "YWJj\n", "YWJj\xFF\n", "--\n", "From \n", ".\n", " \n", "\xFC \t")
            from length in Gen.Choose(1, 200_000)
            let label = encoding.Length == 0 ? "" : $"Content-Transfer-Encoding: {encoding}\n"
            select $"Content-Type: {type}\n{label}\n{string.Concat(Enumerable.Repeat(line, length / line.Length + 1))}";
        if (depth == 0)
            return leaf;
        var message =
            from field in Gen.Elements("Subject: \xFC", "To: \xFC,\xFC, a@x", "X: \xFC \t \xFC", "Comments: x")
            from count in Gen.Choose(1, 5000)
            from inner in Entity(depth - 1)
            select $"Content-Type: message/rfc822\n\n{string.Concat(Enumerable.Repeat(field, count))}\n{inner}";
        var multipart =
            from parts in Entity(depth - 1).ListOf()
            let boundary = $"b{depth}"
            select $"Content-Type: multipart/mixed; boundary={boundary}\n\n"
                + string.Concat(parts.Select(part => $"--{boundary}\n{part}\n")) + $"--{boundary}--\n";
        return Gen.OneOf(leaf, message, multipart, multipart);
    }

    [Fact]
    public void Any_message_takes_no_more_than_what_comes_out_of_it() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(150),
        Prop.ForAll(Entity(3).Resize(4).ToArbitrary(), Gen.Elements(true, false).ToArbitrary(), (entity, isOpaque) =>
        {
            var message = InPieces("From: alice@example.org\n" + entity);
            var rules = new SigningRules { Form = isOpaque ? SignatureForm.Opaque : SignatureForm.Detached };
            var (allocated, result) = Measure(message, rules);
            var signed = result as Outcome.Replaced;
            Assert.True(signed is not null || allocated <= 1.1 * message.Length + LittleElse + LongFields);
            return Prop.When(
                signed is not null, () => allocated <= (isOpaque ? 2 : 1) * 1.1 * signed!.Message.Length + LittleElse + LongFields);
        }));

    public void Dispose() => folder.Dispose();

    private static string Repeat(string line) => string.Concat(Enumerable.Repeat(line, Size / line.Length));

    /// <summary>In pieces, as the daemon gets it.</summary>
    private static MailMessage InPieces(string text) => Text.InPieces(
        Text.Message(Text.CrLf(text).Replace("{LF}", "\n", StringComparison.Ordinal)), 64 << 10);

    private (long Allocated, Outcome Result) Measure(MailMessage message, SigningRules rules)
    {
        var options = new PostsealOptions { Certificates = folder.Options, Signing = rules };
        var processor = new OutgoingProcessor(options, certificates, folder.Time);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var result = processor.Process(message, new Envelope { ClientAddress = IPAddress.Loopback });
        return (GC.GetAllocatedBytesForCurrentThread() - before, result);
    }
}
