using System.Formats.Asn1;

namespace Postseal.Cms;

/// <summary>The families of signatures that are verified.</summary>
internal enum SignatureFamily
{
    /// <summary>One that is not.</summary>
    Unknown,

    /// <summary>RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).</summary>
    RsaPkcs1,

    /// <summary>RSASSA-PSS (RFC 8017 section 8.1).</summary>
    RsaPss,

    /// <summary>ECDSA (RFC 5753 section 2.1).</summary>
    Ecdsa,

    /// <summary>Ed25519 (RFC 8419).</summary>
    Ed25519,
}

/// <summary>How a stranger made a signature, as its signatureAlgorithm says: in a SignerInfo, a certificate, or a revocation list.</summary>
/// <param name="Family">The family.</param>
/// <param name="Name">Its name for people; the object identifier where it is unknown.</param>
/// <param name="Hash">The hash it names; <see langword="null"/> where the digestAlgorithm beside it says which.</param>
/// <param name="Pss">The padding of RSASSA-PSS.</param>
internal sealed record SignatureMethod(
    SignatureFamily Family, string Name, HashFunction? Hash = null, PssParameters? Pss = null)
{
    private const string EcdsaWithSpecified = "1.2.840.10045.4.3"; // X9.62; Windows writes it

    private static readonly Dictionary<string, SignatureMethod> Known = Rows().ToDictionary(
        row => row.Oid, row => new SignatureMethod(row.Family, row.Name, row.Hash is null ? null : HashFunction.Of(row.Hash)));

    /// <summary>Gets whether it is made over the digest of what is signed, and not over that itself.</summary>
    public bool IsOverHash => Family != SignatureFamily.Ed25519;

    /// <summary>Reads an AlgorithmIdentifier.</summary>
    /// <exception cref="AsnContentException">It is broken, or its parameters are not those of the algorithm.</exception>
    public static SignatureMethod Read(AsnReader reader)
    {
        var identifier = reader.ReadSequence();
        var oid = identifier.ReadObjectIdentifier();
        if (!Known.TryGetValue(oid, out var method))
            return new SignatureMethod(SignatureFamily.Unknown, oid);
        switch (method.Family)
        {
            case SignatureFamily.Unknown:
                return method;
            case SignatureFamily.RsaPss:
                var parameters = PssParameters.Read(identifier);
                method = method with { Hash = parameters.Hash, Pss = parameters };
                break;
            case SignatureFamily.Ecdsa when oid == EcdsaWithSpecified:
                method = method with { Hash = HashFunction.Read(identifier) };
                break;
            case SignatureFamily.Ecdsa when oid == Oids.EcPublicKey:
                return method; // Who names the key's algorithm may name its curve too; the certificate says which it is.
            case SignatureFamily.RsaPkcs1 or SignatureFamily.Ecdsa when identifier.HasData:
                identifier.ReadNull(); // absent for ECDSA (RFC 5754 section 3.3), but some write it
                break;
        }

        identifier.ThrowIfNotEmpty();
        return method;
    }

    private static IEnumerable<(string Oid, SignatureFamily Family, string Name, string? Hash)> Rows()
    {
        const string Sha1 = Oids.Sha1, Md5 = "1.2.840.113549.2.5", Nist = "2.16.840.1.101.3.4";
        string[] sha2 = [$"{Nist}.2.4", $"{Nist}.2.1", $"{Nist}.2.2", $"{Nist}.2.3"]; // SHA-224, -256, -384, -512
        string[] sha3 = [$"{Nist}.2.7", $"{Nist}.2.8", $"{Nist}.2.9", $"{Nist}.2.10"];

        // RFC 8017 appendix A.2.4, RFC 3370 section 3.2, RFC 5754 section 3.2, RFC 9688 section 3.
        yield return (Oids.RsaEncryption, SignatureFamily.RsaPkcs1, "RSA", null);
        yield return ("1.2.840.113549.1.1.2", SignatureFamily.RsaPkcs1, "RSA", "1.2.840.113549.2.2");
        yield return ("1.2.840.113549.1.1.3", SignatureFamily.RsaPkcs1, "RSA", "1.2.840.113549.2.4");
        yield return ("1.2.840.113549.1.1.4", SignatureFamily.RsaPkcs1, "RSA", Md5);
        yield return ("1.3.14.3.2.3", SignatureFamily.RsaPkcs1, "RSA", Md5); // OIW's
        yield return ("1.2.840.113549.1.1.5", SignatureFamily.RsaPkcs1, "RSA", Sha1);
        yield return ("1.3.14.3.2.29", SignatureFamily.RsaPkcs1, "RSA", Sha1); // OIW's
        yield return ("1.2.840.113549.1.1.14", SignatureFamily.RsaPkcs1, "RSA", sha2[0]);
        for (var i = 1; i < 4; i++)
            yield return ($"1.2.840.113549.1.1.{10 + i}", SignatureFamily.RsaPkcs1, "RSA", sha2[i]);
        for (var i = 0; i < 4; i++)
            yield return ($"{Nist}.3.{13 + i}", SignatureFamily.RsaPkcs1, "RSA", sha3[i]);
        yield return (Oids.RsaPss, SignatureFamily.RsaPss, "RSASSA-PSS", null);

        // RFC 3279 section 2.2.3, RFC 5758 section 3.2, RFC 9688 section 3; and the key's own, as some smart cards' programs write.
        yield return ("1.2.840.10045.4.1", SignatureFamily.Ecdsa, "ECDSA", Sha1);
        for (var i = 0; i < 4; i++)
            yield return ($"1.2.840.10045.4.3.{1 + i}", SignatureFamily.Ecdsa, "ECDSA", sha2[i]);
        for (var i = 0; i < 4; i++)
            yield return ($"{Nist}.3.{9 + i}", SignatureFamily.Ecdsa, "ECDSA", sha3[i]);
        yield return (EcdsaWithSpecified, SignatureFamily.Ecdsa, "ECDSA", null);
        yield return (Oids.EcPublicKey, SignatureFamily.Ecdsa, "ECDSA", null);

        yield return (Oids.Ed25519, SignatureFamily.Ed25519, "Ed25519", Digest.SHA512.Oid());

        foreach (var (oid, name) in SignatureNames.Unsupported)
            yield return (oid, SignatureFamily.Unknown, name, null);
    }
}
