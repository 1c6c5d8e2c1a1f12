using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Cms;
using Postseal.Pkcs11;
using Postseal.Pkcs11.Module;

namespace Postseal.Benchmarks.Core;

/// <summary>The keys of a token by two ways: Postseal.Pkcs11, and OpenSSL's engine under the classes of .NET.</summary>
/// <param name="library">The PKCS #11 library.</param>
/// <param name="pinFile">The file with the PIN.</param>
/// <param name="seconds">How long each turn takes.</param>
internal sealed class TokenRace(string library, string pinFile, double seconds)
{
    private static readonly int[] Threads = [1, 4, 8];

    /// <summary>Measures each certificate's key; returns a table in Markdown.</summary>
    public async Task RunAsync(TextWriter output)
    {
        await output.WriteLineAsync("| key | what | way | 1 at once | 4 | 8 | p50, p99 of one |").ConfigureAwait(false);
        await output.WriteLineAsync("| --- | --- | --- | ---: | ---: | ---: | ---: |").ConfigureAwait(false);
        foreach (var certificate in await ListAsync(8).ConfigureAwait(false))
        {
            var name = KeyNames.Of(certificate.Certificate);
            var isRsa = certificate.DecryptionKey.Key.Kind == KeyKind.Rsa;
            foreach (var what in isRsa ? (string[])["sign", "sign PSS", "decrypt", "decrypt OAEP SHA-256"] : ["sign", "agree"])
            {
                await WriteAsync(output, name, what, "Postseal.Pkcs11", n => ByToken(certificate.Source, what, n)).ConfigureAwait(false);
                await WriteAsync(output, name, what, "engine", n => Task.FromResult(ByEngine(certificate, what))).ConfigureAwait(false);
            }
        }
    }

    private async Task WriteAsync(TextWriter output, string name, string what, string way, Func<int, Task<Func<Task>>> open)
    {
        try
        {
            var (rates, times) = (new List<string>(), Array.Empty<double>());
            foreach (var threads in Threads)
            {
                var (perSecond, taken) = await MeasureAsync(await open(threads).ConfigureAwait(false), threads).ConfigureAwait(false);
                rates.Add($"{perSecond:N0}/s");
                times = threads == 1 ? taken : times;
            }

            var latency = $"{times[times.Length / 2]:0.00} ms, {times[times.Length * 99 / 100]:0.00} ms";
            await output.WriteLineAsync($"| {name} | {what} | {way} | {string.Join(" | ", rates)} | {latency} |").ConfigureAwait(false);
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException or InvalidOperationException)
        {
            await output.WriteLineAsync($"| {name} | {what} | {way} | {e.Message.ReplaceLineEndings(" ")} | | | |").ConfigureAwait(false);
        }
    }

    private async Task<(double PerSecond, double[] Taken)> MeasureAsync(Func<Task> operation, int atOnce)
    {
        await operation().ConfigureAwait(false);
        var (clock, taken) = (Stopwatch.StartNew(), new List<double>[atOnce]);
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(i => Task.Factory.StartNew(
            async () =>
            {
                taken[i] = [];
                while (clock.Elapsed.TotalSeconds < seconds)
                {
                    var start = Stopwatch.GetTimestamp();
                    await operation().ConfigureAwait(false);
                    taken[i].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap())).ConfigureAwait(false);
        var elapsed = clock.Elapsed.TotalSeconds;
        var all = taken.SelectMany(one => one).Order().ToArray();
        return (all.Length / elapsed, all);
    }

    private async Task<IReadOnlyList<MailCertificate>> ListAsync(int sessions)
    {
        var options = new Pkcs11Options { Module = library, PinFile = pinFile, Sessions = sessions };
        var module = LoadedModule.Acquire(library, static path => new NativeModule(path));
        return await new Pkcs11Token(options, module, TimeProvider.System, NullLogger.Instance).ListAsync().ConfigureAwait(false);
    }

    private async Task<Func<Task>> ByToken(string uri, string what, int sessions)
    {
        var certificate = (await ListAsync(sessions).ConfigureAwait(false)).First(one => one.Source == uri);
        var key = certificate.DecryptionKey.Key;
        var scheme = SignatureScheme.For(key.Kind, key.Size, Digest.SHA256, what == "sign PSS" ? RsaPadding.Pss : RsaPadding.Pkcs1);
        var hash = new byte[scheme.Digest.Length()];
        var oaep = what == "decrypt" ? null : OaepParameters.Sha256;
        var isRsa = key.Kind == KeyKind.Rsa;
        var encrypted = isRsa ? Encrypted(certificate.Certificate, oaep?.Padding ?? RSAEncryptionPadding.Pkcs1) : [];
        var point = what == "agree" ? PointFor(certificate.Certificate) : [];
        return what switch
        {
            "agree" => async () => await key.AgreeAsync(point).ConfigureAwait(false),
            "sign" or "sign PSS" => async () => await key.SignHashAsync(hash, scheme).ConfigureAwait(false),
            _ => async () =>
                _ = await key.DecryptKeyAsync(encrypted, oaep).ConfigureAwait(false) ?? throw new CryptographicException("not decrypted"),
        };
    }

    private Func<Task> ByEngine(MailCertificate certificate, string what)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException();
        var pin = File.ReadLines(pinFile).First();
        // The engine takes the PIN in the URI, in clear, or asks at the terminal.
        var handle = SafeEvpPKeyHandle.OpenPrivateKeyFromEngine("pkcs11", $"{certificate.Source};type=private?pin-value={pin}");
        if (what == "agree")
        {
            var own = new ECDiffieHellmanOpenSsl(handle);
            var other = ECDiffieHellman.Create(certificate.Certificate.GetECDiffieHellmanPublicKey()!.ExportParameters(false).Curve).PublicKey;
            return () => Task.FromResult(own.DeriveRawSecretAgreement(other));
        }

        if (certificate.Certificate.GetRSAPublicKey() is null)
        {
            var ecdsa = new ECDsaOpenSsl(handle);
            var value = new byte[ecdsa.KeySize / 8];
            return () => Task.FromResult(ecdsa.SignHash(value));
        }

        var rsa = new RSAOpenSsl(handle);
        var hash = new byte[32];
        var padding = what == "decrypt" ? RSAEncryptionPadding.Pkcs1 : RSAEncryptionPadding.OaepSHA256;
        var encrypted = Encrypted(certificate.Certificate, padding);
        return what switch
        {
            "sign" => () => Task.FromResult(rsa.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
            "sign PSS" => () => Task.FromResult(rsa.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pss)),
            _ => () => Task.FromResult(rsa.Decrypt(encrypted, padding)),
        };
    }

    private static byte[] Encrypted(X509Certificate2 certificate, RSAEncryptionPadding padding)
    {
        using var key = certificate.GetRSAPublicKey()!;
        return key.Encrypt(new byte[32], padding);
    }

    private static byte[] PointFor(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDiffieHellmanPublicKey()!;
        using var ephemeral = ECDiffieHellman.Create(key.ExportParameters(false).Curve);
        var point = ephemeral.ExportParameters(false).Q;
        return [0x04, .. point.X!, .. point.Y!];
    }
}
