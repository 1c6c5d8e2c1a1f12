namespace Postseal.Certificates.Sources;

/// <summary>A PKCS #11 URI (RFC 7512): <c>pkcs11:token=mail;object=alice</c>.</summary>
internal static class Pkcs11Uri
{
    public const string Scheme = "pkcs11:";

    /// <summary>Determines whether a setting is meant to be one.</summary>
    public static bool Is(string text) => text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Checks that a text is one.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string Check(string text) => Is(text) ? text : throw new FormatException();
}
