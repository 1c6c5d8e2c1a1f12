using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Dns;
using Postseal.Mail;
using Postseal.Program.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands.Kit;

/// <summary>The options <c>--usage</c>, <c>--selector</c> and <c>--matching</c>: what a DANE record says of a certificate.</summary>
internal sealed class AssociationOptions
{
    private readonly Option<string> usage = Choice(
        "--usage", "ee: the certificate itself; ta: the root of its chain, for all certificates below it.", "ee", "ta");

    private readonly Option<string> selector = Choice("--selector", "The whole certificate, or its key.", "full", "spki");
    private readonly Option<string> matching = Choice("--matching", "All of that, or its digest.", "full", "sha256", "sha512");

    public void AddTo(Command command)
    {
        command.Options.Add(usage);
        command.Options.Add(selector);
        command.Options.Add(matching);
    }

    /// <summary>Makes the record.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="address">Whose it is.</param>
    /// <param name="file">Where the certificate is; <see langword="null"/>: in the directory.</param>
    /// <param name="open">Opens the directory.</param>
    /// <exception cref="CommandException">There is no such certificate.</exception>
    public SmimeaRecord Record(ParseResult arguments, MailAddress address, string? file, Func<CertificateStore> open)
    {
        var isOfCa = arguments.GetValue(usage) == "ta";
        var certificate = file is null ? Find(open(), address, isOfCa) : Read(file, address, isOfCa);
        return SmimeaRecord.Of(
            certificate, isOfCa ? CertificateUsage.DaneTa : CertificateUsage.DaneEe,
            arguments.GetValue(selector) == "spki" ? Selector.Spki : Selector.Cert,
            arguments.GetValue(matching) switch { "sha256" => MatchingType.Sha256, "sha512" => MatchingType.Sha512, _ => MatchingType.Full });
    }

    private static X509Certificate2 Find(CertificateStore store, MailAddress address, bool isOfCa)
    {
        var found = store.FindEncryption(address) switch
        {
            Lookup<MailCertificate>.Found one => one.Value,
            Lookup<MailCertificate>.Unusable unusable => throw new CommandException(ExitCode.Failure, unusable.Why.Message),
            _ => throw new CommandException(ExitCode.Failure, $"there is no certificate for {address} in {store.Path}; name one with --cert"),
        };
        return !isOfCa ? found.Certificate
            : CertificateChain.Of(found.Certificate, [.. found.Beside, .. store.Issuers()], store.Time.GetUtcNow()).Root
            ?? throw new CommandException(ExitCode.Failure, $"the root of the chain of {found.Source} is not in {store.Path}; name it with --cert");
    }

    private static X509Certificate2 Read(string path, MailAddress address, bool isOfCa)
    {
        using var file = KeyFile.Read(path);
        if (isOfCa)
        {
            var issuers = file.Certificates.Where(CertificateNames.IsIssuer).ToList();
            // The last in a file with a chain is the one above all.
            return issuers.LastOrDefault() ?? throw new CommandException(ExitCode.Failure, $"{path} holds no certificate of a CA");
        }

        var own = file.Certificates.Select(certificate => new MailCertificate(certificate, path, hasKey: false))
            .Where(certificate => certificate.Addresses.Contains(address))
            .OrderByDescending(certificate => certificate.Certificate.NotBefore).ToList();
        if (own.Count == 0)
            throw new CommandException(ExitCode.Failure, $"{path} holds no certificate for {address}: nobody would encrypt to it");
        if (own.Find(certificate => Why(certificate) is null) is { } usable)
            return usable.Certificate;
        throw new CommandException(ExitCode.Failure, $"{path}: {Why(own[0])}");
    }

    private static Rejection? Why(MailCertificate certificate) =>
        certificate.CannotEncrypt ?? CertificateRules.CheckDates(certificate.Certificate, TimeProvider.System.GetUtcNow());

    private static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = new Option<string>(name)
        {
            Description = description,
            HelpName = string.Join('|', values),
            DefaultValueFactory = _ => values[0],
        };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
