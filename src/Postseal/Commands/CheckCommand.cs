using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal check</c>: the configuration, every sender's certificate, and who may read what.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var json = new Option<bool>("--json") { Description = "Write JSON for programs instead of tables." };
        var command = new DocumentedCommand(
            "check",
            "Check the configuration, everybody's certificates and the permissions of files.",
            """
            Warnings are about what works today but should be mended: keys that others can read, weak keys and digests, chains
            that do not verify or do not reach a known root, certificates with less time left than [Certificates]
            ExpiryWarning. Files in the directory that nobody uses are listed with the reason. Of the correspondents it counts
            those whom mail can be encrypted to, and lists whose certificates cannot be used or end soon. Of mail that comes in it
            says for which domains it is verified, who is trusted, how old the revocation lists are, and what is learned from it.
            Each source outside of files ([Ldap:...], [Smimea], [Pkcs11]) is asked whether it works and what it has.
            Exit code 0: all is well; 1: mail that the configuration wants signed, or requires to be encrypted to somebody,
            cannot be, or a source does not work, and the tables say why; 2: the configuration itself is wrong.
            """,
            """
            postseal check --config postseal.ini
            postseal check --json
            """) { config, json };
        command.Handle(async (arguments, output, cancellationToken) =>
        {
            var configPath = arguments.GetValue(config)!;
            var result = await ConfigurationCheck.RunAsync(configPath, CertificateStore.Open(configPath), cancellationToken);
            if (arguments.GetValue(json))
                output.Text(JsonSerializer.Serialize(result, CheckJson.Default.CheckResult) + "\n");
            else
                Write(configPath, result, output);
            return result.Senders.Any(sender => sender is { Wanted: true, Problem: not null })
                || result.Correspondents.Attention.Any(correspondent => correspondent is { Required: true, Problem: not null })
                || result.Sources?.Any(source => source.Problem is not null) == true
                    ? ExitCode.Failure
                    : ExitCode.Success;
        });
        return command;
    }

    private static void Write(string configPath, CheckResult result, CommandOutput output)
    {
        output.Line($"{configPath}: configuration OK");
        output.Line($"Certificates in {result.Directory}{(result.Senders.Any(sender => sender.IsInToken) ? " and in the token" : "")}:");
        if (result.Senders.Count == 0)
            output.Line("  no sender certificates; add some with 'postseal certs import FILE', or request one with 'postseal keys csr ADDRESS'");
        else
            Table.Write(output, ["Address", "Subject", "Issuer", "Days left", "Key", "Usable"], result.Senders.Select(Row));
        if (result.Sections.Count > 0)
        {
            output.Line("Senders with settings of their own:");
            Table.Write(output, ["Section", "Mode", "Form", "Digest", "RSA padding", "Signs with"], result.Sections.Select(Row));
        }

        WriteCorrespondents(result.Correspondents, output);
        if (result.Incoming is { } incoming)
            Write(incoming, output);
        if (result.Harvest is { } harvest)
            Write(harvest, output);
        if (result.RevocationLists.Count > 0)
        {
            output.Line("Revocation lists:");
            Table.Write(output, ["Issuer", "From", "Entries", "Issued", "Next", "Holds"], result.RevocationLists.Select(Row));
        }

        if (result.Sources is { } sources)
        {
            output.Line("Sources of certificates and keys outside of files:");
            Table.Write(output, ["Source", "Found", "Works"], sources.Select(Row));
        }

        if (result.Unused.Count > 0)
        {
            output.Line("Used by nobody:");
            Table.Write(
                output, ["File", "Reason"],
                result.Unused.Select(file => new[] { Path.GetRelativePath(result.Directory, file.Path), file.Reason }));
        }

        foreach (var warning in result.Warnings)
            output.Line($"warning: {warning}");
        output.Line($"Next: postseal explain --config {configPath} --from ADDRESS --to ADDRESS shows what happens to a message");
    }

    private static void WriteCorrespondents(CheckedCorrespondents correspondents, CommandOutput output)
    {
        var (total, attention) = (correspondents.Total, correspondents.Attention);
        if (total == 0 && attention.Count == 0)
            return;
        var who = total == 1 ? "correspondent" : "correspondents";
        output.Line($"Mail to {correspondents.Usable} of {total} {who} can be encrypted"
            + (correspondents.Wanted ? "" : "; it is not, as [Encryption] Mode is Never") + (attention.Count > 0 ? ":" : ""));
        if (attention.Count > 0)
            Table.Write(output, ["Address", "Days left", "Certificate", "Usable"], attention.Select(Row));
    }

    private static void Write(CheckedIncoming incoming, CommandOutput output)
    {
        output.Line(incoming.Domains.Count == 0
            ? "No mail that comes in is verified: [Incoming] Domains is empty"
            : $"Mail from outside for {string.Join(", ", incoming.Domains)} is verified; verdicts are written as {incoming.AuthservId}");
        if (incoming.Anchors is { } count and > 0)
            output.Line($"  {count} trust {(count == 1 ? "anchor" : "anchors")} in {incoming.AnchorsIn}");
        if (incoming.MustSign.Count > 0)
            output.Line($"  has to be signed: mail from {string.Join(", ", incoming.MustSign)}");
        if (incoming.MustEncrypt.Count > 0)
            output.Line($"  has to be encrypted: mail from {string.Join(", ", incoming.MustEncrypt)}");
        if (incoming.Opened is { } how)
            output.Line($"  mail to one whose key is here is opened, and delivered {how}");
    }

    private static void Write(CheckedHarvest harvest, CommandOutput output)
    {
        output.Line($"Certificates are learned from signed mail: [Harvest] Accept = {harvest.Accept}"
            + (harvest.DkimFrom is { } filter ? $", of mail that {filter} vouches for" : "") + $"; they are in {harvest.Path}");
        if (harvest.Waiting > 0)
            output.Line($"  {harvest.Waiting} {(harvest.Waiting == 1 ? "waits" : "wait")} for approval: postseal certs pending");
    }

    private static string[] Row(CheckedCorrespondent correspondent) =>
    [
        correspondent.Address, correspondent.DaysLeft?.ToString(CultureInfo.InvariantCulture) ?? "-", correspondent.Source ?? "-",
        correspondent.Problem is null ? "yes, but not much longer" : $"no: {correspondent.Problem}",
    ];

    private static string[] Row(CheckedSender sender) =>
    [
        sender.Address, sender.Subject ?? "-", sender.Issuer ?? "-",
        sender.DaysLeft?.ToString(CultureInfo.InvariantCulture) ?? "-", sender.Key ?? "-",
        sender.Problem is null ? "yes" : $"no: {sender.Problem}",
    ];

    private static string[] Row(CheckedSource source) =>
        [source.Source, source.Found is "" ? "-" : source.Found, source.Problem is null ? "yes" : $"no: {source.Problem}"];

    private static string[] Row(CheckedRevocationList list) =>
    [
        list.Issuer, list.Fetched ? "the CA" : list.File, list.Entries.ToString(CultureInfo.InvariantCulture), Date(list.Issued),
        list.Next is { } next ? Date(next) : "-", list.Problem is null ? "yes" : $"no: {list.Problem}",
    ];

    private static string Date(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string[] Row(CheckedSection section) =>
        [section.Section, section.Mode, section.Form, section.Digest, section.RsaPadding, section.SignsWith ?? "-"];
}
