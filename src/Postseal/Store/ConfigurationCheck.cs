using System.Security.Cryptography.X509Certificates;
using Milter;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Files;
using Postseal.Program.Milter;
using Postseal.Settings;

namespace Postseal.Program.Store;

/// <summary>Holds the configuration against the directory and the clock.</summary>
internal sealed class ConfigurationCheck
{
    private readonly CertificateStore store;
    private readonly SigningPolicy policy;
    private readonly List<string> warnings;

    private ConfigurationCheck(string configPath, CertificateStore store)
    {
        this.store = store;
        policy = new SigningPolicy(store.Options.Signing, store.Options.Senders);
        warnings =
        [
            .. FilePermissions.Warnings(configPath, store),
            .. LoginRule.Warnings(store.Options.Originating),
            .. SocketWarnings(store.Settings.Server),
        ];
    }

    public static CheckResult Run(string configPath, CertificateStore store)
    {
        var check = new ConfigurationCheck(configPath, store);
        var reports = store.Senders();
        var senders = check.Senders(reports);
        check.WarnOfChainsAndDates(reports);
        string?[] settings = [Path.GetFullPath(configPath), store.Options.Originating.SenderLogins?.Path];
        return new CheckResult(
            store.Path, senders, [.. store.Options.Senders.Keys.OrderBy(whose => whose.Text, StringComparer.Ordinal).Select(check.Section)],
            [.. store.Unused().Where(file => !settings.Contains(file.Path))], check.warnings);
    }

    /// <summary>Lists the warnings about sockets. Root may check for a daemon that runs as another user.</summary>
    private static IEnumerable<string> SocketWarnings(MilterServerOptions server) => SocketAccess.Warnings(
        server.Endpoints, server.Peers, Environment.IsPrivilegedProcess ? null : FileOwner.CurrentUser);

    private List<CheckedSender> Senders(IReadOnlyList<CertificateReport> reports)
    {
        var senders = reports.Select(Sender).ToList();
        foreach (var whose in store.Options.Senders.Keys.Where(whose => !whose.IsDomain))
        {
            if (policy.For(whose).Mode == SigningMode.Required && senders.TrueForAll(sender => sender.Address != whose.Text))
                senders.Add(Missing(whose.Text));
        }

        return senders;
    }

    private CheckedSender Sender(CertificateReport report)
    {
        var rules = RulesOf(report);
        var wanted = rules.Mode != SigningMode.Never;
        warnings.AddRange(report.Warnings.Except(warnings));
        if (report.Certificate is not { } certificate)
            return new CheckedSender(report.Address, null, null, null, null, report.Problem, wanted);
        using var rsa = certificate.GetRSAPublicKey();
        return new CheckedSender(
            report.Address, certificate.Subject, certificate.Issuer, CertificateNames.DaysLeft(certificate, store.Time),
            report.KeyName, report.Problem ?? (rsa is null ? null : CertificateRules.CheckScheme(
                SignatureScheme.For(KeyKind.Rsa, rsa.KeySize, rules.Digest, rules.RsaPadding), rsa.KeySize)?.Message), wanted);
    }

    /// <summary>Finds the rules for the sender; for a domain, those for its senders without a section of their own.</summary>
    private SigningRules RulesOf(CertificateReport report) =>
        AddressPattern.TryParse(report.Address, out var whose) ? policy.For(whose) : store.Options.Signing;

    private static CheckedSender Missing(string address) => new(
        address, null, null, null, null, $"[Sender:{address}] requires a signature and there is no certificate", Wanted: true);

    private CheckedSection Section(AddressPattern whose)
    {
        var rules = policy.For(whose);
        return new CheckedSection(
            $"[Sender:{whose}]", rules.Mode.ToString(), rules.Form.ToString(), rules.Digest.ToString(), rules.RsaPadding.ToString(),
            MailAddress.TryParse(whose.Text, out var address) ? SignsWith(address) : null);
    }

    private string SignsWith(MailAddress address) => store.FindSigner(address) switch
    {
        Lookup<Identity>.Found usable => usable.Value.Source,
        Lookup<Identity>.Unusable unusable => $"nothing: {unusable.Why.Message}",
        _ => "nothing: there is no certificate",
    };

    private void WarnOfChainsAndDates(IEnumerable<CertificateReport> reports)
    {
        using var roots = new KnownRoots(store);
        foreach (var report in reports)
        {
            if (report.Identity is not { } identity || RulesOf(report).Mode == SigningMode.Never)
                continue;
            // What is wrong with an issuer that is here is among the identity's own warnings.
            if (identity.Chain.Fault is null && roots.WhatIsMissing(identity) is { } missing)
                warnings.Add($"{report.Address}: {missing}");
            var daysLeft = CertificateNames.DaysLeft(identity.Certificate, store.Time);
            if (daysLeft < store.Options.Certificates.ExpiryWarning.TotalDays)
                warnings.Add($"{report.Address}: the certificate in {identity.Source} expires in {daysLeft} days; "
                    + $"have it renewed: postseal keys csr {CertificateAddresses.Of(identity.Certificate)[0]}");
        }
    }
}
