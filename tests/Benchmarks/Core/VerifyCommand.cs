using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Benchmarks.Parts;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Smime;
using Postseal.TestKit;
using Postseal.Verification;

namespace Postseal.Benchmarks.Core;

/// <summary><c>verify</c>: races the verification of signed mail, chain and all, with OpenSSL's in this process.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var seconds = new Option<int>("--seconds") { Description = "How long each side works in each round.", DefaultValueFactory = _ => 2 };
        var command = new Command("verify", "Race verification with OpenSSL's CMS, on one thread.") { seconds };
        command.SetAction(arguments => Run(TimeSpan.FromSeconds(arguments.GetValue(seconds))));
        return command;
    }

    private static int Run(TimeSpan turn)
    {
        foreach (var (kind, size) in (ReadOnlySpan<(string, int)>)[("RSA-2048", 4 << 10), ("P-256", 4 << 10), ("RSA-2048", 25 << 20)])
        {
            foreach (var form in (SignatureForm[])[SignatureForm.Detached, SignatureForm.Opaque])
            {
                if (size > 1 << 20 && form == SignatureForm.Opaque)
                    continue;
                using var signer = new TrialSigner(kind);
                var processor = new OutgoingProcessor(
                    signer.Options with { Signing = signer.Options.Signing with { Form = form } }, signer.Folder.Open(), TimeProvider.System);
                var letter = MailMessage.Parse(SampleMail.Text(size));
                letter = letter with
                {
                    Headers = [.. letter.Headers.Where(field => !field.Is("Date")), new HeaderField("Date", $" {DateTimeOffset.UtcNow:r}")],
                };
                var signed = TestMail.BytesOf(((Outcome.Replaced)processor.Process(letter, TrialSigner.Envelope)).Message);
                var ours = Ours(signer, signed, size, $"{kind}, {form}");
                CoreCommand.Tell(Race.Run(
                    turn, ours, OpenSsls(signer, signed, size, $"{kind}, {form}"), Bare(kind, size)));
                TellAllocation(ours);
            }
        }

        return 0;
    }

    /// <summary>What one message costs the collector, once everything is warm.</summary>
    private static void TellAllocation(Contender contender)
    {
        using var output = new MemoryStream(1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        contender.Work(output);
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{contender.Series}: allocates {GC.GetAllocatedBytesForCurrentThread() - before:N0} bytes a message"));
    }

    private static Contender Ours(TrialSigner signer, byte[] signed, int size, string way)
    {
        var root = signer.Folder.Write("root.txt", signer.Folder.Ca.Root.ExportCertificatePem());
        var options = signer.Options with
        {
            Certificates = signer.Options.Certificates with { Trust = new TrustOptions { Anchors = root } },
            Incoming = new IncomingOptions { DateSkew = TimeSpan.FromDays(1) },
        };
        var verifier = new MailVerification(options, signer.Folder.Open(), new NobodyAsked(), null, TimeProvider.System, NullLogger.Instance).Verifier;
        return new($"Postseal.Core, verify, {way}", size,
            output => output.WriteByte((byte)verifier.Verify(MailMessage.Parse(signed)).Result), result => result is [(byte)SmimeResult.Pass]);
    }

    private static Contender OpenSsls(TrialSigner signer, byte[] signed, int size, string way)
    {
        var openssl = new OpenSslVerifier(signer.Folder.Ca.Root);
        return new($"OpenSSL CMS_verify, {way}", size,
            output => output.WriteByte(openssl.Verify(signed) ? (byte)1 : (byte)0), result => result is [1]);
    }

    /// <summary>The platform's verification of one signature and the digest of the content, and nothing else.</summary>
    private static Contender Bare(string kind, int size)
    {
        var content = RandomNumberGenerator.GetBytes(size);
        if (kind.StartsWith("RSA", StringComparison.Ordinal))
        {
            var rsa = RSA.Create(2048);
            var signature = rsa.SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            return new($"bare SHA-256 and {kind}", size, output => output.WriteByte(
                rsa.VerifyHash(SHA256.HashData(content), signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) ? (byte)1 : (byte)0), result => result is [1]);
        }

        var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var made = ecdsa.SignData(content, HashAlgorithmName.SHA256);
        return new($"bare SHA-256 and {kind}", size, output => output.WriteByte(ecdsa.VerifyHash(SHA256.HashData(content), made) ? (byte)1 : (byte)0), result => result is [1]);
    }

    private sealed class NobodyAsked : IRevocationCheck
    {
        public long Version => 0;

        public RevocationAnswer Check(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers) => new RevocationAnswer.NotAsked();
    }
}
