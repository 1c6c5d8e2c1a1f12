using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Benchmarks.Parts;
using Postseal.Mail;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Core;

/// <summary><c>core</c>: races the core with MimeKit and the bare cryptography, one line of JSON a figure, for <c>report</c>.</summary>
internal static class CoreCommand
{
    private const int Text = 4 << 10;
    private const int Large = 25 << 20;

    public static Command Create()
    {
        var seconds = new Option<int>("--seconds") { Description = "How long each side works in each round.", DefaultValueFactory = _ => 2 };
        var command = new Command("core", "Race the core with MimeKit and Bouncy Castle, on one thread and without a network.") { seconds };
        command.SetAction(arguments => Run(TimeSpan.FromSeconds(arguments.GetValue(seconds))));
        return command;
    }

    /// <summary>Whether openssl finds the message rightly signed, and its body in what is signed.</summary>
    public static bool IsSigned(byte[] signed, byte[] raw, TrialSigner signer)
    {
        var (verified, content, errors) = OpenSsl.Verify(signed, signer.Folder.Ca.Root);
        if (!verified)
            Console.Error.WriteLine(errors);
        return verified && content.AsSpan().IndexOf(raw.AsSpan(raw.AsSpan().IndexOf("\r\n\r\n"u8))) >= 0;
    }

    private static int Run(TimeSpan turn)
    {
        using var rsa = new TrialSigner("RSA-2048");
        using var p256 = new TrialSigner("P-256");
        foreach (var signer in (TrialSigner[])[rsa, p256])
        {
            var raw = SampleMail.Text(Text);
            Tell(Race.Run(turn, TheCore(signer, raw, Text), MailKitPeers.OfRawMessage(signer, raw, Text), BareSignature(signer)));
            Tell(Race.Run(turn, [.. MailKitPeers.OfMadeMessage(signer, Text)]));
        }

        var large = SampleMail.WithAttachment(Large);
        Tell(Race.Run(turn, TheCore(p256, large, Large), MailKitPeers.OfRawMessage(p256, large, Large), BareHash(large)));
        return 0;
    }

    /// <summary>From the raw message to the written signed one.</summary>
    private static Contender TheCore(TrialSigner signer, byte[] raw, int size) => new(
        $"Postseal.Core, {signer.Key}", size,
        output => signer.Sign(MailMessage.Parse(raw)).WriteTo(output),
        signed => IsSigned(signed, raw, signer));

    /// <summary>The platform's signature of a digest that is there already.</summary>
    private static Contender BareSignature(TrialSigner signer)
    {
        var hash = SHA256.HashData("bare signature"u8);
        return new($"bare signature, {signer.Key}", 0, output => output.Write(signer.SignHash(hash)), signature =>
            signer.Identity.Certificate.GetRSAPublicKey()?.VerifyHash(hash, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            ?? signer.Identity.Certificate.GetECDsaPublicKey()!.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence));
    }

    /// <summary>The digest of the raw message.</summary>
    private static Contender BareHash(byte[] raw)
    {
        var expected = SHA256.HashData(raw);
        return new("bare SHA-256", Large, output => output.Write(SHA256.HashData(raw)), hash => hash.SequenceEqual(expected));
    }

    /// <summary>The figures for programs to standard output, and for people, beside the first of them, to standard error.</summary>
    public static void Tell(IReadOnlyList<Measurement> measurements)
    {
        foreach (var m in measurements)
        {
            m.WriteTo(Console.Out);
            var bytes = m.Size == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {m.PerSecond * m.Size / 1e6,9:N1} MB/s");
            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{m.Series,-40}{m.PerSecond,12:N1} a second {m.PerSecond / measurements[0].PerSecond,8:0.00}{bytes}"));
        }
    }
}
