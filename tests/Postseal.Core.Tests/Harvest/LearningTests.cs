using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Program.Trial;
using Postseal.TestKit;
using static Postseal.TestKit.HarvestRoom;

namespace Postseal.Tests.Harvest;

/// <summary>What is learned from honest people, under which names, and what takes its place.</summary>
public sealed class LearningTests : IDisposable
{
    private const string Alice = "alice@example.org";
    private readonly HarvestRoom room = new();

    public void Dispose() => room.Dispose();

    [Fact]
    public void A_certificate_for_both_is_kept_as_Sympa_has_it_with_all_that_is_known_of_it()
    {
        using var alice = room.Person(Alice);
        var letter = room.By(alice) with { Attributes = [Capabilities(Oids.Aes128Cbc, "2.16.840.1.101.3.4.1.46")] };

        var result = room.Offer(room.Letter(Alice, letter.Detached(SignedLetter.Text)));

        Assert.Equal((HarvestKind.New, "alice@example.org", true), (result.Kind, $"{result.Address}", result.IsNews));
        Assert.Equal(["alice@example.org", "alice@example.org.capabilities", "alice@example.org.learned", "alice@example.org.p7s"], room.Learned);
        Assert.StartsWith(alice.Certificate.ExportCertificatePem(), File.ReadAllText(room.File(Alice)), StringComparison.Ordinal);
        Assert.Equal("signed 2026-11-22T12:00:00Z\naes128-cbc\naes256-gcm\n", File.ReadAllText(room.File("alice@example.org.capabilities")));
        var record = LearnedRecord.Parse(File.ReadAllText(room.File("alice@example.org.learned")))!;
        Assert.Equal((LetterRoom.Noon, LetterRoom.Noon, "<1@example.org>", "CN=Trial Intermediate"), (record.SignedAt, record.LearnedAt, record.MessageId, record.Issuer));
        Assert.Empty(new DirectoryCatalog(new CertificateDirectory(room.Path, room.Directory)).Unused());
    }

