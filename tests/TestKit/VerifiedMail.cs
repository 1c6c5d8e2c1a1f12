using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using MimeKit.Cryptography;

namespace Postseal.TestKit;

/// <summary>
/// A signed message taken apart by MimeKit and judged by .NET's SignedCms, both of which share no code with us. That is many times
/// faster than <see cref="MimeKitJudge"/>.
/// </summary>
/// <param name="Content">The entity that is signed.</param>
/// <param name="Signer">Who signed it, with which digest.</param>
/// <param name="IsOpaque">Whether the entity is inside of the signature.</param>
public sealed record VerifiedMail(byte[] Content, SignerInfo Signer, bool IsOpaque)
{
    private static readonly FormatOptions AsSigned = new() { NewLineFormat = NewLineFormat.Dos };

    /// <summary>Takes a message apart and verifies its signature, and that the signer's certificate leads to the root.</summary>
    /// <returns><see langword="null"/> when the message is not signed.</returns>
    /// <exception cref="CryptographicException">The signature or the chain is not valid.</exception>
    public static VerifiedMail? Verify(byte[] mail, X509Certificate2 root)
    {
        using var message = MimeMessage.Load(new MemoryStream(mail));
        return message.Body switch
        {
            MultipartSigned { Count: 2 } detached => Verify(Bytes(detached[0]), Decoded(detached[1]), root),
            ApplicationPkcs7Mime { SecureMimeType: SecureMimeType.SignedData } opaque => Verify(null, Decoded(opaque), root),
            _ => null,
        };
    }

    private static VerifiedMail Verify(byte[]? content, byte[] signature, X509Certificate2 root)
    {
        var cms = content is null ? new SignedCms() : new SignedCms(new ContentInfo(content), detached: true);
        cms.Decode(signature);
        cms.CheckSignature(verifySignatureOnly: true);
        var signer = cms.SignerInfos[0];
        CheckChain(signer.Certificate ?? throw new CryptographicException("the signer's certificate is not in the signature"), cms, root);
        return new VerifiedMail(cms.ContentInfo.Content, signer, IsOpaque: content is null);
    }

    private static void CheckChain(X509Certificate2 signer, SignedCms cms, X509Certificate2 root)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.AddRange(cms.Certificates);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // a test CA publishes no list
        if (!chain.Build(signer))
            throw new CryptographicException($"the chain does not hold: {chain.ChainStatus[0].StatusInformation}");
    }

    private static byte[] Bytes(MimeEntity entity)
    {
        using var bytes = new MemoryStream();
        entity.WriteTo(AsSigned, bytes);
        return bytes.ToArray();
    }

    private static byte[] Decoded(MimeEntity part)
    {
        using var content = new MemoryStream();
        ((MimePart)part).Content?.DecodeTo(content);
        return content.ToArray();
    }
}
