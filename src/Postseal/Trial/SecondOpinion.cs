using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Postseal.Program.Trial;

/// <summary>
/// A second opinion on a message: .NET's own CMS, which shares nothing with the code that signed and encrypted it, and a
/// search for the parts that knows no more than RFC 1847.
/// </summary>
internal static class SecondOpinion
{
    /// <summary>Opens an encrypted message.</summary>
    /// <param name="body">Its body, base64.</param>
    /// <param name="recipient">The certificate with the key of somebody it was encrypted to.</param>
    /// <returns>The MIME entity in it.</returns>
    /// <exception cref="CryptographicException">It cannot be opened; the message says why.</exception>
    public static byte[] Open(ReadOnlySpan<byte> body, X509Certificate2 recipient)
    {
        var cms = new EnvelopedCms();
        cms.Decode(Convert.FromBase64String(Encoding.ASCII.GetString(body)));
        cms.Decrypt([recipient]);
        return cms.ContentInfo.Content;
    }

    /// <summary>Checks the signature, and that the signer's certificate leads to the root.</summary>
    /// <returns>The certificate of the signer.</returns>
    /// <exception cref="CryptographicException">The signature or the chain is not valid; the message says why.</exception>
    public static X509Certificate2 Verify(ReadOnlySpan<byte> body, string boundary, X509Certificate2 root)
    {
        var delimiter = Encoding.ASCII.GetBytes($"\r\n--{boundary}");
        var (content, afterContent) = NextPart(body, delimiter);
        var (signaturePart, _) = NextPart(afterContent, delimiter);
        var signature = signaturePart[(signaturePart.IndexOf("\r\n\r\n"u8) + 4)..];

        var cms = new SignedCms(new ContentInfo(content.ToArray()), detached: true);
        cms.Decode(Convert.FromBase64String(Encoding.ASCII.GetString(signature)));
        cms.CheckSignature(verifySignatureOnly: true);
        var signer = cms.SignerInfos[0].Certificate ?? throw new CryptographicException("The signer's certificate is not in the signature.");
        CheckChain(signer, cms.Certificates, root);
        return signer;
    }

    /// <summary>Returns what is between the next delimiter line and the one after it.</summary>
    private static Split NextPart(ReadOnlySpan<byte> text, ReadOnlySpan<byte> delimiter)
    {
        var begin = text.IndexOf(delimiter);
        var afterDelimiter = begin < 0 ? [] : text[(begin + delimiter.Length)..];
        var end = afterDelimiter.IndexOf(delimiter);
        if (end < 0 || !afterDelimiter.StartsWith("\r\n"u8))
            throw new CryptographicException("The message is not a multipart/signed of two parts.");
        return new Split(afterDelimiter[2..end], afterDelimiter[end..]);
    }

    private readonly ref struct Split(ReadOnlySpan<byte> part, ReadOnlySpan<byte> rest)
    {
        private readonly ReadOnlySpan<byte> part = part;
        private readonly ReadOnlySpan<byte> rest = rest;

        public void Deconstruct(out ReadOnlySpan<byte> part, out ReadOnlySpan<byte> rest)
        {
            part = this.part;
            rest = this.rest;
        }
    }

    private static void CheckChain(X509Certificate2 signer, X509Certificate2Collection others, X509Certificate2 root)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.AddRange(others);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // a test CA publishes no list
        if (!chain.Build(signer))
            throw new CryptographicException($"The chain does not hold: {chain.ChainStatus[0].StatusInformation}");
    }
}
