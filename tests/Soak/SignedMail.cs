using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Milter;
using Milter.Testing;
using Postseal.Cms;

namespace Postseal.Soak;

/// <summary>A message that came back signed, once .NET's own CMS has verified it: it shares nothing with the code that
/// signed.</summary>
internal sealed partial record SignedMail
{
    private SignedMail()
    {
    }

    /// <summary>The SHA-256 of the signer's certificate.</summary>
    public required string Signer { get; init; }

    /// <summary>The object identifier of the digest.</summary>
    public required string Digest { get; init; }

    public required bool IsOpaque { get; init; }

    /// <summary>What is signed.</summary>
    public required ReadOnlyMemory<byte> Entity { get; init; }

    /// <summary>Takes a message apart and verifies it; <see langword="null"/> when it is not signed.</summary>
    /// <exception cref="CryptographicException">The signature or the chain is not good.</exception>
    /// <exception cref="InvalidDataException">Its parts are not where they should be.</exception>
    /// <exception cref="FormatException">Its base64 is none.</exception>
    public static SignedMail? Verify(MtaResult result, X509Certificate2 root)
    {
        var types = result.Headers.Where(header => header.Is("Content-Type")).ToArray();
        var type = types is [var one] ? one.ToString() : "";
        return type.Contains("multipart/signed", StringComparison.Ordinal) ? Detached(type, result.Body, root)
            : type.Contains("application/pkcs7-mime", StringComparison.Ordinal) ? Opaque(result.Body, root)
            : null;
    }

    private static SignedMail Detached(string type, ReadOnlyMemory<byte> body, X509Certificate2 root)
    {
        if (MimeLeaf.Parts(body, Boundary().Match(type).Groups[1].Value).ToArray() is not [var entity, var signature])
            throw new InvalidDataException("a multipart/signed that has not two parts");
        var cms = new SignedCms(new ContentInfo(entity.ToArray()), detached: true);
        cms.Decode(MimeLeaf.Of(signature)[0].Content);
        return Verify(cms, entity, isOpaque: false, root);
    }

    private static SignedMail Opaque(ReadOnlyMemory<byte> body, X509Certificate2 root)
    {
        var cms = new SignedCms();
        cms.Decode(Convert.FromBase64String(Encoding.ASCII.GetString(body.Span)));
        return Verify(cms, cms.ContentInfo.Content, isOpaque: true, root);
    }

    private static SignedMail Verify(SignedCms cms, ReadOnlyMemory<byte> entity, bool isOpaque, X509Certificate2 root)
    {
        cms.CheckSignature(verifySignatureOnly: true);
        var signer = cms.SignerInfos[0].Certificate ?? throw new CryptographicException("the signer's certificate is not in the signature");
        CheckChain(signer, cms.Certificates, root);
        return new SignedMail
        {
            Signer = signer.GetCertHashString(HashAlgorithmName.SHA256),
            Digest = cms.SignerInfos[0].DigestAlgorithm.Value!,
            IsOpaque = isOpaque,
            Entity = entity,
        };
    }

    private static void CheckChain(X509Certificate2 signer, X509Certificate2Collection others, X509Certificate2 root)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.AddRange(others);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // a throw-away authority publishes no list
        if (!chain.Build(signer))
            throw new CryptographicException($"the chain does not hold: {chain.ChainStatus[0].StatusInformation}");
    }

    [GeneratedRegex("boundary=\"([^\"]+)\"")]
    private static partial Regex Boundary();
}
