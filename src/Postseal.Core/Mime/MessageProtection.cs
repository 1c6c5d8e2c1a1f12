using System.Text;

namespace Postseal.Mime;

/// <summary>How a message is protected already. All but <see cref="None"/> must pass unchanged.</summary>
public enum MessageProtection
{
    /// <summary>Neither S/MIME nor PGP/MIME.</summary>
    None,

    /// <summary>multipart/signed, of any protocol but PGP (RFC 1847, RFC 8551 section 3.5.3).</summary>
    SmimeSigned,

    /// <summary>application/pkcs7-mime (RFC 8551 section 3.2): opaque signed, certs-only, or of a kind it does not
    /// tell.</summary>
    SmimeOpaque,

    /// <summary>application/pkcs7-mime with enveloped-data.</summary>
    SmimeEnveloped,

    /// <summary>application/pkcs7-mime with authEnveloped-data.</summary>
    SmimeAuthEnveloped,

    /// <summary>application/pkcs7-mime with compressed-data.</summary>
    SmimeCompressed,

    /// <summary>Another type with a file name that says S/MIME: .p7m, .p7s, .p7c (RFC 8551 section 3.2.1).</summary>
    SmimeByFileName,

    /// <summary>PGP/MIME, signed or encrypted, or any other multipart/encrypted (RFC 3156, RFC 1847).</summary>
    Pgp,
}

/// <summary>Tells how a message is protected.</summary>
public static class ProtectionClassifier
{
    /// <summary>
    /// Looks at the header alone. Of several Content-Type fields, which readers choose from differently, any one that
    /// says "protected" is believed.
    /// </summary>
    public static MessageProtection Classify(IEnumerable<HeaderField> headers)
    {
        foreach (var field in headers)
        {
            var protection = field.Is("Content-Type") ? OfType(ContentType.Parse(field.Value.Span))
                : field.Is("Content-Disposition") ? OfFileName(field.Value.Span)
                : MessageProtection.None;
            if (protection != MessageProtection.None)
                return protection;
        }
        return MessageProtection.None;
    }

    private static MessageProtection OfType(ContentType? type) => type?.MediaType switch
    {
        null => MessageProtection.None,
        "multipart/encrypted" => MessageProtection.Pgp,
        "multipart/signed" => IsPgp(type.Parameter("protocol")) ? MessageProtection.Pgp : MessageProtection.SmimeSigned,
        "application/pkcs7-mime" or "application/x-pkcs7-mime" => OfSmimeType(type.Parameter("smime-type")),
        "application/pkcs7-signature" or "application/x-pkcs7-signature" => MessageProtection.SmimeOpaque,
        _ => IsSmimeFile(type.Parameter("name")) ? MessageProtection.SmimeByFileName : MessageProtection.None,
    };

    private static MessageProtection OfSmimeType(string? smimeType) => smimeType?.Trim().ToUpperInvariant() switch
    {
        "ENVELOPED-DATA" => MessageProtection.SmimeEnveloped,
        "AUTHENVELOPED-DATA" => MessageProtection.SmimeAuthEnveloped,
        "COMPRESSED-DATA" => MessageProtection.SmimeCompressed,
        _ => MessageProtection.SmimeOpaque,
    };

    private static MessageProtection OfFileName(ReadOnlySpan<byte> disposition)
    {
        ParameterParser.Parse(disposition, out var parameters);
        var name = parameters.FirstOrDefault(p => p.Name == "filename")?.Value ?? default;
        return IsSmimeFile(Encoding.Latin1.GetString(name.Span))
            ? MessageProtection.SmimeByFileName
            : MessageProtection.None;
    }

    private static bool IsPgp(string? protocol) =>
        protocol?.Trim().StartsWith("application/pgp-", StringComparison.OrdinalIgnoreCase) == true;

    private static bool IsSmimeFile(string? name) =>
        name is not null && Path.GetExtension(name.AsSpan().Trim()) is { Length: 4 } extension
        && (extension.Equals(".p7m", StringComparison.OrdinalIgnoreCase)
            || extension.Equals(".p7s", StringComparison.OrdinalIgnoreCase)
            || extension.Equals(".p7c", StringComparison.OrdinalIgnoreCase));
}
