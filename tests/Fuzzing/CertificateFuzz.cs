using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.TestKit;

namespace Fuzzing;

/// <summary>
/// Holds the judgement of certificates to what it promises whatever comes with a message: there is one, in bounded time and memory, and
/// who is trusted is trusted by openssl too.
/// </summary>
public static class CertificateFuzz
{
    private const long MaxAllocated = 32 << 20;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>Fuzzes for that long, and prints how many inputs it was.</summary>
    public static int Run(TimeSpan duration, int seed)
    {
        Console.WriteLine($"certificate: seed {seed}, {duration.TotalSeconds:0} s");
        var (watch, inputs, kinds) = (Stopwatch.StartNew(), 0L, new SortedDictionary<string, long>());
        try
        {
            foreach (var kind in Try(seed).TakeWhile(_ => watch.Elapsed < duration))
            {
                kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
                inputs++;
            }
        }
        catch (Exception e)
        {
            Console.WriteLine($"input {inputs}: {e}");
            return 1;
        }

        Console.WriteLine($"{inputs} inputs, none broke a promise; how the signers stood:");
        foreach (var (kind, count) in kinds)
            Console.WriteLine($"{count,10} {kind}");
        return 0;
    }

    /// <summary>Tries message after message, and tells how the signer of each stood.</summary>
    /// <exception cref="InvalidOperationException">A promise is broken; the message says which, and by what.</exception>
    public static IEnumerable<string> Try(int seed)
    {
        using var files = new TemporaryDirectory();
        var (random, pki) = (new Random(seed), new MutatedPki());
        files.Write("anchors.pem", pki.Root.ExportCertificatePem() + "\n");
        while (true)
            yield return Try(files, pki.Make(random));
    }

    private static string Try(TemporaryDirectory files, IReadOnlyList<byte[]> bag)
    {
        try
        {
            return Check(files, bag);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{e.Message}, by\n{string.Join('\n', bag.Select(Convert.ToBase64String))}", e);
        }
    }

    /// <summary>Tries the certificates of one message.</summary>
    /// <exception cref="InvalidOperationException">A promise is broken; the message says which.</exception>
    private static string Check(TemporaryDirectory files, IReadOnlyList<byte[]> bag)
    {
        var certificates = new ReceivedCertificates();
        var trust = new SignerTrust(
            new TrustOptions { Anchors = files.File("anchors.pem") }, new NobodyAsks(), () => [], null, new SettableTime(MutatedPki.Noon), _ => { });
        var (watch, before) = (Stopwatch.StartNew(), GC.GetAllocatedBytesForCurrentThread());
        ReceivedCertificate?[] received = [.. bag.Select(der => certificates.Get(der))];
        if (received[0] is not { } signer)
            return "Unreadable";
        var standing = trust.Check(signer, [.. received.OfType<ReceivedCertificate>()]);
        _ = (signer.Addresses, signer.Key.WhyUnusable);
        if (watch.Elapsed > Longest)
            throw new InvalidOperationException($"it took {watch.Elapsed.TotalSeconds:0.0} s");
        if (GC.GetAllocatedBytesForCurrentThread() - before > MaxAllocated)
            throw new InvalidOperationException("it took too much memory");
        if (standing.Why.Any(char.IsControl))
            throw new InvalidOperationException($"people are told: {standing.Why}");
        if (standing.Kind == StandingKind.Trusted)
            CheckWithOpenSsl(files, standing.Chain);
        return standing.Kind.ToString();
    }

    private static void CheckWithOpenSsl(TemporaryDirectory files, IReadOnlyList<X509Certificate2> chain)
    {
        // Openssl takes anyExtendedKeyUsage for no purpose of mail (RFC 8550 section 4.4.4 does).
        string[] purpose = chain.Any(IsForAnything) ? [] : ["-purpose", "smimesign"];
        var (exitCode, _, errors) = OpenSsl.Run(
        [
            "verify", .. purpose, "-attime", MutatedPki.Noon.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            "-CAfile", files.File("anchors.pem"),
            "-untrusted", files.Write("chain.pem", string.Concat(chain.Skip(1).SkipLast(1).Select(one => one.ExportCertificatePem() + "\n"))),
            files.Write("signer.pem", chain[0].ExportCertificatePem()),
        ]);
        if (exitCode != 0)
            throw new InvalidOperationException($"it is trusted, and openssl says {errors.Trim()}");
    }

    private static bool IsForAnything(X509Certificate2 certificate) => certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>()
        .Any(purposes => purposes.EnhancedKeyUsages.Cast<Oid>().Any(purpose => purpose.Value == "2.5.29.37.0"));

    private sealed class NobodyAsks : IRevocationCheck
    {
        public long Version => 0;

        public RevocationAnswer Check(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers) => new RevocationAnswer.NotAsked();
    }
}
