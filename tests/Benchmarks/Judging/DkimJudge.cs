using System.Diagnostics;
using Milter.Testing;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Judging;

/// <summary>Whether a message is signed with DKIM, said by OpenDKIM in its test mode.</summary>
internal static class DkimJudge
{
    /// <summary>What is wrong with a message; null when nothing is.</summary>
    /// <param name="received">The message.</param>
    /// <param name="configuration">Of a verifier, with the public key in a file.</param>
    public static string? FaultOf(MtaResult received, string configuration)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory.File("message.eml"), received.ToBytes());
        var start = new ProcessStartInfo("opendkim", ["-x", configuration, "-t", directory.File("message.eml")])
        {
            RedirectStandardOutput = true,
        };
        using var opendkim = Process.Start(start)!;
        var said = opendkim.StandardOutput.ReadToEnd();
        opendkim.WaitForExit();
        return said.Contains("succeeded", StringComparison.Ordinal) ? null : $"opendkim says {said.Trim()}";
    }

    /// <summary>What is seen to be wrong without OpenDKIM's help.</summary>
    public static string? FaultOf(MtaMessage sent, MtaResult received) =>
        received.Verdict != MtaVerdict.Accepted ? $"it was not accepted but {received.Verdict}"
        : !received.Headers.Any(header => header.Is("DKIM-Signature")) ? "it has no DKIM-Signature"
        : !received.Body.Span.SequenceEqual(sent.Body.Span) ? "its body is not what was sent"
        : null;
}
