using System.Text;
using Postseal.TestKit;
using static Postseal.TestKit.LetterRoom;

namespace Fuzzing;

/// <summary>Letters that somebody signed, with lines and bytes put where they do not belong. Each char is a byte (Latin-1).</summary>
public sealed class MutatedLetter(LetterRoom room)
{
    private const int Kinds = 12;

    private static readonly string[] Tokens =
    [
        "\r\n", "\n", "\r", "\0", " ", "\t", "=", "==", "\"", "\\", "(c)", "(", ";", ":", "--", "------=_signed", "\r\n------=_signed\r\n",
        "\r\n------=_signed--\r\n", "\r\n------=_signedx\r\n", "\r------=_signed\r\n", "\n------=_signed\n", "------=_signed \r\n", "------=_signed--",
        "\r\n------=_outer\r\n", "\r\n------=_outer--\r\n", "From: Mallory <mallory@evil.example>\r\n", "From: Alice <alice@example.org>\r\n",
        "Sender: mallory@evil.example\r\n", "Date: Sun, 22 Nov 2026 12:30:00 +0000\r\n", "MIME-Version: 1.0\r\n", "Content-Type: text/plain\r\n",
        "Content-Type: multipart/mixed; boundary=\"----=_signed\"\r\n", "Content-Type: application/pkcs7-mime\r\n", " boundary=x;", " boundary*0=x;",
        "; smime-type=certs-only", "Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: 8bit\r\n", "Content-Transfer-Encoding: quoted-printable\r\n",
        "Content-Type: application/pkcs7-signature\r\n", "\r\n\r\nPay Mallory 1000.\r\n", "QUJD", "multipart/signed", "application/pkcs7-mime", "\xFC", "\r\n\t", "\r\n ",
    ];

    private readonly string[] letters =
    [
        .. Letters(room).Select(letter => Encoding.Latin1.GetString(letter)),
    ];

    /// <summary>Makes one.</summary>
    public string Make(Random random)
    {
        var letter = letters[random.Next(letters.Length)];
        for (var left = random.Next(4) == 0 ? 8 : random.Next(1, 3); left > 0; left--)
            letter = Mutate(letter, random);
        return letter;
    }

    private static IEnumerable<byte[]> Letters(LetterRoom room)
    {
        var (alice, text) = (By(room.Alice), SignedLetter.Text);
        var outer = By(room.List) with { Boundary = "----=_outer" };
        byte[][] entities =
        [
            alice.Detached(text), alice.Opaque(text), By(room.Mallory).Detached(text), By(room.Alice, room.Mallory).Detached(text),
            outer.Detached(alice.Detached(text)), outer.Opaque(alice.Detached(text)), outer.Detached(alice.Opaque(text)),
            alice.Detached(SignedLetter.Multipart("mixed", text, text)), SignedLetter.Multipart("mixed", text, alice.Detached(text)),
            alice.Detached(text, alice.Sign(text, isDetached: false)), (alice with { IsSigned = false }).Opaque(text), alice.CertificatesOnly(),
        ];
        return entities.Select(entity => Letter("Alice <alice@example.org>", entity));
    }

    private string Mutate(string letter, Random random)
    {
        var at = random.Next(letter.Length + 1);
        var length = Math.Min(random.Next(1, 40), letter.Length - at);
        var lines = letter.Split("\r\n");
        var (one, other) = (random.Next(lines.Length), random.Next(lines.Length));
        switch (random.Next(Kinds))
        {
            case 0: // one bit is wrong
                return length == 0 ? letter : letter[..at] + (char)(letter[at] ^ (1 << random.Next(8))) + letter[(at + 1)..];
            case 1: // a piece is missing
                return letter.Remove(at, length);
            case 2: // a piece comes twice
                return letter.Insert(at, letter.Substring(at, length));
            case 3: // something is put in
                return letter.Insert(at, Token(random));
            case 4: // or at the start of a line
            case 5:
                lines[one] = Token(random) + lines[one];
                break;
            case 6: // two lines change places
                (lines[one], lines[other]) = (lines[other], lines[one]);
                break;
            case 7: // a line comes twice
                lines[one] = $"{lines[one]}\r\n{lines[one]}";
                break;
            case 8: // a line is missing
                return string.Join("\r\n", lines.Where((_, line) => line != one));
            case 9: // a line ends otherwise
                return string.Join("\r\n", lines[..one]) + (random.Next(2) == 0 ? "\n" : "\r") + string.Join("\r\n", lines[one..]);
            case 10: // a line in another case
                lines[one] = random.Next(2) == 0 ? lines[one].ToUpperInvariant() : lines[one].ToLowerInvariant();
                break;
            default: // the rest is another's
                var rest = letters[random.Next(letters.Length)].Split("\r\n");
                return string.Join("\r\n", lines[..one].Concat(rest[random.Next(rest.Length)..]));
        }

        return string.Join("\r\n", lines);
    }

    private static string Token(Random random) => Tokens[random.Next(Tokens.Length)];
}
