using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Harvest;
using Postseal.Ldap.Protocol;

namespace Postseal.Ldap.Learned;

/// <summary>
/// The attributes of a learned entry, an inetOrgPerson (RFC 2798): the certificates in userCertificate, the signature with what its author's
/// program can read in userSMIMECertificate, and in description the record, which names their values.
/// </summary>
internal sealed class LearnedAttributes
{
    /// <summary>The names of the attributes.</summary>
    public const string Mail = "mail", Certificate = "userCertificate", Signature = "userSMIMECertificate", Description = "description";

    private static readonly string[] ObjectClasses = ["top", "person", "organizationalPerson", "inetOrgPerson"];
    private readonly string certificate, signature;

    /// <summary>Takes the names with the options that they are read by.</summary>
    /// <param name="read">The attributes that certificates are read from.</param>
    public LearnedAttributes(IReadOnlyList<string> read)
    {
        (certificate, signature) = (Named(Certificate, $"{Certificate};binary"), Named(Signature, Signature));
        All = [certificate, signature, Description];

        string Named(string type, string otherwise) =>
            read.FirstOrDefault(name => LdapAttribute.TypeOf(name).Equals(type, StringComparison.OrdinalIgnoreCase)) ?? otherwise;
    }

    /// <summary>Gets all that is read.</summary>
    public IReadOnlyList<string> All { get; }

    /// <summary>Determines whether the signature of a candidate is kept, with what it says of its author's program: not if it is only for signing,
    /// nor if it is too large for a directory of people.</summary>
    public static bool HasSignature(Candidate candidate) =>
        candidate.Recipient is not null && candidate.Signature.Value.Length <= PendingFiles.MaxSignature;

    /// <summary>Returns the SHA-256 of a value, in hexadecimal.</summary>
    public static string DigestOf(ReadOnlyMemory<byte> value) => Convert.ToHexStringLower(SHA256.HashData(value.Span));

    /// <summary>Returns the values with certificates, each with the name of its attribute.</summary>
    public static IEnumerable<(string Type, ReadOnlyMemory<byte> Value)> Values(LdapEntry entry) =>
        from type in new[] { Certificate, Signature }
        from value in entry.ValuesOf(type)
        select (type, value);

    /// <summary>Makes an entry.</summary>
    public IReadOnlyList<LdapAttribute> ForNew(LearnedChange change)
    {
        var address = change.Record.Address;
        var (certificates, signatures) = (CertificatesOf(change), SignaturesOf(change, []));
        List<LdapAttribute> all =
        [
            new("objectClass", [.. ObjectClasses.Select(Text)]),
            new(Mail, [Text(address.CanonicalText)]),
            // Both have to be there; what the certificate says of its owner's name was not asked for.
            new("cn", [Text(address.CanonicalText)]),
            new("sn", [Text(address.LocalPart)]),
            new(certificate, certificates),
            new(signature, signatures),
            new(Description, [Text(RecordOf(change, certificates, signatures))]),
        ];
        return [.. all.Where(attribute => attribute.Values.Count > 0)];
    }

    /// <summary>Makes the changes of an entry. The record goes first: if it is not there any more, nothing is changed.</summary>
    public IReadOnlyList<LdapChange> ForKnown(LearnedEntry own, LearnedChange change)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> present = [.. own.Certificates.Select(found => found.RawDataMemory)];
        var certificates = change.Candidate is null ? present : CertificatesOf(change);
        var signatures = change.Candidate is null ? own.Signatures : SignaturesOf(change, own.Signatures);
        List<LdapChange> all =
        [
            new(LdapChangeKind.Delete, new(Description, own.Records)),
            new(LdapChangeKind.Add, new(Description, [Text(RecordOf(change, certificates, signatures))])),
            new(LdapChangeKind.Delete, new(certificate, Except(present, certificates))),
            new(LdapChangeKind.Add, new(certificate, Except(certificates, present))),
        ];
        all.RemoveAll(change => change.Attribute.Values.Count == 0);
        // Its values cannot be compared (it has no EQUALITY in RFC 2798), so none can be deleted by itself.
        if (Except(signatures, own.Signatures).Count + Except(own.Signatures, signatures).Count > 0)
            all.Add(new(LdapChangeKind.Replace, new(signature, signatures)));
        return all;
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> CertificatesOf(LearnedChange change)
    {
        var kept = change.Kept is { } known ? change.Known.CertificateOf(known) : null;
        return
        [
            .. change.Candidate!.Certificates.Select(one => one.Certificate).Append(kept).OfType<X509Certificate2>()
                .Select(one => one.RawDataMemory),
        ];
    }

    /// <summary>With a certificate to encrypt to that stays, the signature stays that has it.</summary>
    private static IReadOnlyList<ReadOnlyMemory<byte>> SignaturesOf(LearnedChange change, IReadOnlyList<ReadOnlyMemory<byte>> before) =>
        change.Kept is not null ? before
        : change.Candidate!.Signature.Value is { Length: <= PendingFiles.MaxSignature } made ? [made]
        : [];

    private static string RecordOf(
        LearnedChange change, IReadOnlyList<ReadOnlyMemory<byte>> certificates, IReadOnlyList<ReadOnlyMemory<byte>> signatures) =>
        (change.Record with
        {
            Files =
            [
                .. certificates.Select(value => (Certificate, DigestOf(value))), .. signatures.Select(value => (Signature, DigestOf(value))),
            ],
        }).Write();

    private static List<ReadOnlyMemory<byte>> Except(IReadOnlyList<ReadOnlyMemory<byte>> all, IReadOnlyList<ReadOnlyMemory<byte>> others) =>
        [.. all.Where(value => !others.Any(other => other.Span.SequenceEqual(value.Span)))];

    private static ReadOnlyMemory<byte> Text(string text) => Encoding.UTF8.GetBytes(text);
}
