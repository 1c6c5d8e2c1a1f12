using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Cms.Signed;
using Postseal.Harvest;
using Postseal.Ldap.Protocol;
using Postseal.Mail;

namespace Postseal.Ldap.Learned;

/// <summary>An entry of an address, and what in it was learned from mail: the values that its record names, by their SHA-256.</summary>
/// <param name="Dn">Its name.</param>
/// <param name="Certificates">The certificates in it that can be read.</param>
/// <param name="Signatures">The values of userSMIMECertificate.</param>
/// <param name="Records">The values of description that are records: more than one only where servers that both take changes were apart.</param>
internal sealed record LearnedEntry(
    string Dn, IReadOnlyList<X509Certificate2> Certificates, IReadOnlyList<ReadOnlyMemory<byte>> Signatures,
    IReadOnlyList<ReadOnlyMemory<byte>> Records)
{
    private const int MaxRecord = 16 << 10;

    /// <summary>Gets where it was learned from: the latest of the records, with the values that any of them names; <see langword="null"/> if it
    /// was not learned.</summary>
    public LearnedRecord? Record { get; private init; }

    /// <summary>Gets what somebody else put there, for people; <see langword="null"/> if there is nothing.</summary>
    public string? Strange { get; private init; }

    /// <summary>Reads an entry.</summary>
    public static LearnedEntry Read(MailAddress address, LdapEntry entry)
    {
        var records = entry.ValuesOf(LearnedAttributes.Description).Where(value => RecordIn(value, address) is not null).ToList();
        var parsed = records.Select(value => RecordIn(value, address)!).ToList();
        var record = parsed.MaxBy(record => record.SignedAt) is { } last
            ? last with { Files = [.. parsed.SelectMany(one => one.Files).Distinct()] }
            : null;
        var values = LearnedAttributes.Values(entry).ToList();
        var stranger = values.FirstOrDefault(value => record?.Files.Contains((value.Type, LearnedAttributes.DigestOf(value.Value))) != true);
        return new LearnedEntry(
            entry.Dn,
            [.. values.Where(value => value.Type == LearnedAttributes.Certificate).Select(value => Load(value.Value)).OfType<X509Certificate2>()],
            [.. values.Where(value => value.Type == LearnedAttributes.Signature).Select(value => value.Value)],
            records)
        {
            Record = record,
            Strange = stranger.Type is { } type ? $"a value of {type} in {DistinguishedName.ForPeople(entry.Dn)}" : null,
        };
    }

    /// <summary>Returns what is known of its owner.</summary>
    public LearnedSet Known() => new()
    {
        Record = Record,
        Abilities = Announced(),
        CanKeepAbilitiesOf = LearnedAttributes.HasSignature,
        CertificateOf = known => Certificates.FirstOrDefault(certificate => CandidateCertificate.FingerprintOf(certificate) == known.Fingerprint),
    };

    private Abilities? Announced() =>
        Signatures is [var value]
        && ReceivedSignedData.TryRead(new ReadOnlySequence<byte>(value)) is { Obstacle: null, Signers: [{ Capabilities: { } announced } signer] }
            ? Abilities.Read(announced, signer.SigningTime ?? DateTimeOffset.MinValue)
            : null;

    private static LearnedRecord? RecordIn(ReadOnlyMemory<byte> value, MailAddress address) =>
        value.Length <= MaxRecord && LearnedRecord.Parse(Encoding.UTF8.GetString(value.Span)) is { } record && record.Address == address
            ? record
            : null;

    private static X509Certificate2? Load(ReadOnlyMemory<byte> der)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(der.Span);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
