using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Program.Trial;

namespace Postseal.TestKit;

/// <summary>Somebody who signs letters, honest or not.</summary>
/// <param name="Certificate">The certificate, with its key.</param>
/// <param name="Chain">What goes with it.</param>
public sealed record LetterSigner(X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Chain) : IDisposable
{
    /// <summary>Takes what a CA issued.</summary>
    public static LetterSigner Of(IssuedCertificate issued) => new(
        X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem), [X509Certificate2.CreateFromPem(issued.ChainPem)]);

    /// <summary>Has a CA issue a certificate for one address.</summary>
    public static LetterSigner Of(TestCa ca, string address, string key = "P-256") => Of(ca.Issue(new TestCaRequest(address) { Key = key }));

    /// <summary>Makes a certificate of one's own with the name, issuer and serial number of another, for any address: whoever looks
    /// one up by issuer and serial number may find either.</summary>
    public static LetterSigner CloneOf(X509Certificate2 original, string address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(original.SubjectName, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(address);
        request.CertificateExtensions.Add(names.Build());
        using var clone = request.Create(
            original.IssuerName, X509SignatureGenerator.CreateForECDsa(key), original.NotBefore, original.NotAfter, original.SerialNumberBytes.Span);
        return new LetterSigner(clone.CopyWithPrivateKey(key), []);
    }

    /// <summary>Makes a certificate that has another's key too, and says something else: nobody can sign with it but the owner of that
    /// key, and no CA stands behind it.</summary>
    public static X509Certificate2 CopyOf(X509Certificate2 original, string address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(original.SubjectName, original.PublicKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(address);
        request.CertificateExtensions.Add(names.Build());
        return request.Create(
            original.IssuerName, X509SignatureGenerator.CreateForECDsa(key), original.NotBefore, original.NotAfter, original.SerialNumberBytes.Span);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Certificate.Dispose();
        foreach (var certificate in Chain)
            certificate.Dispose();
    }
}
