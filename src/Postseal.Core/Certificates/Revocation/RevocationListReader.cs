using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// Reads CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue } (RFC 5280 section 5.1). What it says in a
/// critical extension that nobody here knows makes it doubtful; what is not DER makes it none.
/// </summary>
internal sealed class RevocationListReader
{
    /// <summary>The most issuers of an indirect list; one for each entry would take more memory than the list.</summary>
    private const int MaxIssuers = 10_000;

    /// <summary>The longest object identifier or number that is looked at: beyond, reading them takes quadratic time.</summary>
    private const int MaxShort = 64;

    private static readonly Asn1Tag Extensions = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag KeyIdentifier = new(TagClass.ContextSpecific, 0);

    private readonly X500DistinguishedName issuer;
    private readonly string issuerForm;
    private readonly Dictionary<string, RevokedSerials.Builder> entries = [];
    private ListScope scope = new();
    private BigInteger? number;
    private BigInteger? @base;
    private ReadOnlyMemory<byte>? keyIdentifier;
    private IReadOnlyList<DistributionPoint> freshest = [];
    private string? doubt;

    private RevocationListReader(X500DistinguishedName issuer) =>
        (this.issuer, issuerForm) = (issuer, DistinguishedNames.ComparisonForm(issuer));

    /// <summary>
    /// TBSCertList ::= SEQUENCE { version INTEGER OPTIONAL, signature, issuer, thisUpdate, nextUpdate OPTIONAL, revokedCertificates
    /// SEQUENCE OF SEQUENCE { … } OPTIONAL, crlExtensions [0] OPTIONAL }
    /// </summary>
    /// <exception cref="AsnContentException">It is none.</exception>
    public static RevocationList Read(ReadOnlyMemory<byte> encoded)
    {
        if (encoded.Length > RevocationList.MaxLength)
            throw new AsnContentException($"A list is longer than {RevocationList.MaxLength >> 20} MiB.");
        var file = new AsnReader(encoded, AsnEncodingRules.DER);
        var list = file.ReadSequence();
        file.ThrowIfNotEmpty();
        var tbs = list.ReadSequence();
        if (tbs.IsNext(Asn1Tag.Integer) && (!tbs.TryReadInt32(out var version) || version != 1))
            throw new AsnContentException("A list is of a version that is not known.");
        // What is signed has to name its own algorithm (section 5.1.1.2): else an old one could be put in the place of a better one.
        if (!tbs.ReadEncodedValue().Span.SequenceEqual(list.ReadEncodedValue().Span))
            throw new AsnContentException("A list has two signature algorithms.");
        var reader = new RevocationListReader(new X500DistinguishedName(tbs.ReadEncodedValue().Span));
        return reader.ReadRest(tbs, SignedStructure.Read(encoded));
    }

    private RevocationList ReadRest(AsnReader tbs, SignedStructure signature)
    {
        var thisUpdate = tbs.ReadTime();
        DateTimeOffset? nextUpdate = tbs.IsNext(Asn1Tag.UtcTime) || tbs.IsNext(Asn1Tag.GeneralizedTime) ? tbs.ReadTime() : null;
        var revoked = tbs.IsNext(Asn1Tag.Sequence) ? tbs.ReadSequence() : null;
        if (tbs.HasData)
            ReadExtensions(tbs.ReadSequence(Extensions).ReadSequence(), ReadExtension, "it has a critical extension that is not known");
        tbs.ThrowIfNotEmpty();
        if (signature.WeakDigest is { } weak)
            doubt ??= $"it is signed with {weak}";
        if (revoked is not null)
            ReadEntries(revoked);
        return new RevocationList
        {
            Issuer = issuer,
            IssuerForm = issuerForm,
            KeyIdentifier = keyIdentifier,
            Signature = signature,
            ThisUpdate = thisUpdate,
            NextUpdate = nextUpdate,
            Number = number,
            Base = @base,
            Scope = scope,
            Freshest = freshest,
            Doubt = doubt,
            Entries = entries.ToDictionary(of => of.Key, of => of.Value.Build()),
        };
    }