    [Fact]
    public void Files_are_for_everyone_to_read()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has other permissions");
            return;
        }

        using var alice = room.Person(Alice);

        room.OfferOf(alice);

        Assert.Equal(3, room.Learned.Count);
        foreach (var name in room.Learned)
            Assert.Equal("644", Convert.ToString((int)File.GetUnixFileMode(room.File(name)), 8));
    }

    [Fact]
    public void The_signature_is_a_value_of_userSMIMECertificate_that_openssl_verifies()
    {
        if (!OpenSsl.IsHere)
            Assert.Skip("openssl is not here");
        using var alice = room.Person(Alice);
        using var beside = room.Person("mallory@example.org");
        var entity = SignedLetter.Text;

        room.Offer(room.Letter(Alice, (room.By(alice) with { Beside = [beside.Certificate] }).Opaque(entity)));

        var value = File.ReadAllBytes(room.File("alice@example.org.p7s"));
        var (verified, _, errors) = OpenSsl.VerifyObject(value, entity, room.Folder.Ca.Root, LetterRoom.Noon);
        Assert.True(verified, errors);
        var cms = new System.Security.Cryptography.Pkcs.SignedCms();
        cms.Decode(value);
        Assert.Equal(
            new[] { alice.Certificate, room.Folder.Ca.Intermediate }.Select(certificate => certificate.Thumbprint).Order(),
            cms.Certificates.Select(certificate => certificate.Thumbprint).Order());
    }

    [Fact]
    public async Task A_certificate_for_signing_alone_is_kept_as_that()
    {
        using var alice = Signing();

        Assert.Equal(HarvestKind.New, room.OfferOf(alice).Kind);

        Assert.Equal(["alice@example.org.learned", "alice@example.org.p7s", "alice@example.org@sign"], room.Learned);
        Assert.IsNotType<Lookup<MailCertificate>.Found>(
            await new RecipientCertificates(room.Directory).FindRecipientAsync(TestMail.Address(Alice), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_pair_is_kept_apart_and_takes_the_place_of_one_for_both_and_the_reverse()
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Renew };
        using var both = room.Person(Alice);
        using var signing = Signing(hours: 1);
        using var encrypting = Encrypting(hours: 1);
        using var later = room.Person(Alice, new TestCaRequest(Alice) { NotBefore = room.Now.AddHours(-12) });
        room.OfferOf(both);

        room.Now += TimeSpan.FromHours(3);
        Assert.Equal(HarvestKind.Renewed, Offer(signing, encrypting).Kind);
        Assert.Equal(["alice@example.org.learned", "alice@example.org.p7s", "alice@example.org@enc", "alice@example.org@sign"], room.Learned);

        room.Now += TimeSpan.FromHours(3);
        Assert.Equal(HarvestKind.Renewed, room.OfferOf(later).Kind);
        Assert.Equal(["alice@example.org", "alice@example.org.learned", "alice@example.org.p7s"], room.Learned);

        Assert.Equal(
            ["20261122T150000000Z~alice@example.org", "20261122T180000000Z~alice@example.org@enc", "20261122T180000000Z~alice@example.org@sign"],
            room.FilesIn("replaced").Where(name => !name.EndsWith(".p7s", StringComparison.Ordinal)));
    }

    [Fact]
    public void Who_signs_with_another_device_once_can_still_be_encrypted_to()
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Renew };
        using var both = room.Person(Alice);
        using var signing = Signing(hours: 1);
        room.OfferOf(both);
        room.Now += TimeSpan.FromHours(3);

        Assert.Equal(HarvestKind.Renewed, room.OfferOf(signing).Kind);
        room.Now += TimeSpan.FromHours(3);
        Assert.Equal(HarvestKind.Known, room.OfferOf(both).Kind);
        room.Now += TimeSpan.FromHours(3);
        Assert.Equal(HarvestKind.Known, room.OfferOf(signing).Kind);

        Assert.Contains(Alice, room.Learned);
        Assert.Contains("alice@example.org@sign", room.Learned);
    }

    public static TheoryData<HarvestAccept, string, HarvestKind> Successors()
    {
        var data = new TheoryData<HarvestAccept, string, HarvestKind>();
        (string Next, HarvestAccept Needed, HarvestKind Kind)[] all =
        [
            ("first", HarvestAccept.New, HarvestKind.New),
            ("same", HarvestAccept.Off, HarvestKind.Known),
            ("later, same CA", HarvestAccept.Renew, HarvestKind.Renewed),
            ("earlier, same CA", HarvestAccept.Replace, HarvestKind.Replaced),
            ("later, other CA", HarvestAccept.Replace, HarvestKind.Replaced),
            ("later, other CA of the same name", HarvestAccept.Replace, HarvestKind.Replaced),
            ("later, same CA, of which the old one is gone", HarvestAccept.Replace, HarvestKind.Replaced),
        ];
        foreach (var accept in new[] { HarvestAccept.Pending, HarvestAccept.New, HarvestAccept.Renew, HarvestAccept.Replace })
        {
            foreach (var (next, needed, kind) in all)
                data.Add(accept, next, accept >= needed ? kind : HarvestKind.Pending);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Successors))]
    public void What_is_not_allowed_waits(HarvestAccept accept, string next, HarvestKind kind)
    {
        using var first = OfRoot(room.Odd, 0);
        if (next != "first")
        {
            room.Harvest = room.Harvest with { Accept = HarvestAccept.New };
            Assert.Equal(HarvestKind.New, room.OfferOf(first).Kind);
        }

        room.Now += TimeSpan.FromHours(2);
        room.Harvest = room.Harvest with { Accept = accept };
        using var second = next switch
        {
            "first" or "same" => first,
            "earlier, same CA" => OfRoot(room.Odd, -48),
            "later, other CA" => room.Person(Alice, new TestCaRequest(Alice) { NotBefore = room.Now.AddHours(-1) }),
            "later, other CA of the same name" => OfOtherWithSameName(),
            _ => OfRoot(room.Odd, 1),
        };
        if (next.EndsWith("gone", StringComparison.Ordinal))
            ForgetCertificate();
        var before = Contents();

        Assert.Equal(kind, room.OfferOf(second).Kind);

        Assert.Equal(kind == HarvestKind.Pending ? 1 : 0, room.Waiting.Count);
        if (kind is HarvestKind.Pending or HarvestKind.Known)
            Assert.Equal(before, Contents());
        else
            Assert.StartsWith(second.Certificate.ExportCertificatePem(), File.ReadAllText(room.File(Alice)), StringComparison.Ordinal);
        // The same message once more, for another recipient, is no news.
        Assert.False(room.OfferOf(second).IsNews);
    }

    [Fact]
    public void Off_learns_nothing()
    {
        room.Harvest = new HarvestOptions();
        using var alice = room.Person(Alice);

        Assert.Equal(HarvestKind.None, room.OfferOf(alice).Kind);
        Assert.False(Directory.Exists(room.Path));
    }

    [Fact]
    public void Without_RequireDkim_the_signature_is_enough()
    {
        room.Harvest = new HarvestOptions { Accept = HarvestAccept.New, RequireDkim = false };
        using var alice = room.Person(Alice);

        Assert.Equal(HarvestKind.New, room.OfferOf(alice, fields: "").Kind);
    }

    [Fact]
    public void What_can_be_read_is_brought_up_to_date_by_later_mail_and_what_a_person_wrote_stays()
    {
        using var alice = room.Person(Alice);
        Offer(alice, Capabilities(Oids.Aes128Cbc));
        room.Now += TimeSpan.FromHours(1);
        Offer(alice, Capabilities("2.16.840.1.101.3.4.1.46"));
        Assert.Equal("signed 2026-11-22T13:00:00Z\naes256-gcm\n", Abilities);

        File.WriteAllText(room.File("alice@example.org.capabilities"), "aes128-cbc\n");
        room.Now += TimeSpan.FromHours(1);
        Assert.Equal(HarvestKind.Known, Offer(alice, Capabilities("2.16.840.1.101.3.4.1.42")).Kind);
        Assert.Equal("aes128-cbc\n", Abilities);
    }

    [Fact]
    public void A_list_of_the_program_before_does_not_outlive_its_certificate()
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Renew };
        using var alice = room.Person(Alice);
        Offer(alice, Capabilities("2.16.840.1.101.3.4.1.46"));
        room.Now += TimeSpan.FromHours(2);
        using var next = room.Person(Alice, new TestCaRequest(Alice) { NotBefore = room.Now.AddHours(-1) });

        room.OfferOf(next);

        Assert.DoesNotContain("alice@example.org.capabilities", room.Learned);
    }

    [Fact]
    public void A_second_message_of_the_day_writes_nothing()
    {
        using var alice = room.Person(Alice);
        room.OfferOf(alice);
        var before = room.Learned.ToDictionary(name => name, name => File.GetLastWriteTimeUtc(room.File(name)));
        room.Now += TimeSpan.FromHours(1);

        Assert.False(room.OfferOf(alice).IsNews);

        Assert.Equal(before, room.Learned.ToDictionary(name => name, name => File.GetLastWriteTimeUtc(room.File(name))));
        room.Now += TimeSpan.FromHours(24);
        room.OfferOf(alice);
        Assert.Contains("signed 2026-11-23T13:00:00Z", File.ReadAllText(room.File("alice@example.org.learned")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_that_cannot_be_written_costs_no_mail()
    {
        File.WriteAllText(room.Path, "a file where the directory should be");
        using var alice = room.Person(Alice);

        Assert.Equal(HarvestKind.Failed, room.OfferOf(alice).Kind);
    }

    [Fact]
    public void A_directory_that_must_not_be_written_costs_no_mail()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("permissions are tried on Linux");
            return;
        }

        Directory.CreateDirectory(room.Path);
        File.SetUnixFileMode(room.Path, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        using var alice = room.Person(Alice);
        var letter = room.Letter(Alice, room.By(alice).Detached(SignedLetter.Text));
        HarvestResult? result = null;
        room.Folder.MakeReadableByEveryone("anchors.txt");

        var verdict = room.Verify(letter);
        var headers = MailMessage.Parse(letter).Headers;
        File.SetUnixFileMode(Path.GetDirectoryName(room.Path)!, (UnixFileMode)Convert.ToInt32("755", 8));
        File.SetUnixFileMode(room.Folder.Path, (UnixFileMode)Convert.ToInt32("755", 8));
        Unprivileged.Run(() => result = room.Harvester().OfferAsync(verdict, headers, CancellationToken.None).AtOnce());

        Assert.Equal(HarvestKind.Failed, result!.Kind);
        Assert.Empty(room.Learned);
    }

    [Fact]
    public void A_stop_between_any_two_writes_leaves_files_that_are_known_as_ours()
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Renew };
        using var alice = room.Person(Alice);
        room.OfferOf(alice);
        var stem = room.File(Alice);
        var before = room.Learned.ToDictionary(name => name, name => File.ReadAllBytes(room.File(name)));
        room.Now += TimeSpan.FromHours(2);
        using var next = room.Person(Alice, new TestCaRequest(Alice) { NotBefore = room.Now.AddHours(-1) });
        room.OfferOf(next);
        // The record names both for as long as both may be there.
        var (old, now) = (LearnedRecord.Parse(System.Text.Encoding.UTF8.GetString(before["alice@example.org.learned"]))!, LearnedRecord.Parse(File.ReadAllText(stem + ".learned"))!);
        File.WriteAllText(stem + ".learned", (now with { Files = [.. now.Files, .. old.Files] }).Write());
        File.WriteAllBytes(stem, before[Alice]);

        Assert.Equal(HarvestKind.Known, room.OfferOf(next).Kind);
        room.Now += TimeSpan.FromHours(2);
        using var third = room.Person(Alice, new TestCaRequest(Alice) { NotBefore = room.Now.AddHours(-1) });

        Assert.Equal(HarvestKind.Pending, room.OfferOf(third).Kind); // the known certificate is not there to be compared
        Assert.Single(new HarvestDirectory(room.Directory).Waiting());
        Assert.Null(room.Accept(room.Waiting[0]));
        Assert.StartsWith(third.Certificate.ExportCertificatePem(), File.ReadAllText(stem), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_at_once_leave_one_whole_set()
    {
        room.Harvest = room.Harvest with { Accept = HarvestAccept.Replace };
        using var one = room.Person(Alice);
        using var other = room.Person(Alice, new TestCaRequest(Alice) { NotBefore = room.Now.AddHours(-1) });
        List<byte[]> letters = [];
        for (var i = 0; i < 10; i++)
        {
            room.Now += TimeSpan.FromMinutes(1);
            letters.Add(room.Letter(Alice, room.By(i % 2 == 0 ? one : other).Detached(SignedLetter.Text)));
        }

        // Each has a harvester of its own, as processes have.
        await Parallel.ForEachAsync(letters, TestContext.Current.CancellationToken, async (letter, _) =>
        {
            await Task.Yield();
            Assert.NotEqual(HarvestKind.Failed, room.Offer(letter).Kind);
        });

        var record = new HarvestDirectory(room.Directory).RecordOf(TestMail.Address(Alice))!;
        using var file = KeyFile.Read(room.File(Alice));
        Assert.Equal(record.Recipient!.Fingerprint, CandidateCertificate.FingerprintOf(file.Certificates[0]));
        Assert.DoesNotContain(Directory.EnumerateFiles(room.Path), name => Path.GetFileName(name)[0] == '.' && Path.GetFileName(name) != ".lock");
    }

    private string Abilities => File.ReadAllText(room.File("alice@example.org.capabilities"));

    private HarvestResult Offer(LetterSigner signer, AsnEncodedData attribute) =>
        room.Offer(room.Letter(Alice, (room.By(signer) with { Attributes = [attribute] }).Detached(SignedLetter.Text)));

    private HarvestResult Offer(LetterSigner signer, LetterSigner recipient) => room.Offer(room.Letter(
        Alice, (room.By(signer) with { Beside = [recipient.Certificate], Attributes = [Preference(recipient.Certificate)] }).Detached(SignedLetter.Text)));

    private LetterSigner Signing(int hours = 0) => room.Person(
        Alice, new TestCaRequest(Alice) { KeyUsage = X509KeyUsageFlags.DigitalSignature, NotBefore = room.Now.AddDays(-1).AddHours(hours) });

    private LetterSigner Encrypting(int hours = 0) => room.Person(
        Alice, new TestCaRequest(Alice) { Key = "RSA-2048", KeyUsage = X509KeyUsageFlags.KeyEncipherment, NotBefore = room.Now.AddDays(-1).AddHours(hours) });

    private LetterSigner OfRoot(OddCa ca, int hours)
    {
        var pem = ca.IssueMail(Alice, room.Now.AddDays(-5).AddHours(hours), room.Now.AddYears(1));
        return new LetterSigner(X509Certificate2.CreateFromPem(pem, pem), []);
    }

    /// <summary>Has a certificate issued by a CA with the name of the first, below another anchor.</summary>
    private LetterSigner OfOtherWithSameName()
    {
        var ca = room.Ca.Intermediate(room.Odd.Certificate.Subject, room.Now);
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(Alice);
        using var certificate = ca.Issue($"CN={Alice}", room.Now.AddDays(27), out var key, names.Build());
        return new LetterSigner(certificate.CopyWithPrivateKey(key), [ca.Certificate]);
    }

    private Dictionary<string, string> Contents() => room.Learned.ToDictionary(name => name, name => File.ReadAllText(room.File(name)));

    private void ForgetCertificate()
    {
        var file = room.File("alice@example.org.learned");
        var record = LearnedRecord.Parse(File.ReadAllText(file))!;
        File.WriteAllText(file, (record with { Files = [.. record.Files.Where(known => known.Name != Alice)] }).Write());
        File.Delete(room.File(Alice));
    }
}
