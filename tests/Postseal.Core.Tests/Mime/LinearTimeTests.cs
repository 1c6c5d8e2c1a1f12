using System.Net;
using System.Text;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests.Mime;

/// <summary>Messages made to cost time: one of twice the size takes about twice the processor time, in every parser and encoder.
/// </summary>
public sealed class LinearTimeTests : IDisposable
{
    private const string Inside = "Content-Type: message/rfc822\r\n\r\n";
    private const string Mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n";
    private const string InBase64 = "Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    private const string InQuotedPrintable = "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";

    private readonly CertificateFolder folder = new();
    private readonly OutgoingProcessor processor;

    public LinearTimeTests()
    {
        folder.Add("alice@example.org");
        var options = new PostsealOptions { Certificates = folder.Options, Signing = new SigningRules { MaxSize = 1 << 30 } };
        processor = new OutgoingProcessor(options, folder.Open(), folder.Time);
    }

    // Start, what is repeated, end.
    public static TheoryData<string, string, string, string> Heavy => new()
    {
        { "fields", "", "a:\r\n", "\r\nHi\r\n" },
        { "Content-Type fields", "", "Content-Type: a/b\r\n", "\r\nHi\r\n" },
        { "folds", "Content-Type: text/plain;", "\r\n ", "x=y\r\n\r\nHi\r\n" },
        { "folds made with TAB", "Content-Type: text/plain;", "\r\n\tx=y;", "\r\n\r\nHi\r\n" },
        { "parameters", "Content-Type: text/plain", ";a=b", "\r\n\r\nHi\r\n" },
        { "parameters without semicolons", "Content-Type: text/plain", " a=b (c)", "\r\n\r\nHi\r\n" },
        { "semicolons", "Content-Type: text/plain", ";", "\r\n\r\nHi\r\n" },
        { "one quoted parameter", "Content-Type: text/plain; a=\"", "\\\"", "\"\r\n\r\nHi\r\n" },
        { "one comment", "Content-Type: text/plain (", "\\(", ")\r\n\r\nHi\r\n" },
        { "comments", "Content-Type: text/plain ", "(x)", "\r\n\r\nHi\r\n" },
        { "opened comments", "Content-Type: text/plain ", "(", "\r\n\r\nHi\r\n" },
        { "continuations of RFC 2231", "Content-Type: text/plain", "; a*0*=utf-8''%41; a*1*=%41", "\r\n\r\nHi\r\n" },
        { "one percent-encoded parameter", "Content-Type: text/plain; a*=utf-8''", "%41", "\r\n\r\nHi\r\n" },
        { "apostrophes", "Content-Type: text/plain; a*=", "'", "\r\n\r\nHi\r\n" },
        { "one 8bit parameter inside", Inside + "Content-Type: text/plain; a=\"", "\xFC", "\"\r\n\r\nHi\r\n" },
        { "8bit parameters inside", Inside + "Content-Type: text/plain", "; a=\xFC", "\r\n\r\nHi\r\n" },
        { "white space inside", Inside + "Subject: \xFC", " ", "x\r\n\r\nHi\r\n" },
        { "TABs inside", Inside + "Subject: \xFC", "\t", "x\r\n\r\nHi\r\n" },
        { "words inside", Inside + "Subject: \xFC", " x", "\r\n\r\nHi\r\n" },
        { "one word inside", Inside + "Subject: \xFC ", "x", "\r\n\r\nHi\r\n" },
        { "8bit words inside", Inside + "Subject: ", "\xFC x ", "\r\n\r\nHi\r\n" },
        { "folds inside", Inside + "Subject: \xFC", "\r\n\tx", "\r\n\r\nHi\r\n" },
        { "bare CR inside", Inside + "Subject: \xFC", "\r", "\r\n\r\nHi\r\n" },
        { "names inside", Inside + "From: ", "\xFC,", "\r\n\r\nHi\r\n" },
        { "mailboxes inside", Inside + "From: ", "\xFC <a@b>,", "\r\n\r\nHi\r\n" },
        { "quoted names inside", Inside + "From: ", "\"\xFC\"", "\r\n\r\nHi\r\n" },
        { "one quoted name inside", Inside + "From: \"", "\xFC\\\"", "\r\n\r\nHi\r\n" },
        { "comments inside", Inside + "From: ", "(\xFC)", "\r\n\r\nHi\r\n" },
        { "8bit fields inside", "Content-Type: multipart/digest; boundary=b\r\n\r\n", "--b\r\n\r\nSubject: \xFC\r\n\r\nHi\r\n", "--b--\r\n" },
        { "parts", Mixed, "\r\n--b\r\n\r\n\xFC", "\r\n--b--\r\n" },
        { "clean parts", Mixed + "\xFC", "\r\n--b\r\n\r\n", "\r\n--b--\r\n" },
        { "closed multiparts", Mixed, "\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n\xFC\r\n--c--\r\n", "\r\n--b--\r\n" },
        { "opened multiparts of one boundary", Mixed, "\r\n--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", "\xFC\r\n--b--\r\n" },
        { "opened messages", Mixed, "Content-Type: message/rfc822\r\n\r\n", "x\r\n--b--\r\n" },
        { "dashes", Mixed, "--\r\n", "\xFC\r\n--b--\r\n" },
        { "near delimiters", Mixed, "--bb\r\n", "\xFC\r\n--b--\r\n" },
        { "one dashed line", Mixed + "--", " ", "\xFC\r\n--b--\r\n" },
        { "one boundary", "Content-Type: multipart/mixed; boundary=", "b", "\r\n\r\n\xFC\r\n" },
        { "7bit lines", Mixed, "x\r\n", "\r\n--b--\r\n" },
        { "lines that begin as a delimiter of mbox", "Content-Type: text/plain\r\n\r\n", "From \r\n", "\xFC" },
        { "one line", "Content-Type: text/plain\r\n\r\n", "x", "" },
        { "one 8bit line", "Content-Type: text/plain\r\n\r\n", "\xFC", "" },
        { "8bit lines", "Content-Type: text/plain\r\n\r\n", "x\xFC\r\n", "" },
        { "white space at the end of lines", "Content-Type: text/plain\r\n\r\n\xFC", "x \r\n", "" },
        { "one line of white space", "Content-Type: text/plain\r\n\r\n\xFC", " ", "" },
        { "Unix lines", "Content-Type: text/plain\r\n\r\n", "\xFC\n", "" },
        { "CR", "Content-Type: text/plain\r\n\r\n", "\r", "" },
        { "NUL", "Content-Type: text/plain\r\n\r\n", "\0", "" },
        { "binary", "Content-Type: a/b\r\n\r\n", "\0\xFF\r\n\n", "" },
        { "base64", InBase64 + "\xFC", "YWJj", "" },
        { "pads in base64", InBase64 + "\xFC", "=", "" },
        { "what is no base64", InBase64, "\xFC", "" },
        { "escapes", InQuotedPrintable + "\xFC", "=41", "" },
        { "no escapes", InQuotedPrintable + "\xFC", "=", "" },
        { "soft breaks", InQuotedPrintable + "\xFC", "=\r\n", "" },
        { "white space behind soft breaks", InQuotedPrintable + "\xFC=", " ", "" },
        { "soft breaks with white space", InQuotedPrintable + "\xFC", "= \t \r\n", "" },
        { "header text", "Content-Type: text/rfc822-headers\r\n\r\n", "a:b\r\n", "\r\n" },
        { "parts of header text", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\nContent-Type: text/rfc822-headers\r\n\r\na:b\r\n", "--b--\r\n" },
        { "signed parts", Mixed, "\r\n--b\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n", "\r\n--b--\r\n" },
        { "delimiters", Mixed, "\r\n--b", "\r\n--b--\r\n" },
        { "uuencoded lines", "Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n", "M86)C\n", "" },
    };

    [Theory]
    [MemberData(nameof(Heavy), DisableDiscoveryEnumeration = true)]
    public void A_message_of_twice_the_size_takes_twice_the_time(string name, string start, string repeated, string end) =>
        Assert.True(CpuTime.IsLinear(count => Signing(start, repeated, count, end), 200_000 / repeated.Length), name);

    public void Dispose() => folder.Dispose();

    private Action Signing(string start, string repeated, int count, string end)
    {
        var text = $"From: alice@example.org\r\n{start}{new StringBuilder().Insert(0, repeated, count)}{end}";
        var raw = Text.Bytes(text);
        var inPieces = Text.InPieces(MailMessage.Parse(raw), 64 << 10);
        return () => processor.Process(
            MailMessage.Parse(raw) with { Body = inPieces.Body }, new Envelope { ClientAddress = IPAddress.Loopback });
    }
}
