using System.Security.Cryptography.X509Certificates;
using Milter.Testing;
using Postseal.Benchmarks.Load;

namespace Postseal.Benchmarks.Judging;

/// <summary>Judges the samples of a load: speed on wrong output is no speed.</summary>
/// <param name="Verified">How many were good.</param>
/// <param name="Fault">What was wrong with the first that was not; null when all were good.</param>
internal sealed record Verification(int Verified, string? Fault)
{
    /// <summary>A process a message is dear: openssl and opendkim look at so many, .NET's CMS at all.</summary>
    private const int ByProgram = 3;

    public static Task<Verification> OfSmimeAsync(IReadOnlyList<LoadSample> samples, X509Certificate2 root) => OfAsync(
        samples,
        (sent, received) => SmimeJudge.FaultOf(sent, received, root),
        received => SmimeJudge.OpenSslFaultOf(received, root));

    public static Task<Verification> OfDkimAsync(IReadOnlyList<LoadSample> samples, string configuration) => OfAsync(
        samples, DkimJudge.FaultOf, received => DkimJudge.FaultOf(received, configuration));

    private static async Task<Verification> OfAsync(
        IReadOnlyList<LoadSample> samples, Func<MtaMessage, MtaResult, string?> judge, Func<MtaResult, string?> program)
    {
        for (var i = 0; i < samples.Count; i++)
        {
            var received = await samples[i].ReassembleAsync();
            var fault = judge(samples[i].Sent, received) ?? (IsForProgram(i, samples.Count) ? program(received) : null);
            if (fault is not null)
                return new Verification(i, fault);
        }

        return new Verification(samples.Count, samples.Count == 0 ? "there was no sample to verify" : null);
    }

    // Spread over the run, the first and the last among them.
    private static bool IsForProgram(int index, int count) =>
        index % Math.Max(1, (count - 1) / (ByProgram - 1)) == 0;
}
