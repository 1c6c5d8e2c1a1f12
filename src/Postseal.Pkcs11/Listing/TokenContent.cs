using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Pkcs11.Keys;
using Pkcs11Uri = Postseal.Certificates.Sources.Pkcs11Uri;

namespace Postseal.Pkcs11.Listing;

/// <summary>What is in a token.</summary>
/// <param name="Entries">The certificates whose keys are there.</param>
/// <param name="Authorities">The certificates of CAs there.</param>
/// <param name="Findings">What cannot be used and why, each a sentence that begins with the object.</param>
internal sealed record TokenContent(
    IReadOnlyList<TokenEntry> Entries, IReadOnlyList<X509Certificate2> Authorities, IReadOnlyList<string> Findings);

/// <summary>A certificate in a token, with its key.</summary>
/// <param name="Certificate">Both, for the core.</param>
/// <param name="Key">The key.</param>
/// <param name="Label">CKA_LABEL of the certificate.</param>
/// <param name="Id">CKA_ID of the certificate.</param>
internal sealed record TokenEntry(MailCertificate Certificate, KeyObject Key, string Label, byte[] Id)
{
    /// <summary>Determines whether a URI names it: by the certificate's attributes or by the key's.</summary>
    public bool Matches(Pkcs11Uri uri) => uri.MatchesObject(Label, Id, "cert") || uri.MatchesObject(Key.Label, Key.Id, "private");
}
