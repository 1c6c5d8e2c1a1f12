using System.Text;

namespace Postseal.Mime;

/// <summary>Turns text in any charset that a header field may name into characters.</summary>
internal static class Charsets
{
    /// <summary>
    /// Decodes without failing. In a charset that nobody knows, ASCII is taken for ASCII and all else for Latin-1; so it is
    /// in those of several bytes a character, of which only the ASCII matters here.
    /// </summary>
    /// <param name="charset">Its name, in lower case.</param>
    /// <param name="bytes">The text.</param>
    public static string Decode(string charset, byte[] bytes) => charset switch
    {
        "utf-8" or "utf8" or "unicode-1-1-utf-8" => Encoding.UTF8.GetString(bytes),
        "utf-7" or "utf7" or "unicode-1-1-utf-7" => DecodeUtf7(bytes),
        _ when charset.StartsWith("utf", StringComparison.Ordinal) || charset.StartsWith("iso-10646", StringComparison.Ordinal) =>
            Encoding.Latin1.GetString(Array.FindAll(bytes, b => b != 0)),
        // Asked of the provider itself, as Encoding.GetEncoding throws for each name that it does not know.
        _ => (CodePagesEncodingProvider.Instance.GetEncoding(charset) ?? Encoding.Latin1).GetString(bytes),
    };

#pragma warning disable SYSLIB0001 // It is only read: some readers still decode it, and show an address that it hides.
    private static string DecodeUtf7(byte[] bytes) => new UTF7Encoding(allowOptionals: true).GetString(bytes);
#pragma warning restore SYSLIB0001
}
