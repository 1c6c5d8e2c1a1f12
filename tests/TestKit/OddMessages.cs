using FsCheck;
using FsCheck.Fluent;

namespace Postseal.TestKit;

/// <summary>Messages, however broken: made of the pieces that matter, in any order. Each char is a byte (Latin-1).</summary>
public static class OddMessages
{
    private static readonly string[] Texts =
    [
        "\r\n", "\r\n", "\r\n\r\n", "\r\n\r\n", "\n", "\r", "\0", " ", "\t", "=", "=\r\n", "=41", ".", "From ", "\r\nFrom ", ":", "x",
        "YWFh", "word ", "\xFC", "\xC3\xBC", "\xE2\x82\xAC", new string('x', 999), new string('y', 80), ">From x\r\n",
        "begin 644 x\r\n", "#86)C\r\n", "end\r\n",
    ];

    private static readonly string[] Delimiters =
    [
        "\r\n--a\r\n", "\r\n--a\r\n", "\r\n--a--\r\n", "\r\n--b\r\n", "\r\n--b\r\n", "\r\n--b--\r\n", "--a \r\n", "--b", "\n--a\n",
        "--a\r\n", "--b\r\n", "--a--\r\n", "--b--\r\n",
    ];

    private static readonly string[] Multiparts =
    [
        "multipart/mixed; boundary=a", "multipart/mixed; boundary=b", "multipart/mixed; boundary=b\r\n\r\n--b",
        "multipart/digest;\r\n\tboundary=\"a\"", "multipart/signed; boundary=b", "multipart/alternative; boundary=b",
        "multipart/report; report-type=delivery-status; boundary=b", "multipart/mixed; boundary=a--", "multipart/mixed",
        "multipart/mixed boundary=a", "multipart/mixed; junk; boundary=b", "multipart/mixed; boundary=a (c)",
        "multipart/mixed/x; boundary=a", "multipart/mi xed; boundary=a", "multipart/mixed; boundary=\"b\"x",
        "multipart/mixed; boundary=\"=?utf-8?q?b?=\"", "multipart/mixed; boundary=\"a \"", "multipart; boundary=a",
        "multipart/mixed; boundary=a; boundary=b", "multipart/mixed; boundary=a; boundary*0=b",
    ];

    private static readonly string[] Leaves =
    [
        "message/rfc822", "message/rfc822\r\n", "message/rfc822, x", "message/global", "message/news", "message/x-unknown",
        "message/delivery-status", "message/disposition-notification", "message/external-body; access-type=x",
        "message/partial; number=1; id=x", "message/global-headers", "text/rfc822-headers", "text/plain",
        "image/png; name=\"\xFC\"", "text/html; charset=utf-8", "application/pkcs7-mime", "application/ms-tnef",
    ];

    private static readonly string[] Fields =
    [
        "Content-Transfer-Encoding: 7bit\r\n", "Content-Transfer-Encoding: 8bit\r\n", "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: base64; x\r\n", "Content-Transfer-Encoding: quoted-printable\r\n",
        "Content-Transfer-Encoding: x-uuencode\r\n", "Content-Description: \xC3\xBC\r\n", "Content-Disposition: attachment\r\n",
        "Subject: \xFC\n \x80\r\n", "MIME-Version: 1.0\r\n", "X:\r\n \r\n y\r\n", "From : x\r\n", "X : y\r\n", "X y: z\r\n", " x\r\n",
        "X-Empty:\r\n",
    ];

    private static readonly string[] Fragments =
    [
        .. Texts, .. Delimiters, .. Multiparts.Concat(Leaves).Select(type => $"Content-Type: {type}\r\n"), .. Fields,
    ];

    /// <summary>All of them. Any order is mostly not MIME at all, so half of the messages start as some.</summary>
    public static Arbitrary<string> Any { get; } = (
        from start in Gen.Elements(
            "", "", "Content-Type: message/rfc822\r\n\r\n", "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n")
        from rest in Gen.Elements(Fragments).ListOf()
        select start + string.Concat(rest)).ToArbitrary();
}
