using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Program.Keys;

/// <summary>
/// What a certificate for signing and encrypting the mail of one address has to say (RFC 8550), as a request that goes
/// to a CA or is signed with its own key.
/// </summary>
internal static class MailCertificateRequest
{
    /// <summary>ub-common-name (RFC 5280 appendix A.1).</summary>
    private const int MaxCommonNameLength = 64;

    /// <summary>Makes the request.</summary>
    /// <param name="address">The address; it goes into subjectAltName, where readers look for it.</param>
    /// <param name="commonName">The name of the person; <see langword="null"/>: the address.</param>
    /// <param name="key">The key, RSA or EC.</param>
    /// <exception cref="ArgumentException">The name is longer than 64 characters.</exception>
    public static CertificateRequest Create(MailAddress address, string? commonName, AsymmetricAlgorithm key)
    {
        commonName ??= address.ToString();
        if (commonName.EnumerateRunes().Count() > MaxCommonNameLength)
            throw new ArgumentException($"the name in a certificate has at most {MaxCommonNameLength} characters", nameof(commonName));
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(commonName);

        var request = key switch
        {
            RSA rsa => new CertificateRequest(subject.Build(), rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            ECDsa ecdsa => new CertificateRequest(
                subject.Build(), ecdsa, ecdsa.KeySize > 256 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256),
            _ => throw new ArgumentException($"A key of type {key.GetType().Name} is not for mail.", nameof(key)),
        };
        request.CertificateExtensions.Add(
            new X509Extension(Oids.SubjectAlternativeName, SubjectAlternativeNames.Encode([address]), critical: false));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(KeyType.UsageOf(key), critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new(Oids.EmailProtection)], critical: false));
        return request;
    }

    /// <summary>Signs a request with its own key. Readers trust the result only when they are told to, one by one.</summary>
    public static X509Certificate2 SelfSign(CertificateRequest request, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(notBefore, notAfter);
    }
}
