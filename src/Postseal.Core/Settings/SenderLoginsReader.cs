using System.Text;
using Postseal.Certificates.Formats;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.Settings;

/// <summary>
/// Reads <see cref="SenderLogins"/> from a file as postmap(1) does: <c>ADDRESS LOGIN[, LOGIN…]</c> or <c>@DOMAIN
/// LOGIN</c>, logins separated by commas and blanks; a line that begins with a blank continues the one before; empty
/// lines, and those that begin with #, are comments, between the parts of a line too.
/// </summary>
/// <remarks>
/// Where postmap warns and goes on, this is an error: a line that is passed over, or an address of which the second
/// line does not count, grants something else than its writer meant. So is what Postfix looks up in its own domains
/// alone, a name without a domain.
/// </remarks>
internal sealed class SenderLoginsReader
{
    /// <summary>Some 80,000 lines; what is larger was named by mistake.</summary>
    internal const int MaxSize = 4 << 20;

    private const int MaxProblems = 10;

    private readonly Dictionary<AddressPattern, SenderLoginsLine> lines = [];
    private readonly List<string> problems = [];
    private readonly string? loginDomain;

    private SenderLoginsReader(string? loginDomain) => this.loginDomain = loginDomain;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="loginDomain">Completes logins without @, there and at the SMTP server.</param>
    /// <param name="problems">What is wrong with it, at least the first ten, each with its line. When there is any, the
    /// logins must not be used.</param>
    public static SenderLogins Read(string path, string? loginDomain, out IReadOnlyList<string> problems)
    {
        var reader = new SenderLoginsReader(loginDomain);
        problems = reader.problems;
        var stamp = FileStamp.Of(path);
        if (reader.ReadText(path) is { } text)
            reader.ReadLines(text);
        return new SenderLogins(path, stamp, reader.lines);
    }

    private string? ReadText(string path)
    {
        try
        {
            using var file = new FileStream(RegularFile.Open(path), FileAccess.Read, bufferSize: 0);
            if (file.Length <= MaxSize)
            {
                var bytes = new byte[file.Length];
                var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
                return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length).TrimStart('\uFEFF');
            }

            problems.Add($"is larger than {MaxSize >> 20} MiB; it cannot be a file of addresses and logins");
        }
        catch (DecoderFallbackException)
        {
            problems.Add("is not text in UTF-8");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"cannot be read: {e.Message}");
        }

        return null;
    }

    /// <summary>Puts the parts of each line together.</summary>
    private void ReadLines(string text)
    {
        var (start, number) = (0, 0);
        var line = new StringBuilder();
        foreach (var part in text.Split('\n'))
        {
            number++;
            var content = part.Trim(Blanks);
            if (content.Length == 0 || content[0] == '#')
                continue;
            if (!Blanks.Contains(part[0]))
            {
                ReadLine(start, line.ToString());
                start = number;
                line.Clear();
            }
            else if (line.Length == 0)
            {
                Problem(number, "begins with a blank, and there is no line before it that it could continue");
                continue;
            }

            line.Append(line.Length == 0 ? "" : " ").Append(content);
        }

        ReadLine(start, line.ToString());
    }

    private void ReadLine(int number, string line)
    {
        if (line.Length == 0)
            return;
        var keyLength = KeyLength(line);
        var (key, logins) = (line[..keyLength], line[keyLength..].Split(Separators, StringSplitOptions.RemoveEmptyEntries));
        if (!AddressPattern.TryParse(key, out var pattern))
            Problem(number, $"'{key}' {AddressPattern.IsNeither}");
        else if (logins.Length == 0)
            Problem(number, $"there is no login behind {key}");
        else if (Array.Find(logins, login => login[0] == '#') is not null)
            Problem(number, "a comment has a line of its own; behind a login it would be logins, too");
        else if (Array.Find(logins, IsOdd) is { } odd)
            Problem(number, $"'{odd}' holds a control character or an unusual blank");
        else if (lines.TryGetValue(pattern, out var first))
            Problem(number, $"{key} has line {first.Number} already; put all of its logins there");
        else
            lines.Add(pattern, new SenderLoginsLine(number, Canonical(logins)));
    }

    private HashSet<string> Canonical(IEnumerable<string> logins) =>
        logins.Select(login => Login.Of(login, loginDomain).CanonicalText).ToHashSet(StringComparer.Ordinal);

    /// <summary>Finds the length of the key: up to the first blank outside quotes.</summary>
    private static int KeyLength(string line)
    {
        var isQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            switch (line[i])
            {
                case '\\':
                    i++;
                    break;
                case '"':
                    isQuoted = !isQuoted;
                    break;
                case var c when !isQuoted && Blanks.Contains(c):
                    return i;
            }
        }

        return line.Length;
    }

    private static bool IsOdd(string login) => login.Any(c => char.IsControl(c) || char.IsWhiteSpace(c));

    private void Problem(int line, string problem)
    {
        if (problems.Count < MaxProblems)
            problems.Add($"line {line}: {problem}");
    }

    // What C's isspace() takes in.
    private static readonly char[] Blanks = [' ', '\t', '\r', '\v', '\f'];
    private static readonly char[] Separators = [',', .. Blanks];
}
