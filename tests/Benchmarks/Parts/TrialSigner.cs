using System.Net;
using System.Security.Cryptography;
using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Parts;

/// <summary>A sender with a certificate and one intermediate, and the core set up to sign for it.</summary>
internal sealed class TrialSigner : IDisposable
{
    public static readonly MailAddress Address = TestMail.Address(SampleMail.Sender);

    public static readonly Envelope Envelope = new() { Sender = Address, ClientAddress = IPAddress.Loopback };

    public TrialSigner(string key)
    {
        Key = key;
        Folder.Add(SampleMail.Sender, key);
        Options = new PostsealOptions
        {
            Certificates = Folder.Options,
            Signing = new SigningRules { Mode = SigningMode.Required, MaxSize = 1 << 30 },
        };
        var certificates = Folder.Open();
        Processor = new OutgoingProcessor(Options, certificates, TimeProvider.System);
        Identity = ((Lookup<Identity>.Found)certificates.FindSigner(Address)).Value;
    }

    public string Key { get; }

    public CertificateFolder Folder { get; } = new();

    public PostsealOptions Options { get; }

    public OutgoingProcessor Processor { get; }

    public Identity Identity { get; }

    /// <summary>Signs as the policy says.</summary>
    public MailMessage Sign(MailMessage message) =>
        ((Outcome.Replaced)Processor.Process(message, Envelope)).Message;

    /// <summary>The platform's signature and nothing else.</summary>
    public SignatureScheme Scheme => SignatureScheme.For(Identity.Key.Kind, Identity.Key.Size, Digest.SHA256, RsaPadding.Pkcs1);

    public byte[] SignHash(byte[] hash) => ((PlatformKey)Identity.Key).Handle switch
    {
        RSA rsa => rsa.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        ECDsa ecdsa => ecdsa.SignHash(hash, DSASignatureFormat.Rfc3279DerSequence),
        var other => throw new NotSupportedException($"A key of type {other.GetType().Name}."),
    };

    public void Dispose() => Folder.Dispose();
}
