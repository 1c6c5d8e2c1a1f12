using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Milter.Testing;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Judging;

/// <summary>
/// Whether a message is what was sent, signed by its author: by .NET's SignedCms and an eye for RFC 1847 that shares no code
/// with the signer, and by openssl.
/// </summary>
internal static partial class SmimeJudge
{
    /// <summary>What is wrong with a message; null when nothing is.</summary>
    public static string? FaultOf(MtaMessage sent, MtaResult received, X509Certificate2 root)
    {
        if (received.Verdict != MtaVerdict.Accepted)
            return $"it was not accepted but {received.Verdict}";
        if (Split(received) is not var (content, signaturePart))
            return "it is not multipart/signed of two parts";
        if (!content.AsSpan().SequenceEqual(EntityOf(sent)))
            return "what is signed is not what was sent";
        return FaultOfSignature(content, signaturePart, sent.Sender, root);
    }

    /// <summary>What openssl says is wrong with a message; null when nothing is.</summary>
    public static string? OpenSslFaultOf(MtaResult received, X509Certificate2 root)
    {
        var (verified, _, errors) = OpenSsl.Verify(received.ToBytes(), root);
        return verified ? null : $"openssl cms -verify says {errors.Trim()}";
    }

    private static string? FaultOfSignature(byte[] content, byte[] signaturePart, string author, X509Certificate2 root)
    {
        try
        {
            var cms = new SignedCms(new ContentInfo(content), detached: true);
            cms.Decode(SignatureIn(signaturePart));
            cms.CheckSignature(verifySignatureOnly: true);
            if (cms.SignerInfos[0].Certificate is not { } signer || signer.GetNameInfo(X509NameType.EmailName, false) != author)
                return "the signer is not the author";
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(root);
            chain.ChainPolicy.ExtraStore.AddRange(cms.Certificates);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // a throw-away authority publishes no list
            return chain.Build(signer) ? null : $"its chain does not hold: {chain.ChainStatus[0].StatusInformation}";
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return e.Message;
        }
    }

    /// <summary>The entity that is to be signed: the fields that tell of the content, and the body.</summary>
    private static byte[] EntityOf(MtaMessage sent)
    {
        using var entity = new MemoryStream();
        foreach (var header in sent.Headers.Where(header => header.ToString().StartsWith("Content-", StringComparison.OrdinalIgnoreCase)))
            entity.Write(Encoding.ASCII.GetBytes($"{header}\r\n"));
        entity.Write("\r\n"u8);
        entity.Write(sent.Body.Span);
        return entity.ToArray();
    }

    private static (byte[] Content, byte[] SignaturePart)? Split(MtaResult received)
    {
        var types = received.Headers.Where(header => header.Is("Content-Type")).ToList();
        if (types.Count != 1 || SignedType().Match(types[0].ToString()) is not { Success: true } type)
            return null;
        var delimiter = Encoding.ASCII.GetBytes($"\r\n--{type.Groups["boundary"].Value}");
        byte[] body = [.. "\r\n"u8, .. received.Body.Span];
        var parts = Parts(body, delimiter).ToList();
        return parts.Count == 2 ? (parts[0], parts[1]) : null;
    }

    private static IEnumerable<byte[]> Parts(byte[] body, byte[] delimiter)
    {
        var begin = body.AsSpan().IndexOf(delimiter);
        while (begin >= 0)
        {
            begin += delimiter.Length + 2;
            var length = body.AsSpan(begin).IndexOf(delimiter);
            if (length < 0)
                yield break;
            yield return body[begin..(begin + length)];
            begin += length;
        }
    }

    private static byte[] SignatureIn(byte[] part)
    {
        var text = Encoding.ASCII.GetString(part);
        return Convert.FromBase64String(text[(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
    }

    [GeneratedRegex("multipart/signed.*boundary=\"?(?<boundary>[^\";\\s]+)", RegexOptions.Singleline | RegexOptions.IgnoreCase)]
    private static partial Regex SignedType();
}
