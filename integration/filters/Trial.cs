using System.Text;
using System.Text.RegularExpressions;

namespace Milter.Integration;

/// <summary>What a message asks the filters to do, and what they do it with.</summary>
internal static partial class Trial
{
    /// <summary>The field that says what to do with the message: <c>X-Trial: change</c>.</summary>
    public const string Field = "X-Trial";

    /// <summary>A new body of several chunks of the smallest chunk size.</summary>
    public static readonly byte[] NewBody = Encoding.ASCII.GetBytes(
        string.Concat(Enumerable.Range(1, 5000).Select(n => $"Line {n} of the new body, which has many.\r\n")));

    /// <summary>The reply that some text asks for at a stage, like <c>rcpt-reject</c> in an address.</summary>
    public static MilterReply Reply(string stage, string text)
    {
        var wish = Wish().Match(text);
        if (!wish.Success || wish.Groups["stage"].Value != stage)
            return MilterReply.Continue;
        return wish.Groups["reply"].Value switch
        {
            "accept" => MilterReply.Accept,
            "reject" => MilterReply.Reject,
            "tempfail" => MilterReply.TempFail,
            "discard" => MilterReply.Discard,
            "skip" => MilterReply.Skip,
            "shutdown" => MilterReply.Shutdown,
            "code" => MilterReply.WithCode(554, "5.7.1", $"100% no\nat {stage}"),
            _ => throw new InvalidOperationException($"The filter fails at {stage}, as it was asked to."),
        };
    }

    /// <summary>The lines of a body, without their ends.</summary>
    public static string[] Lines(ReadOnlySpan<byte> body) =>
        Encoding.Latin1.GetString(body).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A header field that stands in a line.</summary>
    public static MilterHeader ParseHeader(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        return new MilterHeader(Encoding.Latin1.GetBytes(line[..colon]), Encoding.Latin1.GetBytes(line[(colon + 1)..]));
    }

    /// <summary>Another address of the same domain: of the same test, that is.</summary>
    public static EnvelopeAddress Neighbour(EnvelopeAddress address, string name, params string[] parameters) =>
        new(name + address.Address[address.Address.IndexOf('@', StringComparison.Ordinal)..], parameters);

    [GeneratedRegex("(?<stage>connect|helo|mail|rcpt|data|header|eoh|body|eom)-"
        + "(?<reply>accept|reject|tempfail|discard|skip|shutdown|code|fail)")]
    private static partial Regex Wish();
}
