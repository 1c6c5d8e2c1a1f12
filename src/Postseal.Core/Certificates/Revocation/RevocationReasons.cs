using System.Formats.Asn1;

namespace Postseal.Certificates.Revocation;

/// <summary>ReasonFlags ::= BIT STRING (RFC 5280 section 4.2.1.13): the reasons for which a list tells that a certificate was revoked.</summary>
[Flags]
internal enum RevocationReasons
{
    None = 0,
    KeyCompromise = 1 << 1,
    CaCompromise = 1 << 2,
    AffiliationChanged = 1 << 3,
    Superseded = 1 << 4,
    CessationOfOperation = 1 << 5,
    CertificateHold = 1 << 6,
    PrivilegeWithdrawn = 1 << 7,
    AaCompromise = 1 << 8,

    /// <summary>All that a certificate which is no attribute certificate may have been revoked for.</summary>
    All = KeyCompromise | CaCompromise | AffiliationChanged | Superseded | CessationOfOperation | CertificateHold | PrivilegeWithdrawn | AaCompromise,
}

/// <summary>Reads reasons and tells them to people.</summary>
internal static class RevocationReasonText
{
    /// <summary>CRLReason certificateHold (RFC 5280 section 5.3.1): it may be taken back.</summary>
    public const byte Hold = 6;

    /// <summary>CRLReason removeFromCRL: only in deltas, and the contrary of revoked.</summary>
    public const byte Removed = 8;

    /// <summary>Reads ReasonFlags. Bit 0 is unused; those that nobody knows are passed over.</summary>
    public static RevocationReasons ReadFlags(AsnReader reader, Asn1Tag tag)
    {
        var octets = reader.ReadBitString(out _, tag);
        var reasons = RevocationReasons.None;
        for (var bit = 1; bit <= 8 && bit / 8 < octets.Length; bit++)
        {
            if ((octets[bit / 8] & (0x80 >> (bit % 8))) != 0)
                reasons |= (RevocationReasons)(1 << bit);
        }

        return reasons;
    }

    /// <summary>Says what a CRLReason means.</summary>
    public static string Of(byte reason) => reason switch
    {
        1 => "its key was compromised",
        2 => "the key of its CA was compromised",
        3 => "its owner is called otherwise or belongs elsewhere now",
        4 => "it was superseded",
        5 => "it is no longer needed",
        Hold => "it is suspended",
        9 => "its owner may no longer have it",
        10 => "the key of an attribute authority was compromised",
        _ => "its CA gives no reason",
    };
}
