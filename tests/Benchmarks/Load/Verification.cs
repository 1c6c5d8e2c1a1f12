using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Milter.Testing;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Load;

/// <summary>Judges the samples of a load: speed on wrong output is no speed.</summary>
internal static class Verification
{
    /// <summary>A process a message is dear: openssl and opendkim look at so many, spread over the run.</summary>
    private const int ByProgram = 3;

    public static Task VerifySmimeAsync(IReadOnlyList<LoadSample> samples, X509Certificate2 root) =>
        VerifyAsync(samples, (sent, received) => SmimeFault(sent, received, root), message => OpenSslFault(message, root));

    public static Task VerifyDkimAsync(IReadOnlyList<LoadSample> samples, string configuration) =>
        VerifyAsync(samples, DkimFault, message => OpenDkimFault(message, configuration));

    /// <summary>Demands that nothing of the messages was changed: a verdict on top is all that may be new.</summary>
    public static Task VerifyUnchangedAsync(IReadOnlyList<LoadSample> samples) => VerifyAsync(samples, ChangeOf, _ => null);

    /// <exception cref="InvalidDataException">One is wrong, or there is none.</exception>
    private static async Task VerifyAsync(
        IReadOnlyList<LoadSample> samples, Func<MtaMessage, MtaResult, string?> judge, Func<byte[], string?> program)
    {
        if (samples.Count == 0)
            throw new InvalidDataException("There is no sample to verify.");
        for (var i = 0; i < samples.Count; i++)
        {
            var received = await samples[i].ReassembleAsync();
            var fault = received.Verdict != MtaVerdict.Accepted ? $"it was not accepted but {received.Verdict}" : judge(samples[i].Sent, received);
            if (i % Math.Max(1, (samples.Count - 1) / (ByProgram - 1)) == 0)
                fault ??= program(received.ToBytes());
            if (fault is not null)
                throw new InvalidDataException($"Of {samples.Count} samples the first {i} are good, and then: {fault}");
        }
    }

    private static string? SmimeFault(MtaMessage sent, MtaResult received, X509Certificate2 root)
    {
        try
        {
            return VerifiedMail.Verify(received.ToBytes(), root) is not { IsOpaque: false } signed ? "it is not multipart/signed"
                : !signed.Content.AsSpan().SequenceEqual(EntityOf(sent)) ? "what is signed is not what was sent"
                : signed.Signer.Certificate!.GetNameInfo(X509NameType.EmailName, false) != sent.Sender ? "the signer is not the author"
                : null;
        }
        catch (CryptographicException e)
        {
            return e.Message;
        }
    }

    /// <summary>The entity that is to be signed: the fields that tell of the content, and the body.</summary>
    private static byte[] EntityOf(MtaMessage sent)
    {
        var fields = sent.Headers.Select(header => $"{header}\r\n").Where(field => field.StartsWith("Content-", StringComparison.Ordinal));
        return [.. Encoding.ASCII.GetBytes(string.Concat(fields)), .. "\r\n"u8, .. sent.Body.Span];
    }

    private static string? OpenSslFault(byte[] message, X509Certificate2 root)
    {
        var (verified, _, errors) = OpenSsl.Verify(message, root);
        return verified ? null : $"openssl cms -verify says {errors.Trim()}";
    }

    private static string? ChangeOf(MtaMessage sent, MtaResult received)
    {
        var headers = received.Headers.SkipWhile(header => header.Is("Authentication-Results")).Select(header => $"{header}");
        return !headers.SequenceEqual(sent.Headers.Select(header => $"{header}")) ? "its header is not what was sent"
            : !received.Body.Span.SequenceEqual(sent.Body.Span) ? "its body is not what was sent"
            : null;
    }

    private static string? DkimFault(MtaMessage sent, MtaResult received) =>
        !received.Headers.Any(header => header.Is("DKIM-Signature")) ? "it has no DKIM-Signature"
        : !received.Body.Span.SequenceEqual(sent.Body.Span) ? "its body is not what was sent"
        : null;

    /// <summary>Asks OpenDKIM in its test mode.</summary>
    private static string? OpenDkimFault(byte[] message, string configuration)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory.File("message.eml"), message);
        var start = new ProcessStartInfo("opendkim", ["-x", configuration, "-t", directory.File("message.eml")]) { RedirectStandardOutput = true };
        using var opendkim = Process.Start(start)!;
        var said = opendkim.StandardOutput.ReadToEnd();
        opendkim.WaitForExit();
        return said.Contains("succeeded", StringComparison.Ordinal) ? null : $"opendkim says {said.Trim()}";
    }
}
