using System.Buffers;
using System.CommandLine;
using System.Security.Cryptography;
using MimeKit.Cryptography;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using Postseal.Benchmarks.Parts;
using Postseal.Bytes;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.Cms.Signed;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Core;

/// <summary><c>encrypt</c>: races encryption and decryption with OpenSSL's CMS in this process, and with MimeKit.</summary>
internal static class EncryptCommand
{
    private const int Text = 4 << 10;
    private const int Large = 25 << 20;
    private const int Many = 50;

    public static Command Create()
    {
        var seconds = new Option<int>("--seconds") { Description = "How long each side works in each round.", DefaultValueFactory = _ => 2 };
        var command = new Command("encrypt", "Race encryption with OpenSSL's CMS and with MimeKit, on one thread.") { seconds };
        command.SetAction(arguments => Run(TimeSpan.FromSeconds(arguments.GetValue(seconds))));
        return command;
    }

    private static int Run(TimeSpan turn)
    {
        var text = RandomNumberGenerator.GetBytes(Text);
        foreach (var kind in (string[])["RSA-2048", "P-256"])
        {
            foreach (var count in (int[])[1, Many])
            {
                Correspondent[] recipients = [.. Enumerable.Range(0, count).Select(i => Correspondent.Create(kind, i % 4))];
                using var openssl = new OpenSslCms(recipients);
                var way = count == 1 ? kind : $"{count} × {kind}";
                CoreCommand.Tell(Race.Run(turn, Ours(way, recipients, text, ContentEncryption.Aes256Cbc), OpenSsls(openssl, way, recipients, text), MimeKits(way, recipients, text)));
                if (count == 1)
                    CoreCommand.Tell(Race.Run(turn, [.. Decrypting(kind, recipients[0], openssl, text)]));
            }
        }

        var large = RandomNumberGenerator.GetBytes(Large);
        Correspondent[] one = [Correspondent.Create("P-256")];
        using var opensslLarge = new OpenSslCms(one);
        CoreCommand.Tell(Race.Run(
            turn, BareGcm(large), Ours("P-256, 25 MiB", one, large, ContentEncryption.Aes256Gcm), OpenSsls(opensslLarge, "P-256, 25 MiB", one, large, isGcm: true)));
        CoreCommand.Tell(Race.Run(turn, BareGcmAndHash(large), SignedAndEncrypted(one, large)));
        return 0;
    }

    private static Contender Ours(string way, Correspondent[] recipients, byte[] content, ContentEncryption encryption)
    {
        EnvelopeRecipient[] keys = [.. recipients.Select(recipient => new EnvelopeRecipient(RecipientKey.Create(recipient.Certificate), Oaep: false))];
        return new($"Postseal.Core, encrypt, {way}", content.Length, output =>
        {
            using var data = EnvelopedData.Prepare(keys, encryption, content.Length);
            output.SetLength(data.Length);
            data.Write(new(content), ((MemoryStream)output).GetBuffer().AsSpan(0, (int)data.Length));
        }, encrypted => OpensWithOpenSsl(encrypted, recipients, content));
    }

    private static Contender OpenSsls(OpenSslCms openssl, string way, Correspondent[] recipients, byte[] content, bool isGcm = false) => new(
        $"OpenSSL CMS_encrypt, {way}", content.Length, output => openssl.Encrypt(content, isGcm, output), encrypted => Opens(encrypted, recipients, content));

    private static Contender MimeKits(string way, Correspondent[] recipients, byte[] content)
    {
        var context = new TemporarySecureMimeContext();
        var parser = new X509CertificateParser();
        var all = new CmsRecipientCollection();
        foreach (var recipient in recipients)
            all.Add(new CmsRecipient(parser.ReadCertificate(recipient.Certificate.RawData)) { EncryptionAlgorithms = [EncryptionAlgorithm.Aes256] });
        // Its key agreement is read by nobody else, so only the other kind is judged.
        return new($"MimeKit with Bouncy Castle, encrypt, {way}", content.Length, output =>
        {
            using var encrypted = context.Encrypt(all, new MemoryStream(content));
            encrypted.Content!.DecodeTo(output);
        }, encrypted => way.EndsWith("P-256", StringComparison.Ordinal) || Opens(encrypted, recipients, content));
    }

