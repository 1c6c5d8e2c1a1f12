using System.Buffers.Text;
using System.Text;

namespace Postseal.Certificates.Formats;

/// <summary>
/// The blocks of a PEM text (RFC 7468, and RFC 1421's headers inside as OpenSSL still writes them), one after another.
/// It looks at each byte once or twice whatever the text: a search for each BEGIN's own END would take quadratic time.
/// </summary>
internal ref struct PemBlocks(ReadOnlySpan<byte> text)
{
    private PemLines lines = new(text);

    public PemBlock Current { get; private set; }

    public readonly PemBlocks GetEnumerator() => this;

    /// <summary>Goes to the next block. After a damaged one there is no other.</summary>
    public bool MoveNext()
    {
        ReadOnlySpan<byte> label;
        do
        {
            if (!lines.MoveNext())
                return false;
        }
        while (!TryLabel(lines.Current, "-----BEGIN "u8, out label));

        var body = lines.Rest;
        for (var length = 0; lines.MoveNext(); length = body.Length - lines.Rest.Length)
        {
            if (!lines.Current.StartsWith("-----"u8))
                continue;
            var isEnd = TryLabel(lines.Current, "-----END "u8, out var end) && end.SequenceEqual(label);
            Current = isEnd ? PemBlock.Of(label, body[..length]) : default;
            if (Current.IsDamaged)
                lines = default;
            return true;
        }

        Current = default;
        return true;
    }

    private static bool TryLabel(ReadOnlySpan<byte> line, ReadOnlySpan<byte> start, out ReadOnlySpan<byte> label)
    {
        var isBoundary = line.StartsWith(start) && line.EndsWith("-----"u8) && line.Length >= start.Length + 5;
        label = isBoundary ? line[start.Length..^5] : default;
        return isBoundary;
    }
}

/// <summary>One block. <see langword="default"/> stands for one that is damaged.</summary>
internal readonly ref struct PemBlock
{
    private readonly ReadOnlySpan<byte> base64;
    private readonly int maxLength;

    private PemBlock(string label, string? encryptionInfo, ReadOnlySpan<byte> base64, int maxLength)
    {
        (Label, EncryptionInfo) = (label, encryptionInfo ?? "");
        IsEncrypted = encryptionInfo is not null;
        this.base64 = base64;
        this.maxLength = maxLength;
    }

    /// <summary>Gets the text between BEGIN and the dashes.</summary>
    public string Label { get; }

    /// <summary>Gets whether the headers say so (<c>Proc-Type: 4,ENCRYPTED</c>).</summary>
    public bool IsEncrypted { get; }

    /// <summary>Gets the value of DEK-Info: algorithm, comma, IV in hexadecimal.</summary>
    public string EncryptionInfo { get; }

    public bool IsDamaged => Label is null;

    public static PemBlock Of(ReadOnlySpan<byte> label, ReadOnlySpan<byte> body)
    {
        string? encryptionInfo = null;
        var encrypted = false;
        for (int end; (end = body.IndexOf((byte)'\n')) >= 0 && body[..end].Contains((byte)':'); body = body[(end + 1)..])
        {
            var header = Encoding.ASCII.GetString(body[..end]).Trim();
            encrypted |= header == "Proc-Type: 4,ENCRYPTED";
            if (header.StartsWith("DEK-Info:", StringComparison.Ordinal))
                encryptionInfo = header["DEK-Info:".Length..].Trim();
        }

        return Base64.IsValid(body, out var length) && length > 0
            ? new PemBlock(Encoding.ASCII.GetString(label), encrypted ? encryptionInfo ?? "" : null, body, length)
            : default;
    }

    /// <summary>Returns the bytes; the caller clears them.</summary>
    public byte[] Decode()
    {
        var der = new byte[maxLength];
        Base64.DecodeFromUtf8(base64, der, out _, out _);
        return der;
    }
}
