using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Configuration;
using Postseal.Mime;
using Postseal.Policy;
using Postseal.Program.Daemon;
using Postseal.Program.Files;

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
        policy = new SigningPolicy(store.Options);
        warnings =
        [
            .. FilePermissions.Warnings(configPath, store),
            .. LoginRule.Warnings(store.Options.Originating),
            .. SocketWarnings(store.Options.Milter),
        ];
    }

    public static CheckResult Run(string configPath, CertificateStore store)
    {
        var check = new ConfigurationCheck(configPath, store);
        var senders = check.Senders();
        check.WarnOfChainsAndDates(senders);
        return new CheckResult(store.Path, senders, [.. store.Options.Senders.Keys.Order(StringComparer.Ordinal).Select(check.Section)], store.Unused(), check.warnings);
    }

    /// <summary>Root may check for a daemon that runs as somebody else.</summary>
    private static IEnumerable<string> SocketWarnings(MilterOptions options) => SocketAccess.Warnings(
        MilterDaemon.Endpoints(options), MilterDaemon.Peers(options).ToList(), Environment.IsPrivilegedProcess ? null : FileOwner.CurrentUser);

    private List<CheckedSender> Senders()
    {
        var senders = store.Senders().Select(Sender).ToList();
        foreach (var name in store.Options.Senders.Keys.Where(name => !name.StartsWith('@')))
        {
            if (policy.ForSection(name).Mode == SigningMode.Required && senders.TrueForAll(sender => sender.Address != name))
                senders.Add(Missing(name));
        }

        return senders;
    }

    private CheckedSender Sender(CertificateReport report)
    {
        var rules = MailAddress.TryParse(report.Address, out var address) ? policy.For(address) : null;
        var wanted = rules?.Mode != SigningMode.Never;
        warnings.AddRange(report.Warnings.Except(warnings));
        if (report.Certificate is not { } certificate)
            return new CheckedSender(report.Address, null, null, null, null, report.Problem, wanted);
        using var rsa = certificate.GetRSAPublicKey();
        return new CheckedSender(
            report.Address, certificate.Subject, certificate.Issuer, CertificateNames.DaysLeft(certificate, store.Time),
            report.KeyName, report.Problem ?? (rules is null ? null : CertificateRules.WhyNotBy(rsa, rules)), wanted);
    }

    private static CheckedSender Missing(string address) => new(
        address, null, null, null, null, $"[Sender:{address}] requires a signature and there is no certificate", Wanted: true);

    private CheckedSection Section(string name)
    {
        var rules = policy.ForSection(name);
        return new CheckedSection(
            $"[Sender:{name}]", rules.Mode.ToString(), rules.Form.ToString(), rules.Digest.ToString(), rules.RsaPadding.ToString(),
            MailAddress.TryParse(name, out var address) ? SignsWith(address) : null);
    }

    private string SignsWith(MailAddress address) => store.FindSigner(address) switch
    {
        SignerLookup.Usable usable => usable.Identity.Source,
        SignerLookup.Unusable unusable => $"nothing: {unusable.Reason}",
        _ => "nothing: there is no certificate",
    };

    private void WarnOfChainsAndDates(IEnumerable<CheckedSender> senders)
    {
        using var roots = new KnownRoots(store);
        foreach (var sender in senders.Where(sender => sender is { Wanted: true, Problem: null }))
        {
            if (!MailAddress.TryParse(sender.Address, out var address) || store.FindSigner(address) is not SignerLookup.Usable { Identity: var identity })
                continue;
            // What is wrong with an issuer that is here is among the identity's own warnings.
            if (identity.Chain.Fault is null && roots.WhatIsMissing(identity) is { } missing)
                warnings.Add($"{sender.Address}: {missing}");
            if (sender.DaysLeft < store.Options.Certificates.ExpiryWarning.TotalDays)
                warnings.Add($"{sender.Address}: the certificate in {identity.Source} expires in {sender.DaysLeft} days; "
                    + $"have it renewed: postseal keys csr {sender.Address}");
        }
    }
}
