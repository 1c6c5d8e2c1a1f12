using System.Text;
using Postseal.Certificates.Sources;

namespace Fuzzing;

/// <summary>
/// Holds the reading of PKCS #11 URIs to what it promises whatever is written: it is one or an error, which does not repeat the PIN in it; and
/// what is written for a token and an object names both and no others.
/// </summary>
internal static class TokenUriFuzz
{
    private const string Pin = "4829131";
    private const string Characters = "aZ09%;=:?&-_. /#\\\"'üß€\u0001\u001b\u202e\ud83d\ude00";

    private static readonly string[] Seeds =
    [
        $"pkcs11:token=mail;object=alice?pin-value={Pin}", $"pkcs11:id=%01%ff;type=private?module-name=x&pin-value={Pin}", $"pkcs11:?pin-value={Pin}",
        $"pkcs11:slot-id=327;serial=%20;library-version=1.23?x={Pin}", "pkcs11:token=Soft%20PKCS%2311%20Token;manufacturer=Snake%20Oil,%20Inc.",
    ];

    /// <summary>Fuzzes for that long, and prints how many inputs it was.</summary>
    public static int Run(TimeSpan duration, int seed) => FuzzLoop.Run("token-uri", duration, seed, Make, Check);

    private static byte[] Make(Random random)
    {
        var text = new StringBuilder(random.GetItems(Seeds, 1)[0]);
        if (random.Next(3) == 0)
            text.Length = text.ToString().IndexOf('?') is var query and >= 0 ? query : text.Length;
        for (var left = random.Next(6); left > 0; left--)
        {
            var at = random.Next(text.Length);
            _ = random.Next(3) switch
            {
                0 => text.Remove(at, Math.Min(random.Next(1, 4), text.Length - at)).Append(text.Length == 0 ? "p" : ""),
                1 => text.Insert(at, Characters[random.Next(Characters.Length)]),
                _ => text.Insert(at, text.ToString(at, Math.Min(random.Next(1, 300), text.Length - at))),
            };
        }

        return Encoding.Unicode.GetBytes(text.ToString());
    }

    private static string Check(byte[] input)
    {
        var text = Encoding.Unicode.GetString(input);
        CheckWritten(text, input);
        try
        {
            return Pkcs11Uri.Parse(text).IsOfToken ? "tokens" : "objects";
        }
        catch (FormatException e) when (!text.Contains('?') || !e.Message.Contains(Pin, StringComparison.Ordinal))
        {
            return "refused";
        }
    }

    /// <summary>Writes a URI for a token and an object that are called like this, and reads it.</summary>
    private static void CheckWritten(string name, byte[] id)
    {
        if (name.Contains('\0') || name.Length > 100 || Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name)) != name)
            return;
        var uri = Pkcs11Uri.Parse(Pkcs11Uri.Of(name, id.Length % 2 == 0 ? name : "", id));
        if (!uri.MatchesToken(_ => name) || !uri.MatchesObject(name, id, "private"))
            throw new InvalidOperationException("what was written for them does not name them");
        if (uri.MatchesToken(_ => name + "x") || uri.MatchesObject(name + "x", [.. id, 0], "private"))
            throw new InvalidOperationException("what was written for them names others");
    }
}
