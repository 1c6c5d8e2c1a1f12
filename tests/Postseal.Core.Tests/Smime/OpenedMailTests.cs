using System.Buffers;
using Postseal.Mail;
using Postseal.Smime;
using Postseal.TestKit;
using Postseal.Tests.Mime;

namespace Postseal.Tests.Smime;

/// <summary>What is delivered of a message that was encrypted.</summary>
public class OpenedMailTests
{
    private const string Outer =
        "Received: from mx.example.org\n by mail.example.net; Sun, 22 Nov 2026 12:00:00 +0000\n"
        + "From: Alice <alice@example.org>\nTo: bob@example.net\nSubject:  as it  came \nMIME-Version: 1.0\n"
        + "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n"
        + "Content-Disposition: attachment; filename=smime.p7m\nX-Mailer: x\n\nMIAG\n";

    private const string OuterKept =
        "Received: from mx.example.org\n by mail.example.net; Sun, 22 Nov 2026 12:00:00 +0000\n"
        + "From: Alice <alice@example.org>\nTo: bob@example.net\nSubject:  as it  came \nMIME-Version: 1.0\n";

    [Fact]
    public void The_inside_takes_the_place_of_what_was_encrypted_and_the_rest_of_the_header_stays() => Assert.Equal(
        OuterKept + "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\nContent-Language: de\nX-Mailer: x\n\n<p>Gr=C3=BC=C3=9Fe\n",
        Composed("Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\nContent-Language: de\n\n<p>Gr=C3=BC=C3=9Fe\n"));

    [Theory]
    [InlineData("From: Mallory <mallory@evil.example>\n")]
    [InlineData("From : mallory@evil.example\n")]
    [InlineData("Subject: Pay 1000\n")]
    [InlineData("Received: from bank.example by mail.example.net\n")]
    [InlineData("Authentication-Results: mail.example.net; smime=pass\n")]
    [InlineData("ARC-Seal: i=1\n")]
    [InlineData("DKIM-Signature: v=1; d=bank.example\n")]
    [InlineData("X-Postseal: decrypted\n")]
    [InlineData("X-Spam-Flag: NO\n")]
    [InlineData("Return-Path: <mallory@evil.example>\n")]
    [InlineData("Delivered-To: carol@example.net\n")]
    [InlineData("Bcc: carol@example.net\n")]
    [InlineData("Resent-From: mallory@evil.example\n")]
    [InlineData("List-Unsubscribe: <http://evil.example/>\n")]
    [InlineData("MIME-Version: 2.0\n")]
    [InlineData("Content-Length: 3\n")]
    [InlineData("Content-Description: x\rFrom: mallory@evil.example\n", "Content-Description: x From: mallory@evil.example\n")]
    [InlineData("Content-Description: x\0From: mallory@evil.example\n", "Content-Description: x From: mallory@evil.example\n")]
    public void No_field_from_inside_comes_out_but_those_that_say_what_the_content_is(string forged, string kept = "") => Assert.Equal(
        OuterKept + kept + "Content-Type: text/plain\nX-Mailer: x\n\nHi\n", Composed(forged + "Content-Type: text/plain\n\nHi\n"));

    [Theory]
    [InlineData("Content-Type: text/plain (c); name*=utf-8''x%0D%0AFrom:%20mallory@evil.example%0D%0A%0D%0AHo\n")]
    [InlineData("Content-Type: text/plain (c); name*0*=''x%0D%0A; name*1*=From:%20mallory@evil.example\n")]
    [InlineData("Content-Type: text/plain (c); name*0=x; name*1*=%0AFrom:%20mallory@evil.example\n")]
    [InlineData("Content-Type: text/plain; name=\"x\\\rFrom: mallory@evil.example\"\n")]
    [InlineData("Content-Type: multipart/mixed; boundary=b; boundary=c; name*=%0D%0AFrom:%20mallory@evil.example\n")]
    [InlineData("Content-Type: multipart/mixed; boundary*=%0D%0AFrom:%20mallory@evil.example%0D%0A%0D%0AHo\n")]
    [InlineData("Content-Disposition: attachment; filename*=x''%0D%0AFrom:%20mallory@evil.example; x=\xFC\n")]
    [InlineData("Content-Description: =?utf-8?q?x=0D=0AFrom:_mallory@evil.example?= \xFC\n")]
    public void No_parameter_becomes_a_field(string forged)
    {
        var read = Text.Message(Composed(forged + "\n--b\n\nHi\n--b--\n"));

        Assert.Equal(["Alice <alice@example.org>"], read.Headers.Where(field => field.Is("From")).Select(field => Text.Of(field.Value.Span).Trim()));
        Assert.Single(read.Headers, field => field.Is("X-Mailer"));
    }

