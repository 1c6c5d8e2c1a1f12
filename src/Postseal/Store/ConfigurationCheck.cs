using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Milter;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Files;
using Postseal.Program.Milter;

namespace Postseal.Program.Store;

/// <summary>Holds the configuration against the directory and the clock.</summary>
internal sealed class ConfigurationCheck
{
    private readonly CertificateStore store;
    private readonly CertificateSources sources;
    private readonly SigningPolicy policy;
    private readonly EncryptionPolicy encryption;
    private readonly List<string> warnings;

    private ConfigurationCheck(string configPath, CertificateStore store, RemoteSources remote)
    {
        (this.store, sources) = (store, store.With(remote));
        policy = new SigningPolicy(store.Options.Signing, store.Options.Senders);
        encryption = new EncryptionPolicy(store.Options.Encryption, store.Options.Recipients, store.Options.Senders);
        warnings =
        [
            .. FilePermissions.Warnings(configPath, store),
            .. LoginRule.Warnings(store.Options.Originating),
            .. SocketWarnings(store.Settings.Server),
            .. SplittingCheck.Warnings(store.Options, encrypts: !encryption.IsOff),
        ];
    }

    /// <summary>Checks everything, and asks each source outside of files.</summary>
    public static async Task<CheckResult> RunAsync(string configPath, CertificateStore store, CancellationToken cancellationToken)
    {
        await using var remote = AllSources.Open(store.Options, store.Time, NullLoggerFactory.Instance);
        var check = new ConfigurationCheck(configPath, store, remote);
        var entries = store.Senders();
        var reports = await CheckedSource.OfAsync(remote, check.warnings, cancellationToken);
        var signers = new CheckedSigners(store, check.sources);
        await signers.LookUpAsync(cancellationToken);
        var senders = check.Senders(entries, signers);
        var incoming = CheckedIncoming.Of(store.Options, store.Time, check.warnings);
        var harvest = CheckedHarvest.Of(store, check.warnings);
        var lists = CheckedRevocationList.Of(store.Options, store.Time, check.warnings);
        check.WarnOfChainsAndDates(entries);
        string?[] settings = [Path.GetFullPath(configPath), store.Options.Originating.SenderLogins?.Path];
        return new CheckResult(
            store.Path, senders,
            [.. store.Options.Senders.Keys.OrderBy(whose => whose.Text, StringComparer.Ordinal).Select(whose => check.Section(whose, signers))],
            await check.CorrespondentsAsync(cancellationToken), incoming, harvest, lists, reports is [] ? null : reports,
            [.. store.Unused().Where(file => !settings.Contains(file.Path))], check.warnings);
    }

    /// <summary>Lists the warnings about sockets. Root may check for a daemon that runs as another user.</summary>
    private static IEnumerable<string> SocketWarnings(MilterServerOptions server) => SocketAccess.Warnings(
        server.Endpoints, server.Peers, Environment.IsPrivilegedProcess ? null : FileOwner.CurrentUser);

    private List<CheckedSender> Senders(IReadOnlyList<SenderEntry> entries, CheckedSigners signers)
    {
        var senders = entries.Select(Sender).ToList();
        senders.AddRange(signers.InToken.Where(signer => !senders.Exists(sender => sender.Address == signer.Owner.Text)).Select(InToken));
        foreach (var whose in store.Options.Senders.Keys.Where(whose => !whose.IsDomain))
        {
            // The common key pair or the domain's may sign for who has no files.
            if (policy.For(whose).Mode == SigningMode.Required && senders.TrueForAll(sender => sender.Address != whose.Text)
                && signers.Find(whose) is not Lookup<Identity>.Found and var found)
                senders.Add(Missing(whose.Text, found));
        }

        return senders;
    }

    private CheckedSender Sender(SenderEntry entry)
    {
        var rules = policy.For(entry.Owner);
        var (address, problem, wanted) = (entry.Owner.Text, entry.Problem, rules.Mode != SigningMode.Never);
        warnings.AddRange(entry.Warnings.Except(warnings));
        if (entry.Certificate is not { } certificate)
            return new CheckedSender(address, null, null, null, null, problem?.Message, wanted);
        using var rsa = certificate.GetRSAPublicKey();
        problem ??= rsa is null ? null : CertificateRules.CheckScheme(
            SignatureScheme.For(KeyKind.Rsa, rsa.KeySize, rules.Digest, rules.RsaPadding), rsa.KeySize);
        return new CheckedSender(
            address, certificate.Subject, certificate.Issuer, CertificateNames.DaysLeft(certificate, store.Time), KeyNames.Of(certificate),
            problem?.Message, wanted);
    }

