using System.Net;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Store;
using Postseal.Certificates.Trust;
using Postseal.Cms;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.Smime;
using Postseal.TestKit;

namespace Postseal.Tests.Settings;

public sealed class SettingsReaderTests : IDisposable
{
    private const string EverySetting =
        """
        [Certificates]
        Path = keys
        PassphraseFile = secret
        SecretFile = secret
        DomainCertificates = yes
        ExpiryWarning = 14d
        [Signing]
        Mode = required
        Form = Opaque
        Digest = SHA512
        RsaPadding = Pss
        SignatureType = Legacy
        MaxSize = 25600000
        [Originating]
        Networks = 10.0.0.0/8, 192.0.2.1, [2001:db8::]/32
        NetworksFrom = EnvelopeSender
        AuthenticatedFrom = EnvelopeSender
        LoginDomain = bücher.example
        SenderLogins = logins
        [Sender:@Example.org]
        Mode = Never
        [Sender:alice@example.org]
        Mode = IfPossible
        Digest = SHA384
        Certificate = secret
        PassphraseFile = secret
        [Sender:@Bücher.example]
        SignatureType = Legacy
        MaxSize = 1G
        Encryption = Required
        [Encryption]
        Mode = IfPossible
        Missing = Bounce
        Mixed = Plain
        Content = Aes128Gcm
        Fallback = Aes128Cbc
        RsaPadding = Oaep
        ToSender = no
        LookupError = Ignore
        SubAddress = yes
        Downgrade = Refuse
        [Recipient:@bank.example]
        Mode = Required
        Content = auto
        ToSender = yes
        [Recipient:bob@example.net]
        Certificate = secret
        [Recipient:team@example.org]
        KeysOf = Alice@example.org, @bücher.example
        [Recipient:@example.org]
        KeysOf =
        [Override]
        Header = X-Seal
        SubjectTag = [seal]
        Sensitivity = yes
        MayLower = yes
        [Splitting]
        Method = Reinject
        Reinject = [::1]:2525
        [Trust]
        Anchors = secret
        ForEncryption = yes
        IssuerHosts = PKI.example.net, crt.example.com
        [Revocation]
        Check = OcspThenCrl
        Unknown = TempError
        Proxy = http://proxy.example.org:3128
        [Incoming]
        Domains = example.org
        [Harvest]
        Accept = Renew
        RequireDkim = yes
        DkimFrom = mail.example.org
        Path = learned
        [State]
        Path = kept
        """;

    private readonly TemporaryDirectory directory = new();

    public SettingsReaderTests()
    {
        Directory.CreateDirectory(directory.File("certificates"));
        Directory.CreateDirectory(directory.File("keys"));
        directory.Write("secret", "x");
        directory.Write("logins", "sales@example.org alice\n");
    }

