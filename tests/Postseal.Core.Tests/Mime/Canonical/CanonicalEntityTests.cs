using System.Buffers;
using System.Text;
using Postseal.Mail;
using Postseal.Mime.Canonical;

namespace Postseal.Tests.Mime.Canonical;

/// <summary>Messages and the exact bytes that are signed. Lines are written with LF and mean CRLF; {CR}, {LF}, {NUL}
/// and so on are what they say; other characters are UTF-8.</summary>
public class CanonicalEntityTests
{
    private const string Text8Bit = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n";
    private const string TextQp = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n";
    private const string Multipart = "Content-Type: multipart/mixed; boundary=b\n\n";

    public static IEnumerable<TheoryDataRow<string, string>> Messages => new Sentences
    {
        {
            "a clean message is left as it is",
            "Subject: x\nContent-Type: text/plain\nFrom: y\ncontent-language: en\n\nHi,\n.dot\n From me \n--\n",
            "Content-Type: text/plain\ncontent-language: en\n\nHi,\n.dot\n From me \n--\n"
        },
        { "a missing type is told", "Subject: x\n\nHi\n", "Content-Type: text/plain; charset=us-ascii\n\nHi\n" },
        {
            "a missing type of UTF-8 is told",
            "Subject: x\n\nGrüße\n",
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\n"
        },
        {
            "a missing charset of other bytes is left for the reader to guess",
            "Subject: x\n\nGr{FC}n is it\n",
            "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nGr=FCn is it\n"
        },
        {
            "a missing type of encoded content says no charset",
            "Content-Transfer-Encoding: quoted-printable\n\n=FC\n",
            "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n=FC\n"
        },
        { "an empty body is one line end", "Content-Type: text/plain\n\n", "Content-Type: text/plain\n\n\n" },
        { "no body is one line end", "Content-Type: text/plain", "Content-Type: text/plain\n\n\n" },
        { "a body of one line end stays", "Content-Type: text/plain\n\n\n", "Content-Type: text/plain\n\n\n" },
        { "a last line gets its end", "Content-Type: text/plain\n\nHi", "Content-Type: text/plain\n\nHi\n" },
        { "a last line gets its end outside of the text", Text8Bit + "ähm", TextQp + "=C3=A4hm=\n" },
        { "the first of two types is kept",
            "Content-Type: text/html\nContent-Type: text/plain\n\nHi\n", "Content-Type: text/html\n\nHi\n" },
        {
            "folds are made with a space",
            "Content-Type: text/plain;\n\tcharset=us-ascii;\n \n\t\tformat=flowed\nContent-ID:\n\t<a>\n\nHi\n",
            "Content-Type: text/plain;\n charset=us-ascii;\n \tformat=flowed\nContent-ID:\n <a>\n\nHi\n"
        },
        { "a label that is wrong is corrected",
            "Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\nHi\n",
            "Content-Type: text/plain\nContent-Transfer-Encoding: 7bit\n\nHi\n" },
        { "8bit text is quoted-printable", Text8Bit + "Grüße \nFrom\nFrom me\n.\n--x\n=\n",
            TextQp + "Gr=C3=BC=C3=9Fe=20\nFrom\n=46rom me\n=2E\n=2D-x\n=3D\n" },
        { "text of nothing but 8bit is text", Text8Bit + "Привет\n", TextQp + "=D0=9F=D1=80=D0=B8=D0=B2=D0=B5=D1=82\n" },
        { "text with NUL is base64", "Content-Type: text/plain\n\na{NUL}\n",
            "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nYQANCg==\n" },
        { "other types are base64 byte for byte", "Content-Type: a/b\n\na{CR}b{LF}c\nd",
            "Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nYQ1iCmMNCmQ=\n" },
        { "odd line ends in text are content", "Content-Type: text/plain\n\na{CR}b{LF}c\nd\n",
            "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\na=0Db=0Ac\nd\n" },
        { "Unix text gets its line ends", "Content-Type: text/plain\n\na{LF}b{LF}", "Content-Type: text/plain\n\na\nb\n" },
        { "Unix line ends in encoded content are line ends",
            "Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nYWFh{LF}YWFh\n",
            "Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nYWFh\nYWFh\n" },
        { "broken quoted-printable is encoded again",
            "Content-Type: text/plain\nContent-Transfer-Encoding: Quoted-Printable (x)\n\n=FC =\nö=zz\n",
            "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n=FC =C3=B6=3Dzz\n" },
        { "broken base64 is encoded again",
            "Content-Type: a/b\nContent-Transfer-Encoding: BASE64\n\n=YW-Fh ä\nYQ==YWFh\n",
            "Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nYWFhYQ==\n" },
        { "base64 of nothing is one line end", "Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nü\n",
            "Content-Type: a/b\nContent-Transfer-Encoding: base64\n\n\n" },
        { "preamble and epilogue are dropped", Multipart + "pre ü\n--b\n\none\n--b--\nepi\n", Multipart + "--b\n\none\n--b--\n" },
        { "a delimiter may come at once", Multipart + "--b\n\none\n--b--", Multipart + "--b\n\none\n--b--\n" },
        { "a missing close delimiter is added", Multipart + "pre\n--b\n\none\n", Multipart + "--b\n\none\n--b--\n" },
        { "a missing close delimiter is added after a last line without an end", Multipart + "--b\n\none",
            Multipart + "--b\n\none\n--b--\n" },
        { "a missing close delimiter is added after 8bit text", Multipart + "--b\n" + Text8Bit + "ü\n",
            Multipart + "--b\n" + TextQp + "=C3=BC\n--b--\n" },
        { "a missing close delimiter is added to each of those that want it",
            Multipart + "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n",
            Multipart + "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--\n--b--\n" },
        { "a missing close delimiter is added after the close of an inner multipart",
            Multipart + "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--\nepi",
            Multipart + "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--\nepi\n--b--\n" },
        { "a delimiter at the end opens an empty part", Multipart + "--b\n\none\n--b\n", Multipart + "--b\n\none\n--b\n\n--b--\n" },
        { "a delimiter right after another is dropped", Multipart + "--b\n--b\n\none\n--b\n--b\n\ntwo\n--b--\n",
            Multipart + "--b\n\none\n--b\n\ntwo\n--b--\n" },
        { "a part of nothing gets the end of its header", Multipart + "--b\n--b--\n", Multipart + "--b\n\n--b--\n" },
        { "a header of a part that has no end gets one", Multipart + "--b\nA: 1\n--b\nA: 2\ntext\n--b\ntext\n--b--\n",
            Multipart + "--b\nA: 1\n\n--b\nA: 2\n\ntext\n--b\n\ntext\n--b--\n" },
        { "a broken line in the header of base64 is not made content",
            Multipart + "--b\nContent-Transfer-Encoding: base64\nContent-Type: a/b;\nname=x\n\nYWFh\n--b--\n",
            Multipart + "--b\nContent-Transfer-Encoding: base64\nContent-Type: a/b;\nname=x\n\nYWFh\n--b--\n" },
        { "a message without a header gets the end of one", Multipart + "--b\nContent-Type: message/rfc822\n\nnone\n--b--\n",
            Multipart + "--b\nContent-Type: message/rfc822\n\n\nnone\n--b--\n" },
        { "a message without a body gets the line end before the delimiter",
            Multipart + "--b\nContent-Type: message/rfc822\n\nSubject: x\n--b--\n",
            Multipart + "--b\nContent-Type: message/rfc822\n\nSubject: x\n\n\n--b--\n" },
        {
            "clean parts stay byte for byte beside others",
            Multipart + "--b \nA:\tx\nContent-Type : text/plain\n\n one \n--b\n" + Text8Bit + "ü two\n--b\t\n\n--b--\n",
            Multipart + "--b\nA:\tx\nContent-Type : text/plain\n\n one \n--b\n" + TextQp + "=C3=BC two\n--b\n\n--b--\n"
        },
        { "white space behind a delimiter, which Sendmail takes away, is not signed", Multipart + "--b  \n\none\n--b-- \t\n",
            Multipart + "--b\n\none\n--b--\n" },
        { "a part without header gets one", Multipart + "--b\n\nü one\n--b--\n",
            Multipart + "--b\nContent-Transfer-Encoding: quoted-printable\n\n=C3=BC one\n--b--\n" },
        { "a part that starts with its text gets a header", Multipart + "--b\nü one\n--b--\n",
            Multipart + "--b\nContent-Transfer-Encoding: quoted-printable\n\n=C3=BC one\n--b--\n" },
        { "the last line end of a part is the delimiter's", Multipart + "--b\nContent-Type: a/b\n\nü\n\n--b--\n",
            Multipart + "--b\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\nw7wNCg==\n--b--\n" },
        { "Unix line ends around delimiters are line ends", Multipart + "--b{LF}{LF}one{LF}--b{LF}{LF}two{LF}--b--{LF}",
            Multipart + "--b\n\none\n--b\n\ntwo\n--b--\n" },
        { "containers are 7bit in label too",
            "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\n--b\n" + Text8Bit + "one\n--b--\n",
            "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 7bit\n\n--b\n"
                + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\none\n--b--\n" },
        {
            "nested multiparts keep preamble and epilogue when clean",
            Multipart + "--b\nContent-Type: multipart/alternative; boundary=\"b c\"\n\npre\n--b c\n\nü one\n--b c--\nepi\n\n--b--\n",
            Multipart + "--b\nContent-Type: multipart/alternative; boundary=\"b c\"\n\npre\n--b c\n"
                + "Content-Transfer-Encoding: quoted-printable\n\n=C3=BC one\n--b c--\nepi\n\n--b--\n"
        },
        {
            "nested multiparts lose preamble and epilogue when not",
            Multipart + "--b\nContent-Type: multipart/mixed; boundary=c\n\npre ü\n--c\n\none\n--c--\nepi ü\n--b--\n",
            Multipart + "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--\n--b--\n"
        },
        {
            "an outer delimiter ends an inner multipart",
            Multipart + "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nü one\n--b\n\nü two\n--b--\n",
            Multipart + "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Transfer-Encoding: quoted-printable\n\n"
                + "=C3=BC one\n--c--\n--b\nContent-Transfer-Encoding: quoted-printable\n\n=C3=BC two\n--b--\n"
        },
        {
            "boundaries that start alike are told apart",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nü one\n--bbb\n"
                + "--bb--\n--b--\n",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n"
                + "Content-Transfer-Encoding: quoted-printable\n\n=C3=BC one\n=2D-bbb\n--bb--\n--b--\n"
        },
        {
            "a message inside is looked into",
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nSubject: in\nMIME-Version: 1.0\n" + Text8Bit + "ü one\n",
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: 7bit\n\nSubject: in\nMIME-Version: 1.0\n" + TextQp
                + "=C3=BC one\n"
        },
        {
            "a message inside gets its MIME-Version",
            "Content-Type: message/rfc822\n\n>From me@x Mon Jan 1\nSubject: in\n\nü one\n",
            "Content-Type: message/rfc822\n\nMIME-Version: 1.0\nSubject: in\n"
                + "Content-Transfer-Encoding: quoted-printable\n\n=C3=BC one\n"
        },
        {
            "parts of a digest are messages",
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: in\nMIME-Version: 1.0\n\nü one\n--b--\n",
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: in\nMIME-Version: 1.0\n"
                + "Content-Transfer-Encoding: quoted-printable\n\n=C3=BC one\n--b--\n"
        },
        { "a multipart without delimiter is text", Multipart + "no parts\n",
            "Content-Type: text/plain; charset=us-ascii\n\nno parts\n" },
        { "a multipart with nothing but its end is text", Multipart + "no parts\n--b--\nend\n",
            "Content-Type: text/plain; charset=us-ascii\n\nno parts\n--b--\nend\n" },
        { "a multipart inside without delimiter is text", Multipart + "--b\nContent-Type: multipart/mixed; boundary=c\n\nno\n--b--\n",
            Multipart + "--b\nContent-Type: text/plain; charset=us-ascii\n\nno\n--b--\n" },
        { "a multipart without boundary is text", "Content-Type: multipart/mixed\n\n--b\n\ntwo\n",
            "Content-Type: text/plain; charset=us-ascii\n\n--b\n\ntwo\n" },
        { "a boundary that no semicolon goes before is none", "Content-Type: multipart/mixed boundary=b\n\n--b\n\ntwo\n--b--\n",
            "Content-Type: text/plain; charset=us-ascii\n\n--b\n\ntwo\n--b--\n" },
        { "a type that is nearly a multipart is text", "Content-Type: multipart/mixed/x; boundary=b\n\n--b\n\ntwo\n--b--\n",
            "Content-Type: text/plain; charset=us-ascii\n\n--b\n\ntwo\n--b--\n" },
        { "a multipart/signed without delimiter is text", Multipart + "--b\nContent-Type: multipart/signed; boundary=c\n\nno\n--b--\n",
            Multipart + "--b\nContent-Type: text/plain; charset=us-ascii\n\nno\n--b--\n" },
        { "a multipart without delimiter is text in its charset", Multipart + "no ü parts\n--b--\nend\n",
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
                + "no =C3=BC parts\n=2D-b--\nend\n" },
        { "a multipart without boundary is text in its charset", "Content-Type: multipart/mixed\n\n--b\n\nü two\n",
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=2D-b\n\n=C3=BC two\n" },
        { "an 8bit boundary is replaced",
            "Content-Type: multipart/mixed; boundary={FC}; type=\"a/b\"\n\n--{FC}\n\none\n--{FC}--\n",
            "Content-Type: multipart/mixed; boundary=\"=_postseal_98722e2ebed8ed3d3652e11e4181f0dc\"; type=\"a/b\"\n\n"
                + "--=_postseal_98722e2ebed8ed3d3652e11e4181f0dc\n\none\n--=_postseal_98722e2ebed8ed3d3652e11e4181f0dc--\n" },
        { "a boundary that readers find differently is replaced",
            "Content-Type: multipart/mixed; boundary=b (c)\n\n--b\n\none\n--b--\n",
            "Content-Type: multipart/mixed; boundary=\"=_postseal_3e23e8160039594a33894f6564e1b134\"\n\n"
                + "--=_postseal_3e23e8160039594a33894f6564e1b134\n\none\n--=_postseal_3e23e8160039594a33894f6564e1b134--\n" },
        { "a boundary whose close is the delimiter around it is replaced",
            "Content-Type: multipart/mixed; boundary=b--\n\n--b--\n" + Multipart + "--b\n\none\n--b--\n\ntwo\n--b----\n",
            "Content-Type: multipart/mixed; boundary=b--\n\n--b--\n"
                + "Content-Type: multipart/mixed; boundary=\"=_postseal_3e23e8160039594a33894f6564e1b134\"\n\n"
                + "--=_postseal_3e23e8160039594a33894f6564e1b134\n\none\n--=_postseal_3e23e8160039594a33894f6564e1b134--\n"
                + "--b--\n\ntwo\n--b----\n" },
        { "a line that starts with From is encoded", "Content-Type: text/plain\n\nHi\n\nFrom me\n>From me\nFrom\n",
            "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nHi\n\n=46rom me\n>From me\nFrom\n" },
        { "a line that starts with From is encoded in a part, too", Multipart + "--b\n\nFrom me\n--b--\n",
            Multipart + "--b\nContent-Transfer-Encoding: quoted-printable\n\n=46rom me\n--b--\n" },
        { "a line that starts with From is encoded in quoted-printable, too", TextQp + "a=\nFrom me\n=3D=\nFrom=20\n",
            TextQp + "aFrom me\n=3DFrom=20\n" },
        { "a line that starts with From is encoded in what is no text", "Content-Type: a/b\n\nFrom me\n",
            "Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nRnJvbSBtZQ0K\n" },
        { "From never stands at the start of a line of quoted-printable", Text8Bit + "ü" + new string('x', 69) + "From me to you\n",
            TextQp + "=C3=BC" + new string('x', 69) + "=\n=46rom me to you\n" },
        { "preamble and epilogue inside with a line that starts with From are dropped",
            Multipart + "--b\nContent-Type: multipart/mixed; boundary=c\n\nFrom x\n--c\n\none\n--c--\nFrom x\n--b--\n",
            Multipart + "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--\n--b--\n" },
        { "the mailbox line of a message inside is dropped", "Content-Type: message/rfc822\n\nFrom me@x Mon Jan 1\nSubject: in\n\none\n",
            "Content-Type: message/rfc822\n\nSubject: in\n\none\n" },
        { "a field of a message inside does not start with From and a space", "Content-Type: message/rfc822\n\nFrom : me\n\none\n",
            "Content-Type: message/rfc822\n\nFrom: me\n\none\n" },
        { "a line after a mailbox line that continues nothing is text", "Content-Type: message/rfc822\n\n>From me@x\n in\nSubject: ü\n",
            "Content-Type: message/rfc822\n\nMIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n\n in\nSubject: =C3=BC\n" },
        { "base64 with a parameter is not believed of what is none",
            "Content-Type: text/plain\nContent-Transfer-Encoding: base64; x\n\nSGVs =41 ü\n",
            "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nSGVs =3D41 =C3=BC\n" },
        { "base64 with a parameter is believed of what is some",
            "Content-Type: text/plain\nContent-Transfer-Encoding: base64; x\n\nw7wNCg=={LF}\n",
            "Content-Type: text/plain\nContent-Transfer-Encoding: base64; x\n\nw7wNCg==\n\n" },
        { "an encoding after a comment is none", "Content-Type: text/plain\nContent-Transfer-Encoding: (x) base64\n\nü\n",
            "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n=C3=BC\n" },
        { "uuencoded content with an 8bit file name is encoded again",
            "Content-Type: a/b\nContent-Transfer-Encoding: x-uuencode\n\nbegin 600 ü.txt\n%2&5L;&\\\n`\nend\n",
            "Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nSGVsbG8=\n" },
        { "uuencoded content without beginning is what it is",
            "Content-Type: text/plain\nContent-Transfer-Encoding: uuencode\n\nü\n",
            "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n=C3=BC\n" },
        { "a header as text is encoded where it is none",
            Multipart + "--b\nContent-Type: text/rfc822-headers\n\nSubject: x\n\n--b\nContent-Type: text/rfc822-headers\n\nno\n--b--\n",
            Multipart + "--b\nContent-Type: text/rfc822-headers\n\nSubject: x\n\n--b\nContent-Type: text/rfc822-headers\n"
                + "Content-Transfer-Encoding: quoted-printable\n\nno\n--b--\n" },
        { "a header as text is encoded where it tells of a message",
            Multipart + "--b\nContent-Type: text/rfc822-headers\n\nContent-Type: message/rfc822\n\n--b--\n",
            Multipart + "--b\nContent-Type: text/rfc822-headers\nContent-Transfer-Encoding: quoted-printable\n\n"
                + "Content-Type: message/rfc822\n\n--b--\n" },
        { "a file name that was cut inside a character keeps the others",
            Multipart + "--b\nContent-Type: a/b; name=\"Grüße{C3}.txt\"\n\nx\n--b--\n",
            Multipart + "--b\nContent-Type: a/b; name*=utf-8''Gr%C3%BC%C3%9Fe%EF%BF%BD.txt\n\nx\n--b--\n" },
        { "white space behind a delimiter of a signed part is not signed", Multipart + "--b\nContent-Type: multipart/signed; boundary=c\n\n"
            + "--c \n\none \n--c\t\n" + Text8Bit + "ü\n--c-- \n--b--\n",
            Multipart + "--b\nContent-Type: multipart/signed; boundary=c\n\n--c\n\none \n--c\n" + TextQp + "=C3=BC\n--c--\n--b--\n" },
        { "a signed part that is clean is left, label and all",
            Multipart + "--b\nContent-Type: multipart/signed; boundary=c\n\n--c\n" + Text8Bit + "one\n--c--\n--b--\n",
            Multipart + "--b\nContent-Type: multipart/signed; boundary=c\n\n--c\n" + Text8Bit + "one\n--c--\n--b--\n" },
    };

    [Theory]
    [InlineData("Москва;Пётр\n", 40, "base64")]
    [InlineData("Москва;Пётр\n", 4, "quoted-printable")]
    [InlineData("Größe ist die Größe, und das ist eine Zeile\n", 40, "quoted-printable")]
    [InlineData("{CR}", 4000, "base64")]
    public void Text_is_base64_where_that_is_shorter_by_half_a_kilobyte(string line, int count, string encoding)
    {
        var text = Raw(string.Concat(Enumerable.Repeat(line, count)));

        var content = Text.Of(Text.Entity(Text.Message(Raw(Text8Bit) + text)).Content);

        Assert.Contains($"Content-Transfer-Encoding: {encoding}\r\n", content, StringComparison.Ordinal);
        if (encoding == "base64")
            Assert.Equal(text, Text.Of(Convert.FromBase64String(content[content.IndexOf("\r\n\r\n", StringComparison.Ordinal)..])));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void What_is_signed_is(string message, string expected)
    {
        Assert.Equal(Raw(expected), Canonical(Text.Message(Raw(message))));
        Assert.Equal(Raw(expected), Canonical(Text.Message(Raw(expected)))); // canonical already
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void What_is_signed_does_not_depend_on_the_pieces_it_came_in(string message, string expected)
    {
        foreach (var pieceLength in new[] { 1, 2, 3, 7, 64 })
            Assert.Equal(Raw(expected), Canonical(Text.InPieces(Text.Message(Raw(message)), pieceLength)));
    }

    [Theory]
    [InlineData("Subject: x\nFrom: y\n\n", "Subject: x|From: y|MIME-Version: 1.0", 3)]
    [InlineData("MIME-Version: 1.0\nSubject: x\n\n", "MIME-Version: 1.0|Subject: x", 2)]
    [InlineData("A:  1 \nContent-Type: a/b\nB: 2\nCONTENT-Language: x\n\n", "A:  1 |MIME-Version: 1.0|B: 2", 2)]
    [InlineData("Content-Type: a/b\nMIME-Version:1.0 (x)\nA: 1\nMime-version: 1.0\n\n", "MIME-Version:1.0 (x)|A: 1", 0)]
    [InlineData("A: 1\nContent-Type: a/b\nA: 1\nMIME-Version: 1.0\nB:\n\t2\n\n", "A: 1|A: 1|MIME-Version: 1.0|B:\n\t2", 1)]
    [InlineData("", "MIME-Version: 1.0", 1)]
    public void Other_fields_stay_outside_with_one_version(string header, string outer, int contentTypeIndex)
    {
        var entity = Text.Entity(Text.Message(Raw(header)));

        Assert.Equal(Raw(outer), string.Join('|', entity.OuterHeaders));
        Assert.Equal(contentTypeIndex, entity.ContentTypeIndex);
    }

    [Theory]
    [InlineData(Multipart + "--b\nContent-Type: multipart/signed; boundary=c\n\n--c\n\nü\n--c--\n--b--\n", "signed itself")]
    [InlineData("Content-Type: message/partial; id=x\n\nü\n", "piece of a message")]
    [InlineData("Content-Type: text/plain\nContent-Transfer-Encoding: x-yenc\n\nü\n", "yEnc")]
    public void What_cannot_be_done_without_loss_says_why(string message, string reason)
    {
        var failure = Assert.IsType<CannotCanonicalize>(CanonicalEntity.Create(Text.Message(Raw(message))));

        Assert.Contains(reason, failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Clean_message_of_25_MB_is_shared_and_not_copied()
    {
        const int Lines = 350_000;
        var body = Text.Bytes("--b\r\n\r\n" + new StringBuilder().Insert(0, new string('x', 72) + "\r\n", Lines) + "--b--\r\n");
        var message = Text.InPieces(
            new([new("Content-Type", " multipart/mixed; boundary=b")], new(body)), pieceLength: 65_535);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var entity = Text.Entity(message);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 500_000);
        Assert.Equal(body, entity.Content.Slice(entity.Content.Length - body.Length).ToArray());
    }

    private static string Canonical(MailMessage message) => Text.Of(Text.Entity(message).Content);

    private static string Raw(string text) => Text.CrLf(Text.Utf8(text))
        .Replace("{CR}", "\r", StringComparison.Ordinal)
        .Replace("{LF}", "\n", StringComparison.Ordinal)
        .Replace("{NUL}", "\0", StringComparison.Ordinal)
        .Replace("{C3}", "\xC3", StringComparison.Ordinal)
        .Replace("{FC}", "\xFC", StringComparison.Ordinal);

    /// <summary>Messages with what is signed of them, each test named by a sentence.</summary>
    private sealed class Sentences : List<TheoryDataRow<string, string>>
    {
        public void Add(string sentence, string message, string expected) =>
            Add(new(message, expected) { TestDisplayName = sentence });
    }
}
