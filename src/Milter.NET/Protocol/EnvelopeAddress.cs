using System.Buffers;

namespace Milter;

/// <summary>Represents an address of the envelope: the path of a MAIL or RCPT command (RFC 5321 section 4.1.1) and its
/// parameters.</summary>
/// <param name="Address">The address without angle brackets; empty for the null reverse-path of a bounce.</param>
/// <param name="Parameters">The ESMTP parameters, like <c>SIZE=1024</c> or <c>NOTIFY=NEVER</c>.</param>
public sealed record EnvelopeAddress(string Address, IReadOnlyList<string> Parameters)
{
    /// <summary>Creates an address without parameters.</summary>
    public EnvelopeAddress(string address)
        : this(address, [])
    {
    }

    /// <summary>Gets the delivery agent that the MTA has chosen for a recipient (macro <c>{rcpt_mailer}</c>): <c>smtp</c>,
    /// <c>local</c>; null when it did not say, and for a sender.</summary>
    public string? Mailer { get; init; }

    internal static EnvelopeAddress Parse(ReadOnlySequence<byte> payload)
    {
        var arguments = new PayloadReader(payload).ReadStrings();
        if (arguments.Count == 0)
            throw new MilterProtocolException("an envelope command without an address");
        var path = arguments[0];
        var bracketed = path.Length >= 2 && path[0] == '<' && path[^1] == '>';
        return new EnvelopeAddress(bracketed ? path[1..^1] : path, arguments.Count > 1 ? arguments[1..] : []);
    }

    /// <summary>Writes the path, and the parameters as one string when there are any.</summary>
    internal void Write(in FrameWriter frame, bool withParameters)
    {
        if (Address.Any(char.IsControl) || Parameters.Any(p => p.Any(c => char.IsControl(c) || c == ' ')))
            throw new ArgumentException(
                "An envelope address or parameter contains a character that SMTP cannot carry.");
        frame.WriteString($"<{Address}>");
        if (withParameters && Parameters.Count > 0)
            frame.WriteString(string.Join(' ', Parameters));
    }

    /// <summary>Returns the address in angle brackets.</summary>
    public override string ToString() => $"<{Address}>";
}