    [Fact]
    public void An_empty_file_gives_the_documented_defaults()
    {
        var options = Read("");

        Assert.Equal(new EncryptionRules(), options.Encryption);
        Assert.Equal(EncryptionMode.Never, options.Encryption.Mode);
        Assert.Equal(new OverrideOptions(), options.Override);
        Assert.Equal(SplitMethod.None, options.Splitting.Method);
        Assert.Equal(new RevocationOptions(), options.Revocation);
        Assert.Equal(RevocationMethod.Crl, options.Revocation.Check);
        Assert.Empty(options.Certificates.Trust.IssuerHosts);
        Assert.Equal(new HarvestOptions { Accept = HarvestAccept.Off, RequireDkim = true, DkimFrom = null }, options.Harvest);
        Assert.Equal(directory.File("state"), options.StatePath);
        Assert.Equal(directory.File("state/harvested"), options.Certificates.HarvestedPath);

        Assert.Equal(directory.File("certificates"), options.Certificates.Path);
        Assert.Equal(new SigningRules(), options.Signing);
        Assert.Equal(SigningMode.IfPossible, options.Signing.Mode);
        Assert.Equal(10_240_000, options.Signing.MaxSize);
        Assert.Equal([IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")], options.Originating.Networks);
        Assert.Equal(AuthenticatedFrom.Login, options.Originating.AuthenticatedFrom);
        Assert.Null(options.Originating.LoginDomain);
        Assert.Null(options.Originating.SenderLogins);
        Assert.Empty(options.Senders);
    }

    [Fact]
    public void Every_setting_is_read()
    {
        var options = Read(EverySetting);

        Assert.Equal(
            new CertificateOptions
            {
                Path = directory.File("keys"),
                PassphraseFile = directory.File("secret"),
                SecretFile = directory.File("secret"),
                DomainCertificates = true,
                ExpiryWarning = TimeSpan.FromDays(14),
                Senders = options.Certificates.Senders,
                Recipients = options.Certificates.Recipients,
                KeysOf = options.Certificates.KeysOf,
                HarvestedPath = directory.File("learned"),
                SubAddress = true,
                Trust = new TrustOptions
                {
                    Anchors = directory.File("secret"),
                    ForEncryption = true,
                    IssuerHosts = options.Certificates.Trust.IssuerHosts,
                },
            },
            options.Certificates);
        Assert.Equal(
            new(AddressPattern.Parse("bob@example.net"), directory.File("secret")), Assert.Single(options.Certificates.Recipients));
        Assert.Equal(
            [AddressPattern.Parse("alice@example.org"), AddressPattern.Parse("@xn--bcher-kva.example")],
            options.Certificates.KeysOf[AddressPattern.Parse("team@example.org")]);
        Assert.Empty(options.Certificates.KeysOf[AddressPattern.Parse("@example.org")]);
        Assert.Equal(2, options.Certificates.KeysOf.Count);
        Assert.Equal(
            new(AddressPattern.Parse("alice@example.org"), new(directory.File("secret"), directory.File("secret"))),
            Assert.Single(options.Certificates.Senders));
        Assert.Equal(
            new SigningRules
            {
                Mode = SigningMode.Required,
                Form = SignatureForm.Opaque,
                Digest = Digest.SHA512,
                RsaPadding = RsaPadding.Pss,
                SignatureType = SignatureType.Legacy,
                MaxSize = 25_600_000,
            },
            options.Signing);
        Assert.Equal(
            [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("192.0.2.1/32"), IPNetwork.Parse("2001:db8::/32")],
            options.Originating.Networks);
        Assert.Equal(AllowedFrom.EnvelopeSender, options.Originating.NetworksFrom);
        Assert.Equal(AuthenticatedFrom.EnvelopeSender, options.Originating.AuthenticatedFrom);
        Assert.Equal("bücher.example", options.Originating.LoginDomain);
        Assert.Equal(directory.File("logins"), options.Originating.SenderLogins?.Path);
        Assert.Equal(new SenderOverrides(SigningMode.Never), options.Senders[AddressPattern.Parse("@example.org")]);
        Assert.Equal(new SenderOverrides(SigningMode.IfPossible, Digest: Digest.SHA384), options.Senders[AddressPattern.Parse("alice@example.org")]);
        Assert.Equal(
            new SenderOverrides(SignatureType: SignatureType.Legacy, MaxSize: 1 << 30, Encryption: EncryptionMode.Required),
            options.Senders[AddressPattern.Parse("@xn--bcher-kva.example")]);
        Assert.Equal(
            new EncryptionRules
            {
                Mode = EncryptionMode.IfPossible,
                Missing = MissingCertificate.Bounce,
                Mixed = MixedRecipients.Plain,
                Content = ContentEncryption.Aes128Gcm,
                Fallback = ContentEncryption.Aes128Cbc,
                RsaPadding = KeyTransport.Oaep,
                ToSender = false,
                LookupError = LookupError.Ignore,
                Downgrade = EncryptionDowngrade.Refuse,
            },
            options.Encryption);
        Assert.Equal(
            new RecipientOverrides { Mode = EncryptionMode.Required, IsContentAuto = true, ToSender = true },
            options.Recipients[AddressPattern.Parse("@bank.example")]);
        Assert.Equal(
            new OverrideOptions { Header = "X-Seal", SubjectTag = "[seal]", Sensitivity = true, MayLower = true }, options.Override);
        Assert.Equal(
            new SplittingOptions { Method = SplitMethod.Reinject, ReinjectHost = "::1", ReinjectPort = 2525 }, options.Splitting);
        Assert.Equal(["pki.example.net", "crt.example.com"], options.Certificates.Trust.IssuerHosts);
        Assert.Equal(
            new RevocationOptions { Check = RevocationMethod.OcspThenCrl, Unknown = UnknownRevocation.TempError, Proxy = new("http://proxy.example.org:3128") },
            options.Revocation);
        Assert.Equal(new HarvestOptions { Accept = HarvestAccept.Renew, DkimFrom = "mail.example.org" }, options.Harvest);
        Assert.Equal(directory.File("kept"), options.StatePath);
    }

    [Fact]
    public void What_is_learned_is_kept_in_a_directory_service_and_what_waits_beside_the_state()
    {
        var options = Read("[Ldap:Corporate]\nUrl = ldaps://ldap.example.org\nBase = ou=learned,dc=example,dc=org\n[Harvest]\nPath = ldap:corporate");

        Assert.Equal("Corporate", options.Harvest.Ldap);
        Assert.Equal(directory.File("state/harvested"), options.Certificates.HarvestedPath);
    }

    [Fact]
    public void An_empty_name_takes_the_override_field_away() => Assert.Null(Read("[Override]\nHeader =").Override.Header);

    /// <summary>What was read of certificates is kept as long as their settings say the same.</summary>
    [Theory]
    [InlineData("Mode = Never", "Mode = Required", true)]
    [InlineData("ExpiryWarning = 14d", "ExpiryWarning = 15d", false)]
    [InlineData("Certificate = secret", "Certificate = logins", false)]
    [InlineData("[Sender:alice@example.org]", "[Sender:bob@example.org]", false)]
    [InlineData("KeysOf = Alice@example.org", "KeysOf = Carol@example.org", false)]
    public void Settings_of_certificates_are_the_same_where_they_say_the_same(string line, string other, bool same) =>
        Assert.Equal(same, Read(EverySetting).Certificates.IsSameAs(Read(EverySetting.Replace(line, other, StringComparison.Ordinal)).Certificates));

    [Theory]
    [InlineData("::ffff:198.51.100.0/120", "198.51.100.0/24")]
    [InlineData("::ffff:c633:6400/120", "198.51.100.0/24")]
    [InlineData("[::ffff:198.51.100.0]/120", "198.51.100.0/24")]
    [InlineData("::ffff:198.51.100.7", "198.51.100.7/32")]
    [InlineData("::ffff:0:0/96", "0.0.0.0/0")]
    [InlineData("[::1]", "::1/128")]
    [InlineData("::/0", "::/0")]
    public void A_network_of_IPv4_mapped_addresses_is_the_IPv4_network(string written, string read) =>
        Assert.Equal([IPNetwork.Parse(read)], Read($"[Originating]\nNetworks = {written}").Originating.Networks);

    [Theory]
    [InlineData("[Sining]\nMode = Never", "test.ini: [Sining]: there is no section 'Sining'; there are Certificates, Signing, Originating, State, Pkcs11, Sender, Ldap, Encryption, Recipient, Override, Splitting, Revocation, Incoming, From, Harvest, Smimea, Trust, Milter, Log")]
    [InlineData("[Signing]\nMod = Never", "test.ini: [Signing] Mod: there is no setting 'Mod'; there are Mode, Form, Digest, RsaPadding, SignatureType, MaxSize")]
    [InlineData("[Signing]\nMaxSize = 10M0", "[Signing] MaxSize: '10M0' is not a size from 1M to 1G, as 10240000 or 25M")]
    [InlineData("[Sender:@example.org]\nMaxSize = 2G", "[Sender:@example.org] MaxSize: '2G' is not a size from 1M to 1G")]
    [InlineData("[Signing]\nMaxSize = 1023K", "[Signing] MaxSize: '1023K' is not a size from 1M to 1G")]
    [InlineData("[Encryption]\nContent = Rot13", "[Encryption] Content: 'Rot13' is not one of Auto, Aes128Cbc, Aes256Cbc, Aes128Gcm, Aes256Gcm")]
    [InlineData("[Encryption]\nCertificate = secret", "[Encryption] Certificate: there is no setting 'Certificate'")]
    [InlineData("[Recipient:bob]\nMode = Required", "[Recipient:bob]: 'bob' is neither an address")]
    [InlineData("[Recipient:team@example.org]\nKeysOf = alice@example.org, bob", "[Recipient:team@example.org] KeysOf: 'bob' is neither an address")]
    [InlineData("[Override]\nHeader = Subject", "[Override] Header: 'Subject' is not a header field's name, as X-Postseal-Encrypt")]
    [InlineData("[Splitting]\nReinject = 127.0.0.1", "[Splitting] Reinject: '127.0.0.1' is not a host and a port, as 127.0.0.1:10027")]
    [InlineData("[Trust]\nForEncryption = yes", "[Trust] ForEncryption: needs Anchors")]
    [InlineData("[Trust]\nIssuerHosts = https://pki.example.net/", "[Trust] IssuerHosts: 'https://pki.example.net/' is not the name of a host, as pki.example.net")]
    [InlineData("[Revocation]\nCheck = Ocsp", "[Revocation] Check: 'Ocsp' is not one of Off, Crl, CrlThenOcsp, OcspThenCrl")]
    [InlineData("[Revocation]\nProxy = proxy:3128", "[Revocation] Proxy: 'proxy:3128' is not the address of an HTTP proxy")]
    [InlineData("[Revocation]\nProxy = http://me:secret@proxy:3128", "[Revocation] Proxy: 'http://me:secret@proxy:3128' is not the address of an HTTP proxy")]
    [InlineData("[Harvest]\nAccept = Yes", "[Harvest] Accept: 'Yes' is not one of Off, Pending, New, Renew, Replace")]
    [InlineData("[Harvest]\nDkimFrom = mx example", "[Harvest] DkimFrom: 'mx example' is not the name of a filter")]
    [InlineData("[Harvest]\nAccept = New\nDkimFrom = mx.example.org", "[Harvest] Accept: learns from incoming mail, and [Incoming] Domains is empty")]
    [InlineData("[Harvest]\nAccept = New\n[Incoming]\nDomains = example.org", "[Harvest] DkimFrom: is empty")]
    [InlineData("[Trust]\nAnchors = nowhere", "[Trust] Anchors: there is no file or directory")]
    [InlineData("[Certificates]\nDomainCertificates = perhaps", "[Certificates] DomainCertificates: 'perhaps' is not yes or no")]
    [InlineData("[Certificates]\nExpiryWarning = 4w", "[Certificates] ExpiryWarning: '4w' is not a time, as 30d")]
    [InlineData("[Certificates]\nSecretFile = nowhere", "[Certificates] SecretFile: there is no file")]
    [InlineData("[Sender:@example.org]\nCertificate = wrong", "[Sender:@example.org] Certificate: signs for a whole domain, which needs [Certificates] DomainCertificates = yes")]
    [InlineData("[Sender:alice@example.org]\nCertificate = nowhere", "[Sender:alice@example.org] Certificate: there is no file")]
    [InlineData("[Signing]\nMode = Maybe", "test.ini: [Signing] Mode: 'Maybe' is not one of IfPossible, Required, Never")]
    [InlineData("[Signing]\nMode = 1", "test.ini: [Signing] Mode: '1' is not one of")]
    [InlineData("[Originating]\nNetworks = 010.0.0.0/8", "[Originating] Networks: '010.0.0.0/8': expected")]
    [InlineData("[Originating]\nNetworks = 127.0.0.01", "[Originating] Networks: '127.0.0.01': expected")]
    [InlineData("[Originating]\nNetworks = ::ffff:198.51.100.1/120", "[Originating] Networks: '::ffff:198.51.100.1/120': expected")]
    [InlineData("[Originating]\nNetworks = ::ffff:0:0/90", "[Originating] Networks: '::ffff:0:0/90': expected")]
    [InlineData("[Originating]\nNetworks = fe80::1%eth0", "[Originating] Networks: 'fe80::1%eth0': expected")]
    [InlineData("[Originating]\nNetworks = fe80::1%1/128", "[Originating] Networks: 'fe80::1%1/128': expected")]
    [InlineData("[Originating]\nNetworks = 2001:db8::1/32", "[Originating] Networks: '2001:db8::1/32': expected")]
    [InlineData("[Originating]\nNetworks = [192.0.2.0/24", "[Originating] Networks: '[192.0.2.0/24': expected")]
    [InlineData("[Originating]\nNetworks = 192.0.2.0/", "[Originating] Networks: '192.0.2.0/': expected")]
    [InlineData("[Certificates]\nPath = nowhere", "[Certificates] Path: there is no directory")]
    [InlineData("[Certificates]\nPassphraseFile = nowhere", "[Certificates] PassphraseFile: there is no file")]
    [InlineData("[Originating]\nNetworks = 127.0.0.1/8", "[Originating] Networks: '127.0.0.1/8': expected addresses and networks")]
    [InlineData("[Originating]\nNetworks = 10", "[Originating] Networks: '10': expected")]
    [InlineData("[Originating]\nNetworks = localhost", "[Originating] Networks: 'localhost': expected")]
    [InlineData("[Originating]\nNetworksFrom = Login", "[Originating] NetworksFrom: 'Login' is not one of EnvelopeSender, Any")]
    [InlineData("[Originating]\nAuthenticatedFrom = Anyone", "[Originating] AuthenticatedFrom: 'Anyone' is not one of Login, EnvelopeSender, Any")]
    [InlineData("[Originating]\nLoginDomain = @example.org", "[Originating] LoginDomain: '@example.org' is not a domain, as example.org")]
    [InlineData("[Originating]\nLoginDomain = example.org>", "[Originating] LoginDomain: 'example.org>' is not a domain")]
    [InlineData("[Originating]\nSenderLogins = nowhere", "[Originating] SenderLogins: there is no file")]
    [InlineData("[Originating]\nSenderLogins = wrong", "/wrong line 2: 'bob' is neither an address")]
    [InlineData("[Harvest]\nPath = ldap:corporate", "[Harvest] Path: there is no section [Ldap:corporate]")]
    [InlineData("[Ldap:corporate]\nUrl = ldaps://ldap.example.org\n[Harvest]\nPath = ldap:corporate", "[Harvest] Path: [Ldap:corporate] Base is empty")]
    [InlineData("[Ldap:a]\nUrl = ldaps://ldap.example.org\nBase = o=a\nDomains = example.net\n[Harvest]\nPath = ldap:a", "[Harvest] Path: [Ldap:a] Domains lets")]
    [InlineData("[Sender:nobody]\nMode = Never", "[Sender:nobody]: 'nobody' is neither an address")]
    [InlineData("[Sender]\nMode = Never", "[Sender:Mode]: 'Mode' is neither an address")]
    [InlineData("[Sender:@example.org]\nMood = Never", "[Sender:@example.org] Mood: there is no setting 'Mood'")]
    public void What_is_wrong_is_said_with_file_section_and_key(string ini, string error)
    {
        directory.Write("wrong", "alice@example.org bob\nbob alice\n");

        var exception = Assert.Throws<ConfigurationException>(() => Read(ini));

        Assert.Contains(error, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sender: alice@example.org ", "alice@example.org")]
    [InlineData("Sender: @Example.ORG", "@example.org")]
    [InlineData("Sender:<alice@example.org>", "alice@example.org")]
    [InlineData("Sender:\"alice\"@example.org", "alice@example.org")]
    public void A_senders_section_holds_for_the_sender_however_it_is_written(string section, string sender)
    {
        Assert.Equal(SigningMode.Never, Read($"[{section}]\nMode = Never").Senders[AddressPattern.Parse(sender)].Mode);
    }

    [Fact]
    public void Networks_without_a_value_are_none()
    {
        Assert.Empty(Read("[Originating]\nNetworks =").Originating.Networks);
    }

    [Fact]
    public void The_sections_of_the_daemon_are_for_the_daemon_to_check() =>
        Assert.Empty(Read("[Milter]\nSocket = unix:/run/postseal.sock\nMaxSpeed = 7\n[Log]\nLevel = Debug").Senders);

    [Fact]
    public void Two_sections_for_one_sender_are_an_error()
    {
        var exception = Assert.Throws<ConfigurationException>(
            () => Read("[Sender:alice@example.org]\nMode = Never\n[Sender: alice@example.org]\nMode = Required"));

        Assert.Contains("another section for the same address", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_errors_are_told_at_once()
    {
        var exception = Assert.Throws<ConfigurationException>(
            () => Read("[Signing]\nMode = Maybe\nForm = Round\n[Originating]\nNetworks = -1"));

        Assert.Equal(["Signing:Mode", "Signing:Form", "Originating:Networks"], exception.Errors.Select(e => $"{e.Section}:{e.Key}"));
    }

    [Fact]
    public void A_file_of_logins_that_nobody_could_read_is_told_of_once()
    {
        SpecialFile.MakeFifo(directory.File("fifo"));

        foreach (var (name, error) in new[] { ("nowhere", "there is no file"), ("fifo", "is a FIFO, not a regular file") })
        {
            var exception = SpecialFile.WithoutWaiting(
                () => Assert.Throws<ConfigurationException>(() => Read($"[Originating]\nSenderLogins = {name}")));
            Assert.Contains(error, Assert.Single(exception.Errors).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Credentials_of_systemd_stand_in_for_settings_that_are_not_there()
    {
        var passphrase = directory.Write("postseal.passphrase", "x");
        var other = directory.Write("other", "x");

        Assert.Equal(passphrase, Read("", directory.Path).Certificates.PassphraseFile);
        Assert.Null(Read("", directory.Path).Certificates.SecretFile);
        Assert.Equal(other, Read("[Certificates]\nPassphraseFile = other", directory.Path).Certificates.PassphraseFile);
    }

    public void Dispose() => directory.Dispose();

    private PostsealOptions Read(string ini, string? credentials = null) =>
        PostsealOptions.FromIni(directory.Write("test.ini", ini), credentials);
}
