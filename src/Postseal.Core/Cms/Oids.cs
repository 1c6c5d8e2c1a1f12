namespace Postseal.Cms;

/// <summary>Object identifiers, by the names their documents give them.</summary>
internal static class Oids
{
    // RFC 5652: content types and attributes.
    public const string Data = "1.2.840.113549.1.7.1";
    public const string SignedData = "1.2.840.113549.1.7.2";
    public const string EnvelopedData = "1.2.840.113549.1.7.3";
    public const string CompressedData = "1.2.840.113549.1.9.16.1.9"; // RFC 3274
    public const string AuthEnvelopedData = "1.2.840.113549.1.9.16.1.23"; // RFC 5083
    public const string ContentType = "1.2.840.113549.1.9.3";
    public const string MessageDigest = "1.2.840.113549.1.9.4";
    public const string SigningTime = "1.2.840.113549.1.9.5";
    public const string CounterSignature = "1.2.840.113549.1.9.6";
    public const string AlgorithmProtection = "1.2.840.113549.1.9.52"; // RFC 6211

    // RFC 8551 sections 2.5.2 and 2.5.3, RFC 5035 section 5.4.
    public const string SmimeCapabilities = "1.2.840.113549.1.9.15";
    public const string ReceiptRequest = "1.2.840.113549.1.9.16.2.1"; // RFC 2634 section 2.7
    public const string EncryptionKeyPreference = "1.2.840.113549.1.9.16.2.11";
    public const string SigningCertificate = "1.2.840.113549.1.9.16.2.12";
    public const string SigningCertificateV2 = "1.2.840.113549.1.9.16.2.47";

    // RFC 8017 appendix C.
    public const string RsaEncryption = "1.2.840.113549.1.1.1";
    public const string EcPublicKey = "1.2.840.10045.2.1"; // RFC 5480 section 2.1.1
    public const string RsaPss = "1.2.840.113549.1.1.10";
    public const string RsaesOaep = "1.2.840.113549.1.1.7";
    public const string Mgf1 = "1.2.840.113549.1.1.8";
    public const string PSpecified = "1.2.840.113549.1.1.9";
    public const string Sha1 = "1.3.14.3.2.26"; // RFC 3370 section 2.1

    // RFC 8410 section 3.
    public const string X25519 = "1.3.101.110";
    public const string X448 = "1.3.101.111";
    public const string Ed25519 = "1.3.101.112";
    public const string Ed448 = "1.3.101.113";

    public const string Dsa = "1.2.840.10040.4.1"; // RFC 3279 section 2.3.2

    // RFC 5480 section 2.1.1.1, RFC 5639 section 4.1.
    public const string P256 = "1.2.840.10045.3.1.7";
    public const string P384 = "1.3.132.0.34";
    public const string P521 = "1.3.132.0.35";
    public const string BrainpoolP256 = "1.3.36.3.3.2.8.1.1.7";
    public const string BrainpoolP384 = "1.3.36.3.3.2.8.1.1.11";
    public const string BrainpoolP512 = "1.3.36.3.3.2.8.1.1.13";

    // RFC 3565 sections 2.3.2 and 4.1, RFC 5084 section 3.2.
    public const string Aes128Wrap = "2.16.840.1.101.3.4.1.5";
    public const string Aes192Wrap = "2.16.840.1.101.3.4.1.25";
    public const string Aes256Wrap = "2.16.840.1.101.3.4.1.45";
    public const string Aes192Cbc = "2.16.840.1.101.3.4.1.22";
    public const string Aes192Gcm = "2.16.840.1.101.3.4.1.26";
    public const string Aes128Cbc = "2.16.840.1.101.3.4.1.2";
    public const string Aes256Cbc = "2.16.840.1.101.3.4.1.42";
    public const string Aes128Gcm = "2.16.840.1.101.3.4.1.6";
    public const string Aes256Gcm = "2.16.840.1.101.3.4.1.46";
    public const string TripleDesCbc = "1.2.840.113549.3.7"; // RFC 3370 sections 4.3.1 and 5.1
    public const string TripleDesWrap = "1.2.840.113549.1.9.16.3.6";

    public const string CekHkdfSha256 = "1.2.840.113549.1.9.16.3.31"; // RFC 9709 section 3

    // RFC 5280 sections 4.2.1.6, 4.2.1.9, 4.2.1.10, 4.2.1.12.
    public const string SubjectAlternativeName = "2.5.29.17";
    public const string BasicConstraints = "2.5.29.19";
    public const string NameConstraints = "2.5.29.30";
    public const string EmailProtection = "1.3.6.1.5.5.7.3.4";
    public const string AnyExtendedKeyUsage = "2.5.29.37.0";

    // RFC 5280 sections 4.2.1.1, 4.2.1.13, 4.2.1.15, 4.2.2.1, 5.2, 5.3.
    public const string AuthorityKeyIdentifier = "2.5.29.35";
    public const string CrlDistributionPoints = "2.5.29.31";
    public const string FreshestCrl = "2.5.29.46";
    public const string AuthorityInfoAccess = "1.3.6.1.5.5.7.1.1";
    public const string CaIssuers = "1.3.6.1.5.5.7.48.2";
    public const string IssuerAlternativeName = "2.5.29.18";
    public const string CrlNumber = "2.5.29.20";
    public const string DeltaCrlIndicator = "2.5.29.27";
    public const string IssuingDistributionPoint = "2.5.29.28";
    public const string ReasonCode = "2.5.29.21";
    public const string InvalidityDate = "2.5.29.24";
    public const string CertificateIssuer = "2.5.29.29";

    // RFC 6960 sections 4.2.1, 4.2.2.2.
    public const string Ocsp = "1.3.6.1.5.5.7.48.1";
    public const string OcspBasic = "1.3.6.1.5.5.7.48.1.1";
    public const string OcspNoCheck = "1.3.6.1.5.5.7.48.1.5";
    public const string OcspSigning = "1.3.6.1.5.5.7.3.9";

    // RFC 2985 section 5.2.1.
    public const string EmailAddress = "1.2.840.113549.1.9.1";

    // RFC 9598 section 3.
    public const string SmtpUtf8Mailbox = "1.3.6.1.5.5.7.8.9";
}
