using System.Buffers;
using System.Security.Cryptography.X509Certificates;
using Postseal.Bytes;
using Postseal.Cms;
using Postseal.Cms.Signed;

namespace Postseal.Tests.Cms.Signed;

/// <summary>Verifies signatures with the certificate that each signer names, wherever it is from.</summary>
internal static class Verifying
{
    public static ReceivedSignedData Read(byte[] signedData) =>
        Assert.IsType<ReceivedSignedData>(ReceivedSignedData.TryRead(new(signedData)));

    /// <summary>Verifies all of them.</summary>
    /// <param name="signedData">The ContentInfo.</param>
    /// <param name="content">The content, where it is not in it.</param>
    /// <param name="certificates">Certificates beside those in it.</param>
    public static IReadOnlyList<SignatureFinding> Findings(byte[] signedData, byte[]? content = null, params X509Certificate2[] certificates) =>
        Findings(Read(signedData), content is null ? null : new ReadOnlySequence<byte>(content), certificates);

    public static IReadOnlyList<SignatureFinding> Findings(
        ReceivedSignedData read, ReadOnlySequence<byte>? content, params X509Certificate2[] certificates)
    {
        var digests = ContentDigests.Of(read, content ?? read.Content);
        var inside = read.Certificates.Select(one => X509CertificateLoader.LoadCertificate(one.Span)).ToArray();
        var findings = new List<SignatureFinding>();
        foreach (var signer in read.Signers)
        {
            var certificate = certificates.Concat(inside).First(signer.Matches);
            findings.Add(signer.Verify(VerificationKey.Of(certificate), certificate, digests));
        }

        foreach (var certificate in inside)
            certificate.Dispose();
        return findings;
    }

    /// <summary>Verifies the only one.</summary>
    public static SignatureFinding Finding(byte[] signedData, byte[]? content = null, params X509Certificate2[] certificates) =>
        Assert.Single(Findings(signedData, content, certificates));

    /// <summary>The same bytes in pieces.</summary>
    public static ReadOnlySequence<byte> Pieces(byte[] bytes, int length)
    {
        var rope = new ByteRope();
        for (var start = 0; start < bytes.Length; start += length)
            rope.Append(bytes.AsMemory(start, Math.Min(length, bytes.Length - start)));
        return rope.ToSequence();
    }
}
