using System.Net;
using System.Text;

namespace Milter.Testing;

/// <summary>A message and its envelope, as a client hands it to an MTA.</summary>
public sealed record MtaMessage
{
    /// <summary>The client's name.</summary>
    public string ClientName { get; init; } = "localhost";

    /// <summary>The client's address; null for a submission on the MTA's own machine. Default: 127.0.0.1.</summary>
    public IPAddress? ClientAddress { get; init; } = IPAddress.Loopback;

    /// <summary>What the client says in HELO.</summary>
    public string Helo { get; init; } = "localhost";

    /// <summary>The name the client authenticated as; null when it did not.</summary>
    public string? AuthenticatedUser { get; init; }

    /// <summary>The envelope sender, without angle brackets; empty for a bounce.</summary>
    public string Sender { get; init; } = "sender@example.org";

    /// <summary>The envelope recipients, without angle brackets.</summary>
    public IReadOnlyList<string> Recipients { get; init; } = ["recipient@example.org"];

    /// <summary>The header fields from the top down.</summary>
    public IReadOnlyList<MilterHeader> Headers { get; init; } = [];

    /// <summary>The body with CRLF line ends.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The name the MTA gives the message.</summary>
    public string QueueId { get; init; } = "4ABCDEF012";

    /// <summary>Takes header and body from a message as it stands in a file, with CRLF or LF line ends.</summary>
    public static MtaMessage FromBytes(ReadOnlyMemory<byte> message)
    {
        var text = Encoding.Latin1.GetString(message.Span).Replace("\r\n", "\n", StringComparison.Ordinal);
        var end = text.StartsWith('\n') ? 0 : text.IndexOf("\n\n", StringComparison.Ordinal);
        var head = end < 0 ? text : text[..end];
        var body = end < 0 ? "" : text[(text.StartsWith('\n') ? 1 : end + 2)..];
        return new MtaMessage
        {
            Headers = [.. Unfold(head).Select(Parse)],
            Body = Encoding.Latin1.GetBytes(body.Replace("\n", "\r\n", StringComparison.Ordinal)),
        };
    }

    private static IEnumerable<string> Unfold(string head)
    {
        var field = "";
        foreach (var line in head.TrimEnd('\n').Split('\n'))
        {
            if (line is [' ' or '\t', ..] && field.Length > 0)
            {
                field += "\n" + line;
                continue;
            }
            if (field.Length > 0)
                yield return field;
            field = line;
        }
        if (field.Length > 0)
            yield return field;
    }

    private static MilterHeader Parse(string field)
    {
        var colon = field.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            ? new MilterHeader(Encoding.Latin1.GetBytes(field[..colon]), Encoding.Latin1.GetBytes(field[(colon + 1)..]))
            : throw new FormatException($"'{field}' is not a header field.");
    }
}

/// <summary>What an MTA did with a message.</summary>
public enum MtaVerdict
{
    /// <summary>It goes to its recipients.</summary>
    Accepted,
    /// <summary>The client got a 5xx.</summary>
    Rejected,
    /// <summary>The client got a 4xx and keeps it.</summary>
    TempFailed,
    /// <summary>The client was told it was accepted, and it was dropped.</summary>
    Discarded,
    /// <summary>It was accepted, and is held.</summary>
    Quarantined,
}

/// <summary>The end of a message, and what its recipients would get.</summary>
public sealed record MtaResult
{
    /// <summary>What became of it.</summary>
    public MtaVerdict Verdict { get; init; }

    /// <summary>The SMTP reply the filter gave in full, lines separated by CRLF; else empty.</summary>
    public string Reply { get; init; } = "";

    /// <summary>The reason it is held; null when it is not.</summary>
    public string? QuarantineReason { get; init; }

    /// <summary>The header fields, without those the MTA itself adds.</summary>
    public IReadOnlyList<MilterHeader> Headers { get; init; } = [];

    /// <summary>The body with CRLF line ends.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The envelope sender.</summary>
    public EnvelopeAddress Sender { get; init; } = new("");

    /// <summary>The envelope recipients.</summary>
    public IReadOnlyList<EnvelopeAddress> Recipients { get; init; } = [];

    /// <summary>Every frame the filter sent at the end of the message, progress included.</summary>
    public IReadOnlyList<MilterResponseFrame> Frames { get; init; } = [];

    /// <summary>Whether the MTA sent the body: not, when the filter had decided before.</summary>
    public bool BodyWasSent { get; init; }

    /// <summary>The message as it would stand in a file, with CRLF line ends.</summary>
    public byte[] ToBytes()
    {
        using var message = new MemoryStream();
        foreach (var header in Headers)
        {
            message.Write(header.Name.Span);
            message.WriteByte((byte)':');
            message.Write(Encoding.Latin1.GetBytes(
                Encoding.Latin1.GetString(header.Value.Span).Replace("\n", "\r\n", StringComparison.Ordinal)));
            message.Write("\r\n"u8);
        }
        message.Write("\r\n"u8);
        message.Write(Body.Span);
        return message.ToArray();
    }
}
