using System.Globalization;
using System.Text;

namespace Postseal.Certificates.Sources;

/// <summary>
/// A PKCS #11 URI (RFC 7512): <c>pkcs11:token=mail;object=alice</c>. Its path names tokens and objects; what a query could add, a PIN or
/// another library, has settings of its own and is refused.
/// </summary>
internal sealed class Pkcs11Uri
{
    public const string Scheme = "pkcs11:";

    private const int MaxLength = 2000;

    /// <summary>pk11-res-avail, unreserved, and the ampersand that a path has besides (RFC 7512 section 2.3).</summary>
    private const string PathMarks = "-._~:[]@!$'()*+,=&";

    private static readonly string[] OfTokens =
    [
        "token", "manufacturer", "serial", "model", "slot-id", "slot-description", "slot-manufacturer", "library-manufacturer",
        "library-description", "library-version",
    ];

    private static readonly string[] OfObjects = ["object", "id", "type"];
    private static readonly string[] Types = ["public", "private", "cert", "secret-key", "data"];

    private static readonly string[] QueryNames = ["pin-value", "pin-source", "module-path", "module-name"];

    private readonly Dictionary<string, byte[]> attributes;

    private Pkcs11Uri(Dictionary<string, byte[]> attributes) => this.attributes = attributes;

    /// <summary>Gets whether it says nothing of objects, and so names tokens alone.</summary>
    public bool IsOfToken => !OfObjects.Any(attributes.ContainsKey);

    /// <summary>Determines whether a setting is meant to be one.</summary>
    public static bool Is(string text) => text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Checks that a text is one.</summary>
    /// <exception cref="FormatException">It is none; the message is the end of a sentence that begins with the setting, and has nothing of a
    /// query: that may be a PIN.</exception>
    public static string Check(string text)
    {
        Parse(text);
        return text;
    }

    /// <summary>pk11-URI = "pkcs11:" pk11-path [ "?" pk11-query ], pk11-path = [ pk11-pattr *(";" pk11-pattr) ]</summary>
    /// <inheritdoc cref="Check" path="/exception"/>
    public static Pkcs11Uri Parse(string text)
    {
        if (text.Length > MaxLength)
            throw new FormatException($"is longer than {MaxLength} characters");
        if (text.Contains('?'))
            throw WhyNoQuery(text[(text.IndexOf('?') + 1)..]);
        if (!Is(text))
            throw new FormatException($"'{text}' is not a PKCS #11 URI, as pkcs11:token=mail;object=alice");
        var attributes = new Dictionary<string, byte[]>();
        foreach (var attribute in text[Scheme.Length..].Split(';'))
        {
            if (attribute.Length == 0 && text.Length == Scheme.Length)
                break;
            var equals = attribute.IndexOf('=');
            var name = equals < 0 ? attribute : attribute[..equals];
            if (equals < 0 || (!OfTokens.Contains(name) && !OfObjects.Contains(name)))
            {
                throw new FormatException(
                    $"'{name}' is no attribute of a PKCS #11 URI that is known here: {string.Join(", ", OfTokens.Concat(OfObjects))}");
            }

            if (!attributes.TryAdd(name, Decode(name, attribute[(equals + 1)..])))
                throw new FormatException($"has '{name}' twice");
        }

        var uri = new Pkcs11Uri(attributes);
        uri.CheckValues();
        return uri;
    }

    /// <summary>Determines whether it names a token.</summary>
    /// <param name="attribute">Gives the token's value of an attribute, <c>token</c>, <c>serial</c>, by name.</param>
    public bool MatchesToken(Func<string, string> attribute) =>
        OfTokens.All(name => !attributes.TryGetValue(name, out var value) || Encoding.UTF8.GetString(value) == attribute(name));

    /// <summary>Determines whether it names an object.</summary>
    /// <param name="label">The object's label.</param>
    /// <param name="id">Its identifier.</param>
    /// <param name="type">What it is, in the words of the RFC: <c>cert</c>, <c>private</c>.</param>
    public bool MatchesObject(string label, ReadOnlySpan<byte> id, string type) =>
        (!attributes.TryGetValue("object", out var wanted) || Encoding.UTF8.GetString(wanted) == label)
        && (!attributes.TryGetValue("id", out var wantedId) || id.SequenceEqual(wantedId))
        && (!attributes.TryGetValue("type", out var wantedType) || Encoding.UTF8.GetString(wantedType) == type);

    /// <summary>Writes a URI of a token and an object; what is empty is left out.</summary>
    public static string Of(string token, string label, ReadOnlySpan<byte> id)
    {
        var identifier = string.Concat(id.ToArray().Select(octet => $"%{octet:X2}"));
        (string Name, string Value)[] parts =
            [("token", Encode(token)), ("object", Encode(label)), ("id", label.Length > 0 ? "" : identifier)];
        return Scheme + string.Join(';', parts.Where(part => part.Value.Length > 0).Select(part => $"{part.Name}={part.Value}"));
    }

    private void CheckValues()
    {
        if (attributes.TryGetValue("type", out var type) && !Types.Contains(Encoding.UTF8.GetString(type)))
            throw new FormatException($"has a type that is none of {string.Join(", ", Types)}");
        if (attributes.TryGetValue("slot-id", out var slot)
            && !ulong.TryParse(Encoding.UTF8.GetString(slot), NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw new FormatException("has a slot-id that is no number");
        }
    }

    private static FormatException WhyNoQuery(string query) => QueryNames.FirstOrDefault(query.Split('&', '=').Contains) switch
    {
        "pin-value" => new("has a PIN in it, which everybody reads who reads the settings; write it into a file and name that in [Pkcs11] PinFile"),
        "pin-source" => new("has a pin-source; name the file with the PIN in [Pkcs11] PinFile"),
        "module-path" or "module-name" => new("names a library; that is [Pkcs11] Module"),
        _ => new("has a query, the part behind '?', which a setting has no use for"),
    };

    /// <summary>pk11-path-char = unreserved / pk11-path-res-avail / pct-encoded</summary>
    private static byte[] Decode(string name, string value)
    {
        var octets = new List<byte>(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (char.IsAsciiLetterOrDigit(value[i]) || PathMarks.Contains(value[i]))
                octets.Add((byte)value[i]);
            else if (value[i] != '%')
                throw new FormatException($"has '{value[i]}' in {name}, which is written as % and two hexadecimal digits an octet, in UTF-8");
            else if (value.Length > i + 2
                && byte.TryParse(value.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet))
            {
                octets.Add(octet);
                i += 2;
            }
            else
                throw new FormatException($"has a '%' in {name} that is not followed by two hexadecimal digits");
        }

        var decoded = octets.ToArray();
        if (name != "id" && (!System.Text.Unicode.Utf8.IsValid(decoded) || decoded.Contains((byte)0)))
            throw new FormatException($"has octets in {name} that are no text in UTF-8");
        return decoded;
    }

    private static string Encode(string text) => string.Concat(Encoding.UTF8.GetBytes(text).Select(octet =>
        char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~' ? $"{(char)octet}" : $"%{octet:X2}"));
}