    private static CheckedSender Missing(string address, Lookup<Identity> found) => new(
        address, null, null, null, null,
        (found as Lookup<Identity>.Unusable)?.Why.Message ?? $"[Sender:{address}] requires a signature and there is no certificate", Wanted: true);

    private CheckedSender InToken((AddressPattern Owner, Identity Signer) found) => new(
        found.Owner.Text, found.Signer.Certificate.Subject, found.Signer.Certificate.Issuer,
        CertificateNames.DaysLeft(found.Signer.Certificate, store.Time), found.Signer.KeyName, null,
        policy.For(found.Owner).Mode != SigningMode.Never)
    {
        IsInToken = true,
    };

    private async Task<CheckedCorrespondents> CorrespondentsAsync(CancellationToken cancellationToken)
    {
        var known = store.Correspondents();
        var missing = new List<CorrespondentEntry>();
        foreach (var owner in store.Options.Recipients.Keys.Except(known.Select(correspondent => correspondent.Owner)))
        {
            if (IsRequired(owner) && MailAddress.TryParse(owner.Text, out var address)
                && await FindRecipientAsync(owner, address, cancellationToken) is { Problem: not null } lacking)
            {
                missing.Add(lacking);
            }
        }

        return new CheckedCorrespondents(
            known.Count, known.Count(correspondent => correspondent.Problem is null), !encryption.IsOff,
            [.. known.Concat(missing).Select(Checked).Where(NeedsAttention)]);
    }

    private async ValueTask<CorrespondentEntry> FindRecipientAsync(
        AddressPattern owner, MailAddress address, CancellationToken cancellationToken)
    {
        try
        {
            return new(owner, await sources.Recipients.FindRecipientAsync(address, cancellationToken));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(owner, new Lookup<MailCertificate>.Unusable(new(RejectionKind.LookupFailed, e.Message)));
        }
    }

    private CheckedCorrespondent Checked(CorrespondentEntry correspondent) => new(
        correspondent.Owner.Text, (correspondent.Lookup as Lookup<MailCertificate>.Found)?.Source,
        correspondent.Certificate is { } certificate ? CertificateNames.DaysLeft(certificate.Certificate, store.Time) : null,
        correspondent.Problem?.Message, IsRequired(correspondent.Owner));

    private bool NeedsAttention(CheckedCorrespondent correspondent) =>
        correspondent.Problem is not null || correspondent.DaysLeft < store.Options.Certificates.ExpiryWarning.TotalDays;

    private bool IsRequired(AddressPattern owner) =>
        !owner.IsDomain && encryption.ModeFor(new Recipient(owner.Text), [], isOurs: false).Mode == EncryptionMode.Required;

    private CheckedSection Section(AddressPattern whose, CheckedSigners signers)
    {
        var rules = policy.For(whose);
        return new CheckedSection(
            $"[Sender:{whose}]", rules.Mode.ToString(), rules.Form.ToString(), rules.Digest.ToString(), rules.RsaPadding.ToString(),
            whose.IsDomain ? null : SignsWith(signers.Find(whose)));
    }

    private static string SignsWith(Lookup<Identity> signer) => signer switch
    {
        Lookup<Identity>.Found usable => usable.Value.Source,
        Lookup<Identity>.Unusable unusable => $"nothing: {unusable.Why.Message}",
        _ => "nothing: there is no certificate",
    };

    private void WarnOfChainsAndDates(IEnumerable<SenderEntry> entries)
    {
        using var roots = new KnownRoots(store);
        foreach (var entry in entries)
        {
            if (entry.Identity is not { } identity || policy.For(entry.Owner).Mode == SigningMode.Never)
                continue;
            // What is wrong with an issuer that is here is among the identity's own warnings.
            if (identity.Chain is { Fault: null } && roots.WhatIsMissing(identity) is { } missing)
                warnings.Add($"{entry.Owner}: {missing}");
            var daysLeft = CertificateNames.DaysLeft(identity.Certificate, store.Time);
            if (daysLeft < store.Options.Certificates.ExpiryWarning.TotalDays)
                warnings.Add($"{entry.Owner}: the certificate in {identity.Source} expires in {daysLeft} days; "
                    + $"have it renewed: postseal keys csr {CertificateAddresses.Of(identity.Certificate)[0]}");
        }
    }
}
