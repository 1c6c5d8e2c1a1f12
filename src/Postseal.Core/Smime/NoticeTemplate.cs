using System.Text;
using System.Text.RegularExpressions;
using Postseal.Certificates.Formats;

namespace Postseal.Smime;

/// <summary>
/// The text of a notice, with places to fill in: <c>{from}</c>, <c>{recipient}</c> and <c>{date}</c>. The subject of the message is not
/// repeated; it is in the header.
/// </summary>
internal sealed partial class NoticeTemplate
{
    // More than twenty pages.
    private const int MaxLength = 64 * 1024;

    private static readonly string[] Places = ["from", "recipient", "date"];

    private readonly string text;

    private NoticeTemplate(string text, string? language) => (this.text, Language) = (text, language);

    /// <summary>Gets the languages of the built-in templates, as tags.</summary>
    public static IReadOnlyList<string> Languages { get; } = ["de", "en", "es", "fr", "it"];

    /// <summary>Gets the language, as a tag; <see langword="null"/> if it is not known.</summary>
    public string? Language { get; }

    /// <summary>Loads a template.</summary>
    /// <param name="path">An administrator's own file, in UTF-8; <see langword="null"/> or empty: a built-in one.</param>
    /// <param name="language">The language of the built-in one, as a tag (RFC 5646): <c>de</c>, <c>fr-CH</c>.</param>
    /// <exception cref="FormatException">There is none in that language; or the file cannot be read, or is not a template. The message says
    /// what would be right.</exception>
    public static NoticeTemplate Load(string? path, string language)
    {
        if (!string.IsNullOrEmpty(path))
            return new NoticeTemplate(Check(path, ReadFile(path)), language: null);
        var primary = language.Split('-')[0].ToLowerInvariant();
        return Languages.Contains(primary)
            ? new NoticeTemplate(ReadBuiltIn(primary), primary)
            : throw new FormatException($"there is no notice in '{language}': there are {string.Join(", ", Languages)}, and any in a file");
    }

    /// <summary>Returns the notice. Places in the filled-in texts are not replaced.</summary>
    /// <param name="from">Who wrote the message.</param>
    /// <param name="recipient">Who reads it.</param>
    /// <param name="date">When it was written.</param>
    public string Fill(string from, string recipient, string date) => Place().Replace(text, place => place.Groups[1].Value switch
    {
        "from" => from,
        "recipient" => recipient,
        _ => date,
    });

    private static string ReadBuiltIn(string language)
    {
        using var resource = typeof(NoticeTemplate).Assembly.GetManifestResourceStream($"notice.{language}.txt")!;
        using var reader = new StreamReader(resource, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            using var file = RegularFile.Open(path);
            var length = RandomAccess.GetLength(file);
            if (length > MaxLength)
                throw new FormatException($"'{path}' is longer than {MaxLength} bytes");
            var bytes = new byte[length];
            var read = RandomAccess.Read(file, bytes, 0);
            return bytes[..read];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    private static string Check(string path, byte[] bytes)
    {
        string content;
        try
        {
            content = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF').ReplaceLineEndings("\n");
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException($"'{path}' is not text in UTF-8", e);
        }

        if (string.IsNullOrWhiteSpace(content))
            throw new FormatException($"'{path}' is empty");
        if (content.Any(c => char.IsControl(c) && c is not ('\n' or '\t')))
            throw new FormatException($"'{path}' has control characters in it");
        var unknown = AnyPlace().Matches(content).Select(match => match.Groups[1].Value).FirstOrDefault(name => !Places.Contains(name));
        return unknown is null
            ? content
            : throw new FormatException(
                $"'{path}' has {{{unknown}}} in it: what is filled in are {string.Join(", ", Places.Select(name => $"{{{name}}}"))}");
    }

    [GeneratedRegex(@"\{(from|recipient|date)\}")]
    private static partial Regex Place();

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex AnyPlace();
}
