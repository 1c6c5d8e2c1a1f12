using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>Encrypts the content's key to each recipient (RFC 5652 section 6.2).</summary>
internal static class RecipientInfos
{
    private static readonly Asn1Tag OriginatorTag = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag OriginatorKeyTag = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag KeyAgreementTag = new(TagClass.ContextSpecific, 1);

    /// <summary>RecipientInfos ::= SET SIZE (1..MAX) OF RecipientInfo</summary>
    /// <remarks>
    /// Nobody learns from it who stood where among To and Cc, or who sent: recipients who share a key agreement come in an
    /// order of chance, and the set in that of its encodings, as DER wants it.
    /// </remarks>
    public static byte[] Encode(EnvelopeRecipient[] recipients, byte[] contentKey)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER, initialCapacity: 512 * (recipients.Length + 1)); // it grows by a kilobyte
        using (writer.PushSetOf())
        {
            foreach (var recipient in recipients.Where(recipient => recipient.Key.Kind == KeyKind.Rsa))
                WriteKeyTransport(writer, recipient, contentKey);
            var agreeing = recipients.Select(recipient => recipient.Key).Where(key => key.Kind != KeyKind.Rsa);
            foreach (var curve in agreeing.GroupBy(key => key.Curve!))
            {
                RecipientKey[] keys = [.. curve];
                RandomNumberGenerator.Shuffle<RecipientKey>(keys);
                WriteKeyAgreement(writer, curve.Key, keys, contentKey);
            }
        }

        return writer.Encode();
    }

    /// <summary>
    /// KeyTransRecipientInfo ::= SEQUENCE { version, rid RecipientIdentifier, keyEncryptionAlgorithm, encryptedKey }
    /// (RFC 5652 section 6.2.1)
    /// </summary>
    private static void WriteKeyTransport(AsnWriter writer, EnvelopeRecipient recipient, byte[] contentKey)
    {
        var key = recipient.Key;
        var oaep = key.RequiresOaep || recipient.Oaep ? key.OaepParameters ?? recipient.OaepParameters : null;
        using (writer.PushSequence())
        {
            writer.WriteInteger(key.Naming == RecipientNaming.IssuerAndSerialNumber ? 0 : 2);
            writer.WriteEncodedValue(key.Identifier);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(oaep is null ? Oids.RsaEncryption : Oids.RsaesOaep);
                if (oaep is null)
                    writer.WriteNull(); // RFC 3370 section 4.2.1
                else
                    oaep.Write(writer);
            }

            writer.WriteOctetString(key.EncryptKey(contentKey, oaep));
        }
    }

    /// <summary>
    /// KeyAgreeRecipientInfo ::= [1] SEQUENCE { version, originator [0] EXPLICIT OriginatorIdentifierOrKey,
    /// ukm [1] EXPLICIT OPTIONAL, keyEncryptionAlgorithm, recipientEncryptedKeys } (RFC 5652 section 6.2.2): one for all
    /// recipients on a curve. Without ukm, as each message has a key of its own.
    /// </summary>
    private static void WriteKeyAgreement(
        AsnWriter writer, AgreementCurve curve, RecipientKey[] recipients, byte[] contentKey)
    {
        using var ephemeral = EphemeralKey.Create(curve);
        var wrap = KeyWrap.ForKeyOf(contentKey.Length);
        var sharedInfo = KeyDerivation.SharedInfo(wrap);
        using (writer.PushSequence(KeyAgreementTag))
        {
            writer.WriteInteger(3);
            using (writer.PushSequence(OriginatorTag))
            using (writer.PushSequence(OriginatorKeyTag))
            {
                curve.WriteKeyIdentifier(writer);
                writer.WriteBitString(ephemeral.PublicKey);
            }

            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(curve.Derivation.Scheme);
                wrap.WriteIdentifier(writer);
            }

            using (writer.PushSequence())
            {
                foreach (var recipient in recipients)
                {
                    // RecipientEncryptedKey ::= SEQUENCE { rid KeyAgreeRecipientIdentifier, encryptedKey }
                    using (writer.PushSequence())
                    {
                        writer.WriteEncodedValue(recipient.Identifier);
                        writer.WriteOctetString(WrapFor(recipient, ephemeral, wrap, sharedInfo, contentKey));
                    }
                }
            }
        }
    }

    private static byte[] WrapFor(
        RecipientKey recipient, EphemeralKey ephemeral, KeyWrap wrap, byte[] sharedInfo, byte[] contentKey)
    {
        var secret = ephemeral.AgreeWith(recipient);
        byte[] wrappingKey = [];
        try
        {
            wrappingKey = recipient.Curve!.Derivation.DeriveKey(secret, wrap, sharedInfo);
            return KeyWrap.Wrap(wrappingKey, contentKey);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(wrappingKey);
        }
    }
}