    /// <summary>SEQUENCE { userCertificate INTEGER, revocationDate Time, crlEntryExtensions Extensions OPTIONAL }</summary>
    private void ReadEntries(AsnReader revoked)
    {
        // Those behind one that names another issuer are of that one too (section 5.3.3).
        var current = Of(issuerForm);
        while (revoked.HasData)
        {
            var (entry, reason) = (revoked.ReadSequence(), (byte)0);
            var serial = entry.ReadIntegerBytes();
            var since = entry.ReadTime();
            if (entry.HasData)
            {
                ReadExtensions(
                    entry.ReadSequence(),
                    (type, value) =>
                    {
                        if (type == Oids.ReasonCode)
                            reason = ReadReason(value);
                        else if (type == Oids.CertificateIssuer && scope.IsIndirect)
                            current = Of(ReadIssuer(value));
                        return type is Oids.ReasonCode or Oids.InvalidityDate || (type == Oids.CertificateIssuer && scope.IsIndirect);
                    },
                    "an entry of it has a critical extension that is not known");
            }

            entry.ThrowIfNotEmpty();
            current.Add(serial.Span, since, reason);
        }
    }

    private RevokedSerials.Builder Of(string form)
    {
        if (!entries.TryGetValue(form, out var builder))
        {
            if (entries.Count >= MaxIssuers)
                throw new AsnContentException($"A list has entries of more than {MaxIssuers} issuers.");
            entries[form] = builder = new();
        }

        return builder;
    }

    /// <summary>Reads one extension of the list; returns whether it is known.</summary>
    private bool ReadExtension(string type, ReadOnlyMemory<byte> value)
    {
        var reader = new AsnReader(value, AsnEncodingRules.DER);
        switch (type)
        {
            case Oids.CrlNumber:
                number = Short(reader).ReadInteger();
                break;
            case Oids.DeltaCrlIndicator:
                @base = Short(reader).ReadInteger();
                break;
            case Oids.AuthorityKeyIdentifier:
                var identifier = reader.ReadSequence();
                keyIdentifier = identifier.IsNext(KeyIdentifier) ? identifier.ReadOctetString(KeyIdentifier) : null;
                break;
            case Oids.IssuingDistributionPoint:
                scope = ListScope.Read(value, issuer);
                break;
            case Oids.FreshestCrl:
                freshest = DistributionPoint.Read(value, issuer);
                break;
            case Oids.IssuerAlternativeName or Oids.AuthorityInfoAccess:
                break;
            default:
                return false;
        }

        return true;
    }

    /// <summary>Extensions ::= SEQUENCE OF SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }</summary>
    private void ReadExtensions(AsnReader extensions, Func<string, ReadOnlyMemory<byte>, bool> read, string whenUnknown)
    {
        HashSet<string>? seen = null;
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var type = Short(extension).ReadObjectIdentifier();
            var isCritical = extension.IsNext(Asn1Tag.Boolean) && extension.ReadBoolean();
            if (!(seen ??= []).Add(type))
                throw new AsnContentException("An extension is there twice.");
            if (!read(type, extension.ReadOctetString()) && isCritical)
                doubt ??= whenUnknown;
        }
    }

    private static AsnReader Short(AsnReader reader) =>
        reader.PeekEncodedValue().Length <= MaxShort ? reader : throw new AsnContentException("An object identifier or a number is too long.");

    private static byte ReadReason(ReadOnlyMemory<byte> value) =>
        new AsnReader(value, AsnEncodingRules.DER).ReadEnumeratedBytes().Span is [var reason] ? reason : (byte)0;

    /// <summary>CertificateIssuer ::= GeneralNames, with one directoryName</summary>
    private static string ReadIssuer(ReadOnlyMemory<byte> value)
    {
        var names = new AsnReader(value, AsnEncodingRules.DER).ReadSequence();
        var name = names.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 4)).ReadEncodedValue();
        return DistinguishedNames.ComparisonForm(new X500DistinguishedName(name.Span));
    }
}