    [Fact]
    public void A_From_from_inside_does_not_come_out() => AssertStays("From: Mallory <mallory@evil.example>\n");

    [Fact]
    public void A_Subject_from_inside_does_not_come_out() => AssertStays("Subject: Pay 1000\n");

    [Fact]
    public void A_Received_from_inside_does_not_come_out() => AssertStays("Received: from bank.example by mail.example.net; x\n");

    [Theory]
    [InlineData("Content-Type: text/plain\nContent-Type: text/html\n\nHi\n", "Content-Type: text/plain\n|Hi\n")]
    [InlineData("Content-Type: text/plain\ncontent-type : text/html\n\nHi\n", "Content-Type: text/plain\n|Hi\n")]
    [InlineData("Content-Type : text/html\n\nHi\n", "Content-Type: text/html\n|Hi\n")]
    [InlineData("Content-Type:\n text/html;\n\tcharset=utf-8\n\nHi\n", "Content-Type:\n text/html;\n charset=utf-8\n|Hi\n")]
    [InlineData("Content-Type: text/html;\n \n charset=utf-8\n\nHi\n", "Content-Type: text/html;\n charset=utf-8\n|Hi\n")]
    [InlineData("Content-Type: text/plain; charset=utf-8 (c)\n\nHi\n", "Content-Type: text/plain; charset=\"utf-8\"\n|Hi\n")]
    [InlineData("Content-Type: image/png; name=\"\xFC.png\"\n\nHi\n", "Content-Type: image/png; name*=iso-8859-1''%FC.png\n|Hi\n")]
    [InlineData("Content-Type: junk\n\nHi\n", "Content-Type: text/plain\n|Hi\n")]
    [InlineData("Content-Type: te xt/html\n\nHi\n", "Content-Type: text/plain\n|Hi\n")]
    [InlineData("Content-ID: <a>\nContent-ID: <b>\n\nHi\n", "Content-Type: text/plain; charset=us-ascii\nContent-ID: <a>\n|Hi\n")]
    [InlineData("\nHi\n", "Content-Type: text/plain; charset=us-ascii\n|Hi\n")]
    [InlineData("Hi\n", "Content-Type: text/plain; charset=us-ascii\n|Hi\n")]
    [InlineData("Content-Type: text/plain\nHi\n", "Content-Type: text/plain\n|Hi\n")]
    [InlineData("Content-Type: text/plain\n", "Content-Type: text/plain\n|")]
    [InlineData("", "Content-Type: text/plain; charset=us-ascii\n|")]
    [InlineData("Content-Transfer-Encoding: base64\n\nSGk=\n", "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n|SGk=\n")]
    [InlineData("Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\nHi\n", "Content-Type: text/plain\nContent-Transfer-Encoding: 7bit\n|Hi\n")]
    [InlineData("Content-Type: text/plain\nContent-Transfer-Encoding: BINARY\n\nHi\n", "Content-Type: text/plain\nContent-Transfer-Encoding: 7bit\n|Hi\n")]
    [InlineData("Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\n\xC3\xBC\n",
        "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n|=C3=BC\n")]
    [InlineData("Content-Type: text/plain\n\nHi", "Content-Type: text/plain\n|Hi\n")]
    [InlineData("Content-Type: text/plain\n\na\rb\n", "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n|a=0Db\n")]
    [InlineData("Content-Type: text/plain\n\na\0b\n", "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n|YQBiDQo=\n")]
    [InlineData("Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\nHi\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b\n|--b\n\nHi\n--b--\n")]
    [InlineData("Content-Type: multipart/mixed\n\n--b\n\nHi\n--b--\n", "Content-Type: text/plain; charset=us-ascii\n|--b\n\nHi\n--b--\n")]
    public void What_readers_could_read_differently_is_written_so_that_they_do_not(string entity, string expected)
    {
        var (fields, body) = (expected.Split('|')[0], expected.Split('|')[1]);

        Assert.Equal($"{OuterKept}{fields}X-Mailer: x\n\n{body}", Composed(entity));
    }

