using System.Globalization;
using System.Text;

namespace Milter;

/// <summary>Tells the MTA how to continue with a command, a recipient or a message.</summary>
public sealed record MilterReply
{
    /// <summary>Continues with the next command.</summary>
    public static readonly MilterReply Continue = new(MilterResponse.Continue);

    /// <summary>Accepts: no more of this message (of this connection, at its start) is sent to the filter.</summary>
    public static readonly MilterReply Accept = new(MilterResponse.Accept);

    /// <summary>Rejects for good, with the MTA's own text.</summary>
    public static readonly MilterReply Reject = new(MilterResponse.Reject);

    /// <summary>Fails temporarily, with the MTA's own text.</summary>
    public static readonly MilterReply TempFail = new(MilterResponse.TempFail);

    /// <summary>Discards the message while its client sees it accepted. It is not possible at the connection's
    /// stages.</summary>
    public static readonly MilterReply Discard = new(MilterResponse.Discard);

    /// <summary>Skips the other header fields or body chunks of this message; the stages after them follow. It is
    /// possible only as the reply to a header field or a body chunk, and only when <see cref="MilterSteps.Skip"/> was
    /// agreed.</summary>
    public static readonly MilterReply Skip = new(MilterResponse.Skip);

    /// <summary>Closes the SMTP connection with 421.</summary>
    public static readonly MilterReply Shutdown = new(MilterResponse.Shutdown);

    // RFC 5321 section 4.5.3.1.5 allows a line of 512 octets; the code, an enhanced status and CRLF are taken off.
    private const int MaxTextLine = 480;
    private const int MaxLines = 32; // libmilter's MAXREPLIES: more is not read by Sendmail.

    private readonly string text = "";

    private MilterReply(MilterResponse response) => Response = response;

    /// <summary>Gets the first byte of the reply.</summary>
    public MilterResponse Response { get; }

    /// <summary>Gets the SMTP reply as the client sees it, lines separated by CRLF; empty unless it was given in
    /// full.</summary>
    public string Text => text;

    /// <summary>Gets whether the reply ends the message (or recipient, or connection) it was given for.</summary>
    public bool IsFinal => Response is not (MilterResponse.Continue or MilterResponse.Skip);

    /// <summary>Creates a reply from its code and text.</summary>
    /// <param name="code">400 to 599.</param>
    /// <param name="enhancedStatus">The status of RFC 3463, like <c>5.7.1</c>; its class is that of the code.</param>
    /// <param name="text">The text for the sender. A line break makes a reply of several lines. Any text will do:
    /// characters that SMTP cannot carry are replaced by <c>?</c>, and lines are cut at 480 characters.</param>
    /// <exception cref="ArgumentException">The code or the status is invalid.</exception>
    public static MilterReply WithCode(int code, string enhancedStatus, string text)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(code, 400);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code, 599);
        ArgumentNullException.ThrowIfNull(text);
        if (!IsStatus(enhancedStatus, code / 100))
        {
            var message = $"'{enhancedStatus}' is not a status of class {code / 100} like {code / 100}.7.1.";
            throw new ArgumentException(message, nameof(enhancedStatus));
        }
        return new MilterReply(code, enhancedStatus, text.ReplaceLineEndings("\n").Split('\n'));
    }

    private MilterReply(int code, string status, string[] lines)
        : this(MilterResponse.ReplyCode)
    {
        var reply = new StringBuilder();
        var last = Math.Min(lines.Length, MaxLines) - 1;
        for (var i = 0; i <= last; i++)
        {
            var line = lines[i].Length > MaxTextLine ? lines[i].AsSpan(0, MaxTextLine) : lines[i];
            reply.Append(CultureInfo.InvariantCulture, $"{code}{(i < last ? '-' : ' ')}{status} ");
            foreach (var c in line)
                reply.Append(c is >= ' ' and <= '~' ? c : '?');
            if (i < last)
                reply.Append("\r\n");
        }
        text = reply.ToString();
    }

    internal void Write(System.Buffers.IBufferWriter<byte> output)
    {
        // Sendmail takes the text as a format of printf: a percent sign is written twice, and Postfix undoes it.
        var payload = text.Length == 0 ? "" : text.Replace("%", "%%", StringComparison.Ordinal) + '\0';
        FrameWriter.Write(output, (byte)Response, Encoding.ASCII.GetBytes(payload));
    }

    private static bool IsStatus(string status, int @class)
    {
        ArgumentNullException.ThrowIfNull(status);
        var parts = status.Split('.');
        return parts.Length == 3
            && parts[0] == @class.ToString(CultureInfo.InvariantCulture)
            && parts.All(part => part.Length is > 0 and <= 3 && part.All(char.IsAsciiDigit));
    }

    /// <summary>Returns the reply for logs and tests: its text if it has one, else its name.</summary>
    public override string ToString() => text.Length > 0 ? text : Response.ToString();
}
