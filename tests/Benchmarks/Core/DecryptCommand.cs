using System.CommandLine;
using System.Security.Cryptography;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Core;

/// <summary><c>decrypt</c>: races decryption with OpenSSL's CMS in this process, and with what cannot be done without: the operation of
/// the private key.</summary>
internal static class DecryptCommand
{
    private static readonly int[] Sizes = [4 << 10, 1 << 20];

    public static Command Create()
    {
        var seconds = new Option<int>("--seconds") { Description = "How long each side works in each round.", DefaultValueFactory = _ => 2 };
        var command = new Command("decrypt", "Race decryption with OpenSSL's CMS and the bare private key, on one thread.") { seconds };
        command.SetAction(arguments => Run(TimeSpan.FromSeconds(arguments.GetValue(seconds))));
        return command;
    }

    private static int Run(TimeSpan turn)
    {
        foreach (var kind in (string[])["RSA-2048", "RSA-3072", "P-256"])
        {
            using var recipient = Correspondent.Create(kind);
            using var openssl = new OpenSslCms([recipient]);
            foreach (var size in Sizes)
            {
                foreach (var isGcm in (bool[])[false, true])
                    CoreCommand.Tell(Race.Run(turn, [.. Contenders(recipient, openssl, $"{kind}, {(isGcm ? "GCM" : "CBC")}", size, isGcm)]));
            }
        }

        return 0;
    }

    private static IEnumerable<Contender> Contenders(Correspondent recipient, OpenSslCms openssl, string way, int size, bool isGcm)
    {
        var content = RandomNumberGenerator.GetBytes(size);
        using var made = new MemoryStream();
        openssl.Encrypt(content, isGcm, made);
        var encrypted = made.ToArray();
        var key = recipient.OpenDecryptionKey();
        bool IsRight(byte[] decrypted) => decrypted.AsSpan().SequenceEqual(content);
        yield return new($"Postseal.Core, decrypt, {way}", size, output =>
        {
            // It completes at once, as the key is here.
            using var decrypted = (DecryptedContent)ReceivedEnvelope.TryRead(new(encrypted))!.DecryptAsync([key], readsTripleDes: false).AsTask().Result;
            output.Write(decrypted.Content.Span);
        }, IsRight);
        yield return new($"OpenSSL CMS_decrypt, {way}", size, output => openssl.Decrypt(encrypted, output), IsRight);
        yield return key.Key.Kind == KeyKind.Rsa ? BareRsa(recipient, way) : BareAgreement(recipient, way);
    }

    private static Contender BareRsa(Correspondent recipient, string way)
    {
        var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(recipient.Pkcs8, out _);
        var contentKey = RandomNumberGenerator.GetBytes(32);
        var encrypted = rsa.Encrypt(contentKey, RSAEncryptionPadding.Pkcs1);
        return new($"bare RSA operation, {way}", 0, output => output.Write(rsa.Decrypt(encrypted, RSAEncryptionPadding.Pkcs1)), contentKey.SequenceEqual);
    }

    /// <summary>The platform's agreement with a key that is read for it, as each message brings its own.</summary>
    private static Contender BareAgreement(Correspondent recipient, string way)
    {
        var own = ECDiffieHellman.Create();
        own.ImportPkcs8PrivateKey(recipient.Pkcs8, out _);
        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var (parameters, expected) = (other.ExportParameters(includePrivateParameters: false), other.DeriveRawSecretAgreement(own.PublicKey));
        return new($"bare agreement, {way}", 0, output =>
        {
            using var read = ECDiffieHellman.Create(parameters);
            using var publicKey = read.PublicKey;
            output.Write(own.DeriveRawSecretAgreement(publicKey));
        }, expected.SequenceEqual);
    }
}
