using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.TestKit;

/// <summary>
/// An encrypted letter in the hands of somebody who knows how it begins and has no key (Efail, section 4): he puts text of his own
/// before, behind and between its blocks. Encrypted, and decrypted again, by .NET's EnvelopedCms.
/// </summary>
public sealed class CbcGadgets : IDisposable
{
    private const int BlockLength = 16;
    private static readonly Oid Aes128Cbc = new("2.16.840.1.101.3.4.1.2");

    private readonly Correspondent reader = Correspondent.Create("RSA-2048");
    private readonly byte[] recipientInfos;
    private readonly byte[] iv;
    private readonly byte[] known;
    private readonly byte[][] blocks;

    /// <summary>Takes the letter: the attacker looks at its first block alone.</summary>
    public CbcGadgets(byte[] entity)
    {
        var cms = new EnvelopedCms(new ContentInfo(entity), new AlgorithmIdentifier(Aes128Cbc));
        cms.Encrypt(new CmsRecipient(reader.Certificate));
        var envelopedData = new AsnReader(cms.Encode(), AsnEncodingRules.BER).ReadSequence();
        envelopedData.ReadObjectIdentifier();
        envelopedData = envelopedData.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
        envelopedData.ReadInteger();
        recipientInfos = envelopedData.ReadEncodedValue().ToArray();
        var encrypted = envelopedData.ReadSequence();
        encrypted.ReadObjectIdentifier();
        var algorithm = encrypted.ReadSequence();
        algorithm.ReadObjectIdentifier();
        iv = algorithm.ReadOctetString();
        blocks = [.. encrypted.ReadOctetString(new Asn1Tag(TagClass.ContextSpecific, 0)).Chunk(BlockLength)];
        known = entity[..BlockLength];
    }

    /// <summary>Gets the key of whom the letter is for, and his certificate.</summary>
    public string ReaderPem => reader.KeyPem + reader.Certificate.ExportCertificatePem();

    /// <summary>Makes the EnvelopedData of the letter as it was.</summary>
    public byte[] Untouched() => Encode(iv, blocks);

    /// <summary>Makes that of the letter with another beginning, and all of the rest as it was: the initialization vector alone is changed.</summary>
    /// <param name="chosen">Sixteen characters.</param>
    public byte[] WithBeginning(string chosen) => Encode(Choose(chosen), blocks);

    /// <summary>Makes that of one block of the letter alone, of which each bit can be changed.</summary>
    /// <param name="index">Which block, from 0.</param>
    /// <param name="at">The octet that is changed, from 0 to 15.</param>
    /// <param name="mask">Its bits that are.</param>
    public byte[] OneBlock(int index, int at, byte mask)
    {
        var vector = (index == 0 ? iv : blocks[index - 1]).ToArray();
        vector[at] ^= mask;
        return Encode(vector, [blocks[index]]);
    }

    /// <summary>Makes the EnvelopedData of a letter that begins with the attacker's text, and has all of the original behind it.</summary>
    /// <param name="chosen">At most 16 characters each: between any two, and behind the last, come 16 bytes that he cannot choose.
    /// </param>
    public byte[] Before(params IReadOnlyList<string> chosen) => Encode(
        Choose(chosen[0]), [blocks[0], .. chosen.Skip(1).SelectMany(Gadget), iv, .. blocks]);

    /// <summary>Makes one that has the attacker's text inside.</summary>
    /// <param name="count">How many blocks of the original come before that.</param>
    /// <param name="chosen">His text: before each come 16 bytes that he cannot choose, and behind the last 16 more.</param>
    public byte[] Behind(int count, params IReadOnlyList<string> chosen) => Encode(
        iv, [.. blocks.Take(count), .. chosen.SelectMany(Gadget), .. count == 0 ? [iv] : blocks.AsSpan(count - 1, 1), .. blocks.Skip(count)]);

    /// <summary>Decrypts, as whoever has the key.</summary>
    public byte[] Open(byte[] encoded)
    {
        var cms = new EnvelopedCms();
        cms.Decode(encoded);
        using var key = RSA.Create();
        key.ImportPkcs8PrivateKey(reader.Pkcs8, out _);
        cms.Decrypt(cms.RecipientInfos[0], key);
        return cms.ContentInfo.Content;
    }

    /// <inheritdoc/>
    public void Dispose() => reader.Dispose();

    /// <summary>Two blocks: the first decrypts to something, the second to what is chosen.</summary>
    private byte[][] Gadget(string text) => [Choose(text), blocks[0]];

    private byte[] Choose(string text) =>
        [.. text.PadRight(BlockLength).Select((c, at) => (byte)(iv[at] ^ known[at] ^ c))];

    private byte[] Encode(byte[] first, IEnumerable<byte[]> ciphertext)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.7.3");
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence())
            {
                writer.WriteInteger(0);
                writer.WriteEncodedValue(recipientInfos);
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.2.840.113549.1.7.1");
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(Aes128Cbc.Value!);
                        writer.WriteOctetString(first);
                    }

                    writer.WriteOctetString([.. ciphertext.SelectMany(block => block)], new Asn1Tag(TagClass.ContextSpecific, 0));
                }
            }
        }

        return writer.Encode();
    }
}
