using System.Globalization;
using System.Text;

namespace Postseal.TestKit;

/// <summary>One way to write From, as <c>from-forms.txt</c> has it.</summary>
/// <param name="Written">The line of the file, for the test's name.</param>
/// <param name="Value">What follows the colon.</param>
/// <param name="Authors">Whose mail it is; empty where that is not clear.</param>
/// <param name="Problem">A part of the reason why it is not.</param>
/// <param name="Possible">Addresses some reader takes from it.</param>
public sealed record FromForm(
    string Written, byte[] Value, IReadOnlyList<string> Authors, string? Problem, IReadOnlyList<string> Possible);

/// <summary>The forms of From in <c>from-forms.txt</c>.</summary>
public static class FromForms
{
    private const string Start = "From:";

    /// <summary>All of them, in the order of the file.</summary>
    public static IReadOnlyList<FromForm> All { get; } = Read();

    private static List<FromForm> Read()
    {
        using var stream = typeof(FromForms).Assembly.GetManifestResourceStream("from-forms.txt")
            ?? throw new InvalidOperationException("from-forms.txt is not in TestKit");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var forms = new List<FromForm>();
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith(Start, StringComparison.Ordinal))
                forms.Add(new FromForm(line, Unescape(line[Start.Length..]), [], null, []));
            else if (line.StartsWith("  ", StringComparison.Ordinal))
                forms[^1] = With(forms[^1], line);
            else if (line.Length > 0 && line[0] != '#')
                throw new InvalidOperationException($"from-forms.txt: what is '{line}'?");
        }

        return forms;
    }

    private static FromForm With(FromForm form, string line)
    {
        var (name, value) = line.Split(':', 2, StringSplitOptions.TrimEntries) is [var key, var rest]
            ? (key, rest)
            : throw new InvalidOperationException($"from-forms.txt: what is '{line}'?");
        return name switch
        {
            "author" => form with { Authors = List(value) },
            "unclear" => form with { Problem = value },
            "possible" => form with { Possible = List(value) },
            _ => throw new InvalidOperationException($"from-forms.txt: what is '{name}'?"),
        };
    }

    private static string[] List(string value) => Encoding.UTF8.GetString(Unescape(value)).Split(", ");

    private static byte[] Unescape(string text)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                bytes.Add((byte)text[i]);
                continue;
            }

            switch (text[++i])
            {
                case 'x':
                    bytes.Add(byte.Parse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                    i += 2;
                    break;
                case 'u':
                    var end = text.IndexOf('}', i);
                    var rune = new Rune(int.Parse(text.AsSpan(i + 2, end - i - 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                    bytes.AddRange(Encoding.UTF8.GetBytes(rune.ToString()));
                    i = end;
                    break;
                default:
                    bytes.Add(text[i] switch { 'r' => (byte)'\r', 'n' => (byte)'\n', 't' => (byte)'\t', '0' => 0, var c => (byte)c });
                    break;
            }
        }

        return [.. bytes];
    }
}
