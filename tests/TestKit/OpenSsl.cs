using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.TestKit;

/// <summary>openssl as a judge that shares no code with us (but the primitives).</summary>
public static class OpenSsl
{
    /// <summary>Whether openssl is on this machine. Tests that need it are skipped where it is not.</summary>
    public static bool IsHere { get; } = Find();

    /// <summary>Verifies a signed message and returns what openssl says the content is.</summary>
    /// <param name="message">The message.</param>
    /// <param name="root">Who is trusted.</param>
    /// <param name="time">When; <see langword="null"/>: now.</param>
    /// <param name="intermediate">What is known beside the certificates in the message.</param>
    public static (bool Verified, byte[] Content, string Errors) Verify(
        byte[] message, X509Certificate2 root, DateTimeOffset? time = null, X509Certificate2? intermediate = null)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory.File("message.eml"), message);
        return Verify(directory, root, time, intermediate, "-in", directory.File("message.eml"));
    }

    /// <summary>Verifies a SignedData in DER or BER.</summary>
    /// <param name="signedData">The ContentInfo.</param>
    /// <param name="content">What it is detached from; <see langword="null"/> where the content is in it.</param>
    /// <param name="root">Who is trusted.</param>
    /// <param name="time">When; <see langword="null"/>: now.</param>
    /// <param name="intermediate">What is known beside the certificates in it.</param>
    public static (bool Verified, byte[] Content, string Errors) VerifyObject(
        byte[] signedData, byte[]? content, X509Certificate2 root, DateTimeOffset? time = null, X509Certificate2? intermediate = null)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory.File("signedData"), signedData);
        File.WriteAllBytes(directory.File("detached"), content ?? []);
        string[] detached = content is null ? [] : ["-content", directory.File("detached")];
        return Verify(directory, root, time, intermediate, ["-binary", "-inform", "DER", "-in", directory.File("signedData"), .. detached]);
    }

    /// <summary>Verifies a detached DER signature over content.</summary>
    public static (bool Verified, string Errors) VerifyDetached(byte[] content, byte[] signature, X509Certificate2 root)
    {
        using var directory = new TemporaryDirectory();
        var trusted = directory.Write("root.pem", root.ExportCertificatePem());
        File.WriteAllBytes(directory.File("content"), content);
        File.WriteAllBytes(directory.File("signature"), signature);
        var (exitCode, _, errors) = Run(
            "cms", "-verify", "-binary", "-inform", "DER", "-in", directory.File("signature"),
            "-content", directory.File("content"), "-CAfile", trusted, "-out", directory.File("out"));
        return (exitCode == 0, errors);
    }

    /// <summary>Signs content, as a ContentInfo.</summary>
    /// <param name="content">The content.</param>
    /// <param name="options">More options, of which each <c>-keyopt</c> is for all signers.</param>
    /// <param name="signers">Who signs.</param>
    public static byte[] Sign(byte[] content, string options, params Correspondent[] signers)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory.File("content"), content);
        List<string> arguments = ["cms", "-sign", "-binary", "-in", directory.File("content"), "-outform", "DER", "-out", directory.File("signed")];
        var all = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var keyOptions = all.SkipWhile(option => option != "-keyopt").ToArray();
        arguments.AddRange(all.Take(all.Length - keyOptions.Length));
        for (var i = 0; i < signers.Length; i++)
        {
            arguments.AddRange(
            [
                "-signer", directory.Write($"{i}.pem", signers[i].Certificate.ExportCertificatePem()),
                "-inkey", directory.Write($"{i}.key", signers[i].KeyPem), .. keyOptions,
            ]);
        }

        var (exitCode, _, errors) = Run([.. arguments]);
        return exitCode == 0 ? File.ReadAllBytes(directory.File("signed")) : throw new InvalidOperationException(errors);
    }

    /// <summary>Verifies the signatures of a ContentInfo in DER, whoever made them, and nothing else.</summary>
    /// <param name="signed">The ContentInfo.</param>
    /// <param name="content">The content where it is not in it.</param>
    /// <param name="certificates">Certificates that are not in it either.</param>
    public static (bool Verified, string Errors) VerifySignatures(byte[] signed, byte[]? content, params X509Certificate2[] certificates)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory.File("signed"), signed);
        List<string> arguments =
            ["cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", directory.File("signed"), "-out", directory.File("out")];
        if (content is not null)
        {
            File.WriteAllBytes(directory.File("content"), content);
            arguments.AddRange(["-content", directory.File("content")]);
        }

        if (certificates.Length > 0)
            arguments.AddRange(["-certfile", directory.Write("all.pem", string.Join('\n', certificates.Select(one => one.ExportCertificatePem())))]);
        var (exitCode, _, errors) = Run([.. arguments]);
        return (exitCode == 0, errors);
    }

    /// <summary>Encrypts content to several, as a ContentInfo.</summary>
    /// <param name="content">The content.</param>
    /// <param name="cipher">The cipher by openssl's name.</param>
    /// <param name="options">More options, of which each <c>-keyopt</c> is for the recipients, all of one kind.</param>
    /// <param name="recipients">Who can read it.</param>
    public static byte[] Encrypt(byte[] content, string cipher, string[] options, params Correspondent[] recipients)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory.File("content"), content);
        List<string> arguments = ["cms", "-encrypt", "-binary", "-" + cipher, "-in", directory.File("content"), "-outform", "DER", "-out", directory.File("encrypted")];
        var keyOptions = options.SkipWhile(option => option != "-keyopt").ToArray();
        arguments.AddRange(options.Take(options.Length - keyOptions.Length));
        for (var i = 0; i < recipients.Length; i++)
        {
            arguments.AddRange(["-recip", directory.Write($"{i}.pem", recipients[i].Certificate.ExportCertificatePem())]);
            arguments.AddRange(keyOptions);
        }

        var (exitCode, _, errors) = Run([.. arguments]);
        return exitCode == 0 ? File.ReadAllBytes(directory.File("encrypted")) : throw new InvalidOperationException(errors);
    }

    /// <summary>Decrypts a ContentInfo in DER with somebody's key.</summary>
    /// <returns>The content; <see langword="null"/> and what openssl says where it cannot.</returns>
    public static (byte[]? Content, string Errors) Decrypt(byte[] encrypted, Correspondent recipient)
    {
        using var directory = new TemporaryDirectory();
        var certificate = directory.Write("recipient.pem", recipient.Certificate.ExportCertificatePem());
        var key = directory.Write("key.pem", recipient.KeyPem);
        File.WriteAllBytes(directory.File("encrypted"), encrypted);
        var (exitCode, _, errors) = Run(
            "cms", "-decrypt", "-binary", "-inform", "DER", "-in", directory.File("encrypted"), "-recip", certificate, "-inkey", key,
            "-out", directory.File("content"));
        return (exitCode == 0 ? File.ReadAllBytes(directory.File("content")) : null, errors);
    }

    public static (int ExitCode, string Output, string Errors) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("openssl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    private static (bool Verified, byte[] Content, string Errors) Verify(
        TemporaryDirectory directory, X509Certificate2 root, DateTimeOffset? time, X509Certificate2? intermediate, params string[] options)
    {
        // Beside a root that is trusted, an intermediate is only known.
        var trusted = directory.Write("root.pem", $"{root.ExportCertificatePem()}\n{intermediate?.ExportCertificatePem()}\n");
        string[] at = time is { } when ? ["-attime", $"{when.ToUnixTimeSeconds()}"] : [];
        var (exitCode, _, errors) = Run(["cms", "-verify", "-CAfile", trusted, "-out", directory.File("content"), .. at, .. options]);
        return (exitCode == 0, exitCode == 0 ? File.ReadAllBytes(directory.File("content")) : [], errors);
    }

    private static bool Find()
    {
        try
        {
            return Run("version").ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
