using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Cms.Enveloped;

// opener < TASKS: opens with our own reader what others encrypted. Each line is a task, its words separated by tabs; each line of
// output says "ok", or why not:
//   open  CMS KEY CERTIFICATE OUT          decrypts the DER file CMS with the PEM files KEY and CERTIFICATE
while (Console.ReadLine() is { } task)
    Console.WriteLine(await DoAsync(task.Split('\t')));

static async Task<string> DoAsync(string[] task)
{
    if (task is not ["open", var cmsFile, var keyFile, var certificateFile, var contentFile])
        return $"no task: {string.Join(' ', task)}";
    if (ReceivedEnvelope.TryRead(new(await File.ReadAllBytesAsync(cmsFile))) is not { } envelope)
        return "it is not encrypted, or broken";
    using var certificate = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(certificateFile));
    var key = new DecryptionKey(certificate, Key(await File.ReadAllTextAsync(keyFile), certificate), keyFile);
    var decryption = await envelope.DecryptAsync([key], readsTripleDes: false);
    if (decryption is not DecryptedContent content)
        return ((CannotDecrypt)decryption).Reason;
    using var decrypted = content;
    await File.WriteAllBytesAsync(contentFile, decrypted.Content);
    return "ok";
}

static PrivateKey Key(string pem, X509Certificate2 certificate)
{
    if (X25519Key.ReadPkcs8(Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data])) is { } montgomery)
        return montgomery;
    AsymmetricAlgorithm key = certificate.PublicKey.Oid.Value == Oids.EcPublicKey ? ECDsa.Create() : RSA.Create();
    key.ImportFromPem(pem);
    return new PlatformKey(key);
}