    private static IEnumerable<Contender> Decrypting(string kind, Correspondent recipient, OpenSslCms openssl, byte[] content)
    {
        using var made = new MemoryStream();
        openssl.Encrypt(content, isGcm: false, made);
        var encrypted = made.ToArray();
        var key = recipient.OpenDecryptionKey();
        bool IsRight(byte[] decrypted) => decrypted.AsSpan().SequenceEqual(content);
        yield return new($"Postseal.Core, decrypt, {kind}", content.Length, output =>
        {
            var decryption = ReceivedEnvelope.TryRead(new(encrypted))!.DecryptAsync([key], readsTripleDes: false).AsTask().Result;
            output.Write(((DecryptedContent)decryption).Content.Span);
        }, IsRight);
        yield return new($"OpenSSL CMS_decrypt, {kind}", content.Length, output => openssl.Decrypt(encrypted, output), IsRight);
        if (kind.StartsWith("RSA", StringComparison.Ordinal))
        {
            var context = new TemporarySecureMimeContext();
            var store = new Pkcs12StoreBuilder().Build();
            var certificate = new X509CertificateParser().ReadCertificate(recipient.Certificate.RawData);
            store.SetKeyEntry("key", new AsymmetricKeyEntry(PrivateKeyFactory.CreateKey(recipient.Pkcs8)), [new X509CertificateEntry(certificate)]);
            using var pkcs12 = new MemoryStream();
            store.Save(pkcs12, "".ToCharArray(), new SecureRandom());
            context.Import(new MemoryStream(pkcs12.ToArray()), "");
            yield return new($"MimeKit with Bouncy Castle, decrypt, {kind}", content.Length, output => context.DecryptTo(new MemoryStream(encrypted), output), IsRight);
        }
    }

    /// <summary>The platform's AES-256-GCM, in place.</summary>
    private static Contender BareGcm(byte[] content)
    {
        var (key, nonce, tag, place) = (new byte[32], new byte[12], new byte[16], (byte[])content.Clone());
        return new("bare AES-256-GCM, 25 MiB", content.Length, _ =>
        {
            using var aes = new AesGcm(key, tag.Length);
            aes.Encrypt(nonce, place, place, tag);
        }, _ => true);
    }

    private static Contender BareGcmAndHash(byte[] content)
    {
        var bare = BareGcm(content);
        return bare with
        {
            Series = "bare AES-256-GCM and SHA-256, 25 MiB",
            Work = output =>
            {
                SHA256.HashData(content);
                bare.Work(output);
            },
        };
    }

    /// <summary>Signed in the opaque form and encrypted, to lines of base64: all that becomes of an entity.</summary>
    private static Contender SignedAndEncrypted(Correspondent[] recipients, byte[] content)
    {
        var signer = new TrialSigner("P-256");
        EnvelopeRecipient[] keys = [.. recipients.Select(recipient => new EnvelopeRecipient(RecipientKey.Create(recipient.Certificate), Oaep: false))];
        var entity = new ReadOnlySequence<byte>(content);
        return new("Postseal.Core, sign, encrypt and encode, 25 MiB", content.Length, output =>
        {
            var signature = SignedData.SignAsync(entity, signer.Identity.Signer, signer.Scheme, DateTimeOffset.UtcNow).AsTask().Result;
            var signed = signature.EncodeOpaque(entity);
            using var data = EnvelopedData.Prepare(keys, ContentEncryption.Aes256Gcm, signed.Length);
            var lines = Base64Lines.Encode((int)data.Length, (data, signed), static (bytes, state) => state.data.Write(state.signed, bytes));
            output.Write(lines.FirstSpan[..78]);
        }, line => line.Length == 78);
    }

    private static bool OpensWithOpenSsl(byte[] encrypted, Correspondent[] recipients, byte[] content) =>
        OpenSsl.Decrypt(encrypted, recipients[^1]).Content.AsSpan().SequenceEqual(content);

    private static bool Opens(byte[] encrypted, Correspondent[] recipients, byte[] content) =>
        ReceivedEnvelope.TryRead(new(encrypted))!.DecryptAsync([recipients[^1].OpenDecryptionKey()], readsTripleDes: false).AsTask().Result is DecryptedContent decrypted
        && decrypted.Content.Span.SequenceEqual(content);
}
