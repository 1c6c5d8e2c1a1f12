using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Benchmarks.Parts;
using Postseal.Mail;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Core;

/// <summary>The core, and the least that its work could cost.</summary>
internal static class Contenders
{
    /// <summary>From the raw message to the written signed one.</summary>
    public static Contender Core(TrialSigner signer, string key, byte[] raw, int size) => new(
        $"Postseal.Core, {key}", size,
        output => signer.Sign(MailMessage.Parse(raw)).WriteTo(output),
        signed => IsSigned(signed, raw, signer));

    /// <summary>The platform's signature of a digest that is there already.</summary>
    public static Contender BareSignature(TrialSigner signer, string key)
    {
        var hash = SHA256.HashData("bare signature"u8);
        return new($"bare signature, {key}", 0, output => output.Write(signer.SignHash(hash)), signature => IsSignature(signature, hash, signer));
    }

    /// <summary>The digest of the raw message.</summary>
    public static Contender BareHash(byte[] raw, int size)
    {
        var expected = SHA256.HashData(raw);
        return new("bare SHA-256", size, output => output.Write(SHA256.HashData(raw)), hash => hash.SequenceEqual(expected));
    }

    /// <summary>Whether openssl finds the message rightly signed, and its body in what is signed.</summary>
    public static bool IsSigned(byte[] signed, byte[] raw, TrialSigner signer)
    {
        var (verified, content, errors) = OpenSsl.Verify(signed, signer.Folder.Authority.Root);
        if (!verified)
            Console.Error.WriteLine(errors);
        var body = raw.AsSpan(raw.AsSpan().IndexOf("\r\n\r\n"u8));
        return verified && content.AsSpan().IndexOf(body) >= 0;
    }

    private static bool IsSignature(byte[] signature, byte[] hash, TrialSigner signer) =>
        signer.Identity.Certificate.GetRSAPublicKey()?.VerifyHash(hash, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        ?? signer.Identity.Certificate.GetECDsaPublicKey()!.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence);
}