    [Fact]
    public void A_boundary_that_only_some_readers_find_is_another_then()
    {
        var composed = Composed("Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n\nHi\n--b--\n--c\n\nHo\n--c--\n");

        Assert.DoesNotContain("boundary=b", composed, StringComparison.Ordinal);
        Assert.Contains("=_postseal_", composed, StringComparison.Ordinal);
        Assert.DoesNotContain("--c", composed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Type: text/plain\nContent-Transfer-Encoding: base64; x\n\nSGk=\n", "decode different things")]
    [InlineData("Content-Type: text/plain\nContent-Transfer-Encoding: (7bit) base64\n\nSGk=\n", "decode different things")]
    [InlineData("Content-Type: text/plain\nContent-Transfer-Encoding:\n\nSGk=\n", "decode different things")]
    [InlineData("Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n!MIAG\xFC\n", "decode different things")]
    [InlineData("Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\nMIA=\nf\xFC\n", "stands behind")]
    [InlineData("Content-Type: multipart/signed; boundary=b; protocol=\"application/pgp-signature\"\n\n--b\n\n\xFC\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--\n",
        "signed itself")]
    [InlineData("Content-Type: message/partial; id=a; number=1\n\n\xFC\n", "piece of a message")]
    public void What_cannot_be_sent_without_loss_is_refused(string entity, string expected)
    {
        Assert.Null(OpenedMail.Compose(Text.Message(Outer), new(Text.Bytes(Text.CrLf(entity))), out var why));
        Assert.Contains(expected, why, StringComparison.Ordinal);
        Assert.DoesNotContain("opaque", why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_longer_than_any_is_refused()
    {
        var entity = string.Concat(Enumerable.Repeat("X: 234567\r\n", 30_000)) + "Content-Type: text/plain\r\n\r\nHi\r\n";

        Assert.Null(OpenedMail.Compose(Text.Message(Outer), new(Text.Bytes(entity)), out var why));
        Assert.Contains("longer than any", why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(99, true)]
    [InlineData(101, false)]
    public void What_is_nested_deeper_than_any_mail_is_not_gone_into(int depth, bool isSent)
    {
        var boundaries = Enumerable.Range(0, depth).Select(level => $"boundary{level:00000}").ToList();
        var entity = string.Concat(boundaries.Select(boundary => $"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n"))
            + "\r\n\xFC\r\n" + string.Concat(boundaries.AsEnumerable().Reverse().Select(boundary => $"\r\n--{boundary}--\r\n"));

        var composed = OpenedMail.Compose(Text.Message(Outer), new(Text.Bytes(entity)), out var why);

        Assert.Equal(isSent, composed is not null);
        Assert.Equal(isSent, why is null);
    }

    [Fact]
    public void A_million_levels_overflow_nothing()
    {
        var entity = Text.Bytes(string.Concat(Enumerable.Repeat("Content-Type: message/rfc822\r\n\r\n", 1_000_000)) + "\xFC\r\n");

        Assert.Null(OpenedMail.Compose(Text.Message(Outer), new(entity), out var why));
        Assert.Contains("deep", why, StringComparison.Ordinal);
    }

    [Fact]
    public void What_SMTP_carries_takes_no_memory()
    {
        var entity = Text.Bytes(Text.CrLf("Content-Type: text/plain\n\n" + string.Concat(Enumerable.Repeat("line\n", 2_000_000))));
        var outer = Text.Message(Outer);
        OpenedMail.Compose(outer, new(entity), out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        OpenedMail.Compose(outer, new(entity), out _);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256 << 10);
    }

    [Fact]
    public void What_SMTP_carries_is_not_copied()
    {
        byte[] bytes = [.. Text.Bytes("Content-Type: text/plain\r\n\r\n"), .. Text.Bytes(Text.CrLf(string.Concat(Enumerable.Repeat("line\n", 5000))))];

        var composed = OpenedMail.Compose(Text.Message(Outer), new(bytes), out _)!;

        Assert.True(composed.Body.IsSingleSegment);
        Assert.True(composed.Body.FirstSpan.Overlaps(bytes));
    }

    [Fact]
    public void A_message_without_MIME_Version_gets_one()
    {
        var outer = Text.Message(Outer.Replace("MIME-Version: 1.0\n", "", StringComparison.Ordinal));

        Assert.Single(OpenedMail.Compose(outer, new(Text.Bytes("Content-Type: a/b\r\n\r\n")), out _)!.Headers, field => field.Is("MIME-Version"));
    }

    private static void AssertStays(string forged)
    {
        var (alone, together) = (Composed("Content-Type: text/plain\n\nHi\n"), Composed($"{forged}Content-Type: text/plain\n{forged}\nHi\n"));

        Assert.Equal(alone, together);
        Assert.DoesNotContain(forged.Trim(), together, StringComparison.Ordinal);
    }

    /// <summary>Composes the message, with LF for CRLF on both sides; a bare CR stays.</summary>
    private static string Composed(string entity)
    {
        var message = OpenedMail.Compose(Text.Message(Outer), new(Text.Bytes(Text.CrLf(entity))), out var why);
        Assert.True(message is not null, why);
        if (!message.Body.IsEmpty)
            SevenBit.AssertIs(message.Body);
        return Text.Of(TestMail.BytesOf(message)).Replace("\r\n", "\n", StringComparison.Ordinal);
    }
}
