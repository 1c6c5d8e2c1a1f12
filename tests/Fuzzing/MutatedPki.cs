using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.TestKit;

namespace Fuzzing;

/// <summary>
/// A CA, its intermediates and a person, and what becomes of their certificates when somebody changes them: a stranger, whose changes the
/// signatures give away, or a CA that signs what it should not.
/// </summary>
internal sealed class MutatedPki
{
    internal static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly DateTimeOffset From = Noon.AddYears(-1), To = Noon.AddYears(1);

    private readonly List<(DerNode Tree, ECDsa? SignedBy)> certificates = [];

    public MutatedPki()
    {
        var (rootKey, upperKey, lowerKey, strangerKey) = (NewKey(), NewKey(), NewKey(), NewKey());
        var request = new CertificateRequest("CN=Root", rootKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var root = new OddCa(request.CreateSelfSigned(From, To), rootKey);
        var upper = root.Issue(new IssuerRequest(new("CN=Upper"), From, To) { Key = upperKey });
        var lower = new OddCa(upper.Issue(new("CN=Lower"), lowerKey, [.. IssuerExtensions(lowerKey)], From, To), lowerKey);
        var crossed = root.Issue(new IssuerRequest(new("CN=Lower"), From, Noon.AddDays(-1)) { Key = lowerKey });
        var stranger = root.Issue(new IssuerRequest(new("CN=Upper"), From, To) { Key = strangerKey });
        var person = lower.Issue(new("CN=Alice"), NewKey(), [.. PersonExtensions()], From, To);
        Root = root.Certificate;
        foreach (var (certificate, key) in (ReadOnlySpan<(X509Certificate2, ECDsa?)>)
            [(person, lowerKey), (lower.Certificate, upperKey), (upper.Certificate, rootKey), (crossed.Certificate, rootKey), (stranger.Certificate, strangerKey), (root.Certificate, null)])
        {
            certificates.Add((DerNode.Parse(certificate.RawData), key));
        }
    }

    public X509Certificate2 Root { get; }

    /// <summary>Makes the certificates of one message, the signer's first.</summary>
    public IReadOnlyList<byte[]> Make(Random random)
    {
        // Mostly few changes, that come far into a path.
        var changes = random.Next(4) == 0 ? 8 : 2;
        var bag = certificates.Select((certificate, i) => Make(random, i, random.Next(2) == 0 ? random.Next(changes) : 0)).ToList();
        for (var i = random.Next(6); i > 0; i--)
            bag.Insert(random.Next(1, bag.Count), Make(random, random.Next(certificates.Count), random.Next(changes)));
        return bag;
    }

    private byte[] Make(Random random, int which, int changes)
    {
        var (tree, key) = certificates[which];
        var copy = tree.Copy();
        var toBeSigned = copy.Children[0];
        for (; changes > 0; changes--)
            (random.Next(3) == 0 ? copy : toBeSigned).Mutate(random, certificates[random.Next(certificates.Count)].Tree);
        if (key is not null && copy.Children.Count > 2 && random.Next(4) > 0)
            copy.Children[2] = SignatureOf(key, copy.Children[0].Encode());
        var encoded = copy.Encode();
        if (random.Next(20) == 0)
            encoded[random.Next(encoded.Length)] ^= (byte)(1 << random.Next(8));
        return encoded;
    }

    private static DerNode SignatureOf(ECDsa key, byte[] signed)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteBitString(key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        return DerNode.Parse(writer.Encode());
    }

    private static IEnumerable<X509Extension> IssuerExtensions(ECDsa key)
    {
        yield return new X509BasicConstraintsExtension(true, true, 0, critical: true);
        yield return new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true);
        yield return new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.4"), new("2.5.29.37.0")], critical: false);
        yield return new X509SubjectKeyIdentifierExtension(new PublicKey(key), critical: false);
        yield return new X509Extension("2.5.29.30", Constraints(), critical: true);
    }

    private static IEnumerable<X509Extension> PersonExtensions()
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress("alice@example.org");
        names.AddDnsName("example.net");
        yield return names.Build();
        yield return new X509BasicConstraintsExtension(false, false, 0, critical: true);
        yield return new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true);
        yield return new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.4")], critical: false);
    }

    /// <summary>Permits mail in example.org, and excludes mail below it.</summary>
    private static byte[] Constraints()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            for (var which = 0; which < 2; which++)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, which)))
                using (writer.PushSequence())
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, which == 0 ? "example.org" : ".example.org", new Asn1Tag(TagClass.ContextSpecific, 1));
            }
        }

        return writer.Encode();
    }

    private static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);
}
