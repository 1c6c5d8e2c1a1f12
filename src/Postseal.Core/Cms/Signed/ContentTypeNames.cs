namespace Postseal.Cms.Signed;

/// <summary>Names what is signed elsewhere than in mail, so that people learn what they have.</summary>
internal static class ContentTypeNames
{
    /// <summary>Returns the name of a content type, with an article; the object identifier where it is unknown.</summary>
    public static string Of(string oid) => oid switch
    {
        Oids.SignedData => "another signature",
        Oids.EnvelopedData or Oids.AuthEnvelopedData => "an encrypted message",
        Oids.CompressedData => "a compressed message",
        "1.2.840.113549.1.7.5" => "digested data",
        "1.2.840.113549.1.7.6" => "encrypted data",
        "1.2.840.113549.1.9.16.1.1" => "a signed receipt", // RFC 2634 section 2.8
        "1.2.840.113549.1.9.16.1.2" => "authenticated data",
        "1.2.840.113549.1.9.16.1.4" => "a time stamp", // RFC 3161
        "1.2.840.113549.1.9.16.1.6" => "a content collection", // RFC 4073
        "1.3.6.1.4.1.311.2.1.4" => "a program of Windows", // Authenticode
        "1.3.6.1.4.1.311.10.1" => "a list of certificates of Windows",
        _ => $"a content of type {oid}",
    };
}
