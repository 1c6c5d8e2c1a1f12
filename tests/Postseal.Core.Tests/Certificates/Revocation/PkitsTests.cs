using System.Formats.Asn1;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>NIST's test suites of certification paths, as far as they are about lists: with all their lists beside the anchors.</summary>
public sealed class PkitsTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Theory]
    [InlineData("SignedMissingCRLTest1", "unknown")]
    [InlineData("SignedInvalidRevokedCATest2", "revoked")]
    [InlineData("SignedInvalidRevokedEETest3", "revoked")]
    [InlineData("SignedInvalidBadCRLSignatureTest4", "unknown")]
    [InlineData("SignedInvalidBadCRLIssuerNameTest5", "unknown")]
    [InlineData("SignedInvalidWrongCRLTest6", "unknown")]
    [InlineData("SignedValidTwoCRLsTest7", "good")]
    [InlineData("SignedInvalidUnknownCRLEntryExtensionTest8", "unknown or revoked")]
    [InlineData("SignedInvalidUnknownCRLExtensionTest9", "unknown or revoked")]
    [InlineData("SignedInvalidUnknownCRLExtensionTest10", "unknown or revoked")]
    [InlineData("SignedInvalidOldCRLnextUpdateTest11", "unknown")]
    [InlineData("SignedInvalidpre2000CRLnextUpdateTest12", "unknown")]
    [InlineData("SignedValidGeneralizedTimeCRLnextUpdateTest13", "good")]
    [InlineData("SignedValidNegativeSerialNumberTest14", "good")]
    [InlineData("SignedInvalidNegativeSerialNumberTest15", "revoked")]
    [InlineData("SignedValidLongSerialNumberTest16", "good")]
    [InlineData("SignedValidLongSerialNumberTest17", "good")]
    [InlineData("SignedInvalidLongSerialNumberTest18", "revoked")]
    [InlineData("SignedValidSeparateCertificateandCRLKeysTest19", "good")]
    [InlineData("SignedInvalidSeparateCertificateandCRLKeysTest20", "unknown or revoked")]
    [InlineData("SignedInvalidSeparateCertificateandCRLKeysTest21", "unknown or revoked")]
    [InlineData("SignedInvalidkeyUsageCriticalcRLSignFalseTest4", "unknown")]
    [InlineData("SignedInvalidkeyUsageNotCriticalcRLSignFalseTest5", "unknown")]
    public void What_NIST_says_of_a_signer_is_what_is_found(string name, string expected)
    {
        var file = Repository.File($"../shared/corpora/pkits-smime/smime/{name}.eml");
        Assert.SkipUnless(File.Exists(file), "../shared/corpora/pkits-smime is not here, or not with this message");
        var message = MimeMessage.Load(file, TestContext.Current.CancellationToken);
        using var content = new MemoryStream();
        message.BodyParts.OfType<MimePart>().Last().Content!.DecodeTo(content, TestContext.Current.CancellationToken);
        var encoded = content.ToArray();
        foreach (var (i, list) in ListsIn(encoded).Index())
            File.WriteAllBytes(directory.File($"{i}.crl"), list);
        var signed = new SignedCms();
        signed.Decode(encoded);
        var anchor = X509CertificateLoader.LoadCertificateFromFile(Repository.File("../shared/corpora/pkits-smime/certs/TrustAnchorRootCertificate.crt"));

        Assert.Contains(Verdict(signed.SignerInfos[0].Certificate!, [.. signed.Certificates, anchor]), expected.Split(" or "));
    }

    /// <summary>Botan's copy of the suite before, whose verdicts are beside it.</summary>
    [Fact]
    public void What_Botan_says_of_the_older_suite_is_what_is_found()
    {
        var folder = Repository.File("../shared/corpora/botan-x509/src/tests/data/x509/nist");
        Assert.SkipUnless(Directory.Exists(folder), "../shared/corpora/botan-x509 is not here");
        var expected = File.ReadLines(Path.Combine(folder, "expected.txt")).Where(line => line.StartsWith("test", StringComparison.Ordinal))
            .Select(line => line.Split(':')).ToDictionary(parts => parts[0], parts => parts[1]);
        var differing = new List<string>();
        foreach (var (test, verdict) in expected)
        {
            foreach (var old in Directory.GetFiles(directory.Path))
                File.Delete(old);
            var files = Directory.GetFiles(Path.Combine(folder, test)).Concat(Directory.GetFiles(folder, "root.*"));
            foreach (var list in files.Where(file => file.EndsWith(".crl", StringComparison.Ordinal)))
                File.Copy(list, directory.File(Path.GetFileName(list)));
            var certificates = files.Where(file => file.EndsWith(".crt", StringComparison.Ordinal))
                .ToDictionary(file => Path.GetFileName(file)!, file => X509CertificateLoader.LoadCertificateFromFile(file));
            var found = Verdict(certificates["end.crt"], [.. certificates.Values]);
            // All its lists are signed with SHA-1: what would be good is doubtful for that alone.
            if (!(verdict switch
            {
                "Certificate is revoked" => "revoked",
                "Verified" => "weak",
                "No revocation data" or "CRL bad signature" or "CA certificate not allowed to issue CRLs" => "unknown",
                "CRL has expired" or "CRL contains a critical extension that could not be processed" => "unknown or weak or revoked",
                _ => found, // of the path, and so of others
            }).Split(" or ").Contains(found))
                differing.Add($"{test}: {verdict}, and we: {found}");
        }

        Assert.Empty(differing);
    }

    private string Verdict(X509Certificate2 leaf, IReadOnlyList<X509Certificate2> all)
    {
        List<X509Certificate2> chain = [leaf];
        while (chain.Count < 8 && all.FirstOrDefault(issuer => IsIssuer(issuer, chain[^1])) is { } next)
            chain.Add(next);
        using var fetches = new LocalCheck(directory.Path, all);
        var verdict = "good";
        for (var i = 0; i < chain.Count - 1; i++)
        {
            switch (fetches.Check(chain[i], [.. chain.Skip(i + 1)]))
            {
                case RevocationAnswer.Revoked:
                    return "revoked";
                case RevocationAnswer.Unknown unknown:
                    verdict = unknown.Why.Contains("SHA-1", StringComparison.Ordinal) && verdict != "unknown" ? "weak" : "unknown";
                    break;
            }
        }

        return verdict;
    }

    private static bool IsIssuer(X509Certificate2 issuer, X509Certificate2 subject) =>
        !issuer.RawDataMemory.Span.SequenceEqual(subject.RawDataMemory.Span)
        && DistinguishedNames.ComparisonForm(issuer.SubjectName) == DistinguishedNames.ComparisonForm(subject.IssuerName)
        && DistinguishedNames.ComparisonForm(subject.SubjectName) != DistinguishedNames.ComparisonForm(subject.IssuerName)
        && CertificateSignature.IsProvenBy(issuer, subject);

    /// <summary>crls [1] of SignedData (RFC 5652 section 5.1)</summary>
    private static IEnumerable<byte[]> ListsIn(byte[] encoded)
    {
        var signedData = SignedDataIn(encoded);
        while (signedData.HasData)
        {
            if (!signedData.PeekTag().HasSameClassAndValue(new Asn1Tag(TagClass.ContextSpecific, 1)))
            {
                signedData.ReadEncodedValue();
                continue;
            }

            var lists = signedData.ReadSetOf(skipSortOrderValidation: true, new Asn1Tag(TagClass.ContextSpecific, 1));
            while (lists.HasData)
                yield return lists.ReadEncodedValue().ToArray();
        }
    }

    private static AsnReader SignedDataIn(byte[] encoded)
    {
        var info = new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();
        info.ReadObjectIdentifier();
        return info.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
    }

    /// <summary>Whoever has the lists of a directory, and no network.</summary>
    private sealed class LocalCheck(string lists, IReadOnlyList<X509Certificate2> known) : IDisposable
    {
        private readonly CaContact contact = new(
            new CaContactOptions(RevocationMethod.Crl, null, lists, []), null, () => known, new SettableTime(new DateTimeOffset(2019, 6, 1, 0, 0, 0, TimeSpan.Zero)), _ => { });

        public RevocationAnswer Check(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers) => contact.Revocation.Check(certificate, issuers);

        public void Dispose() => contact.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
