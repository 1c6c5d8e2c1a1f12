namespace Postseal.Cms;

/// <summary>Names signature algorithms that are not verified, so that people learn which it is.</summary>
internal static class SignatureNames
{
    private const string Nist = "2.16.840.1.101.3.4.3";

    /// <summary>Gets them by object identifier; many of them are that of the key too.</summary>
    public static IReadOnlyList<(string Oid, string Name)> Unsupported { get; } =
    [
        ("1.2.840.10040.4.1", "DSA"), // RFC 3370 section 3.1
        ("1.2.840.10040.4.3", "DSA"),
        ($"{Nist}.1", "DSA"),
        ($"{Nist}.2", "DSA"),
        ("1.3.101.113", "Ed448"), // RFC 8419
        ("1.3.6.1.5.5.7.6.30", "RSASSA-PSS with SHAKE128"), // RFC 8702
        ("1.3.6.1.5.5.7.6.31", "RSASSA-PSS with SHAKE256"),
        ("1.3.6.1.5.5.7.6.32", "ECDSA with SHAKE128"),
        ("1.3.6.1.5.5.7.6.33", "ECDSA with SHAKE256"),
        ($"{Nist}.17", "ML-DSA-44"), // RFC 9882
        ($"{Nist}.18", "ML-DSA-65"),
        ($"{Nist}.19", "ML-DSA-87"),
        .. SlhDsa().Select((name, index) => ($"{Nist}.{20 + index}", name)), // RFC 9814
        ("1.2.840.113549.1.9.16.3.17", "HSS/LMS"), // RFC 9708
        ("1.3.36.3.3.1.2", "RSA with RIPEMD-160"), // TeleTrusT
        ("0.4.0.127.0.7.1.1.4.1.3", "plain ECDSA with SHA-256"), // BSI TR-03111
        ("0.4.0.127.0.7.1.1.4.1.4", "plain ECDSA with SHA-384"),
        ("0.4.0.127.0.7.1.1.4.1.5", "plain ECDSA with SHA-512"),
        ("1.2.643.7.1.1.1.1", "GOST R 34.10-2012"), // RFC 9215
        ("1.2.643.7.1.1.1.2", "GOST R 34.10-2012"),
        ("1.2.643.7.1.1.3.2", "GOST R 34.10-2012"),
        ("1.2.643.7.1.1.3.3", "GOST R 34.10-2012"),
    ];

    /// <summary>Returns the name of one of them; the object identifier where it is unknown.</summary>
    public static string Of(string oid) => Unsupported.FirstOrDefault(known => known.Oid == oid).Name ?? oid;

    // In the order of their identifiers.
    private static IEnumerable<string> SlhDsa() =>
        from hash in (string[])["SHA2", "SHAKE"]
        from strength in (string[])["128s", "128f", "192s", "192f", "256s", "256f"]
        select $"SLH-DSA-{hash}-{strength}";
}
