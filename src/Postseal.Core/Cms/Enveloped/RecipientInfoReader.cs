using System.Formats.Asn1;

namespace Postseal.Cms.Enveloped;

/// <summary>Reads RecipientInfos (RFC 5652 section 6.2).</summary>
internal static class RecipientInfoReader
{
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Context1 = new(TagClass.ContextSpecific, 1);

    /// <summary>
    /// Reads one. Those with a password or a key known beforehand, and those yet to be invented, have no certificate and are
    /// passed over: an iteration count of a stranger is not ours to work off.
    /// </summary>
    /// <param name="encoded">The RecipientInfo in BER.</param>
    /// <returns>Its recipients: one, several who agree on the curve, or none.</returns>
    /// <exception cref="AsnContentException">It is broken.</exception>
    public static IEnumerable<ReceivedRecipient> Read(ReadOnlyMemory<byte> encoded)
    {
        var reader = new AsnReader(encoded, AsnEncodingRules.BER);
        var tag = reader.PeekTag();
        if (tag.HasSameClassAndValue(Asn1Tag.Sequence))
            return [ReadKeyTransport(reader.ReadSequence())];
        return tag.HasSameClassAndValue(Context1) ? ReadKeyAgreement(reader.ReadSequence(Context1)) : [];
    }

    /// <summary>KeyTransRecipientInfo ::= SEQUENCE { version, rid, keyEncryptionAlgorithm, encryptedKey }</summary>
    private static ReceivedRecipient ReadKeyTransport(AsnReader info)
    {
        info.ReadIntegerBytes();
        var id = CertificateId.Read(info);
        var algorithm = info.ReadSequence();
        var encryptedKey = info.ReadOctetString();
        info.ThrowIfNotEmpty();
        var oid = algorithm.ReadObjectIdentifier();
        return oid switch
        {
            Oids.RsaEncryption => new TransportedKey(id, encryptedKey, Oaep: null),
            Oids.RsaesOaep => OaepParameters.Read(algorithm.ReadEncodedValue()) is { } oaep
                ? new TransportedKey(id, encryptedKey, oaep)
                : new UnknownKey(id, "parameters of RSAES-OAEP"),
            _ => new UnknownKey(id, oid),
        };
    }

    /// <summary>
    /// KeyAgreeRecipientInfo ::= [1] SEQUENCE { version, originator [0] EXPLICIT, ukm [1] EXPLICIT OCTET STRING OPTIONAL,
    /// keyEncryptionAlgorithm, recipientEncryptedKeys SEQUENCE OF SEQUENCE { rid, encryptedKey } }
    /// </summary>
    private static IEnumerable<ReceivedRecipient> ReadKeyAgreement(AsnReader info)
    {
        info.ReadIntegerBytes();
        var (originatorAlgorithm, originatorKey) = ReadOriginator(info.ReadSequence(Context0));
        var ukm = info.PeekTag().HasSameClassAndValue(Context1) ? info.ReadSequence(Context1).ReadOctetString() : null;
        var (scheme, wrap) = ReadKeyEncryptionAlgorithm(info.ReadSequence());
        KeyKind? kind = originatorAlgorithm switch
        {
            Oids.EcPublicKey => KeyKind.Ec,
            Oids.X25519 => KeyKind.X25519,
            _ => null,
        };
        var agreement = kind is { } known && KeyDerivation.Find(scheme) is { } derivation && KeyWrap.Find(wrap) is { } keyWrap
            ? new ReceivedAgreement(known, originatorKey, derivation, keyWrap, ukm)
            : null;
        var keys = info.ReadSequence();
        info.ThrowIfNotEmpty();
        while (keys.HasData)
        {
            var key = keys.ReadSequence();
            var id = CertificateId.ReadForAgreement(key);
            var encryptedKey = key.ReadOctetString();
            key.ThrowIfNotEmpty();
            yield return agreement is null
                ? new UnknownKey(id, $"{scheme}, {wrap} from a key of {originatorAlgorithm}")
                : new AgreedKey(id, encryptedKey, agreement);
        }
    }

    /// <summary>
    /// OriginatorIdentifierOrKey ::= CHOICE { issuerAndSerialNumber, subjectKeyIdentifier [0], originatorKey [1] SEQUENCE {
    /// algorithm, publicKey BIT STRING } }
    /// </summary>
    /// <remarks>The parameters may be absent, NULL or a curve (RFC 5753 section 3.1.1). What counts is the recipient's own
    /// curve, and a point of another is not on it.</remarks>
    private static (string Algorithm, byte[] Key) ReadOriginator(AsnReader originator)
    {
        if (!originator.PeekTag().HasSameClassAndValue(Context1))
            return ("a certificate", []); // static on both sides, which nobody writes
        var key = originator.ReadSequence(Context1);
        var algorithm = key.ReadSequence().ReadObjectIdentifier();
        return (algorithm, key.ReadBitString(out _));
    }

    /// <summary>SEQUENCE { scheme, KeyWrapAlgorithm }; some write a NULL into the latter, which must be absent.</summary>
    private static (string Scheme, string Wrap) ReadKeyEncryptionAlgorithm(AsnReader algorithm)
    {
        var scheme = algorithm.ReadObjectIdentifier();
        return (scheme, algorithm.HasData ? algorithm.ReadSequence().ReadObjectIdentifier() : "no key wrap");
    }
}
