using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Postseal.Harvest;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal certs list</c>: every certificate in the directory, what expires first on top.</summary>
internal static class CertsListCommand
{
    private const int FingerprintDigits = 16;

    private static readonly string[] Head =
        ["Address", "Use", "Valid from", "Valid to", "Days left", "Key", "Subject", "Issuer", "Serial", "Fingerprint", "File"];

    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var json = new Option<bool>("--json") { Description = "Write JSON for programs instead of a table." };
        var command = new DocumentedCommand(
            "list",
            "List every certificate in the directory, the first to expire on top.",
            """
            Use says what a certificate can do: with its private key, sign and decrypt; without it, verify and encrypt; if
            it is a CA's, issue. The fingerprint is SHA-256; its first 16 digits name a certificate in other commands.
            Those that were learned from signed mail ([Harvest]) follow, with the time and the Message-ID of that mail.
            """,
            """
            postseal certs list --config postseal.ini
            postseal certs list --json
            """) { config, json };
        command.Handle((arguments, output) =>
        {
            var store = CertificateStore.Open(arguments.GetValue(config)!);
            var (certificates, learned) = (store.Rows(), store.LearnedRows());
            var shared = store.Options.Harvest is { Accept: not HarvestAccept.Off, Ldap: { } name } ? name : null;
            if (arguments.GetValue(json))
                output.Text(JsonSerializer.Serialize([.. certificates, .. learned], CertificateRowJson.Default.IReadOnlyListCertificateRow) + "\n");
            else if (certificates.Count + learned.Count == 0)
                output.Line($"There is nothing in {store.Path} yet. Next: postseal keys csr ADDRESS, or postseal certs import FILE");
            else
                WriteTables(store, certificates, learned, output);
            if (shared is not null && !arguments.GetValue(json))
                output.Line($"What is learned from signed mail is in ldap:{shared}, and not listed here; 'postseal explain --from ADDRESS --to ADDRESS' names what is used");
            return ExitCode.Success;
        });
        return command;
    }

    private static void WriteTables(
        CertificateStore store, IReadOnlyList<CertificateRow> certificates, IReadOnlyList<CertificateRow> learned, CommandOutput output)
    {
        if (certificates.Count > 0)
        {
            output.Line($"{store.Path}:");
            Table.Write(output, [.. Head, "Usable"], certificates.Select(certificate => (string[])[.. Row(certificate, store.Path), Usable(certificate)]));
        }

        if (learned.Count > 0)
        {
            var path = store.Harvest.Path;
            output.Line($"{path}, learned from signed mail:");
            Table.Write(
                output, [.. Head, "Learned", "Message", "Usable"],
                learned.Select(certificate => (string[])[.. Row(certificate, path), Origin(certificate), certificate.LearnedFrom ?? "-", Usable(certificate)]));
        }

        output.Line("Next: 'postseal certs show ADDRESS' for the details of one; run 'postseal check' to validate the configuration");
    }

    private static string Usable(CertificateRow certificate) =>
        certificate.Problem is null ? string.Join("; but ", certificate.Warnings.Prepend("yes")) : $"no: {certificate.Problem}";

    private static string Origin(CertificateRow certificate) =>
        certificate.LearnedAt is null ? "placed by hand"
        : certificate.ApprovedAt is { } approved ? $"{Day(certificate.LearnedAt)}, approved {Day(approved)}"
        : Day(certificate.LearnedAt);

    private static string[] Row(CertificateRow stored, string directory) =>
    [
        Join(stored.Addresses), Join(stored.Use), Day(stored.ValidFrom), Day(stored.ValidTo),
        stored.DaysLeft?.ToString(CultureInfo.InvariantCulture) ?? "-", stored.Key ?? "-", stored.Subject ?? "-", stored.Issuer ?? "-",
        stored.Serial ?? "-",
        stored.Fingerprint?.Replace(":", "", StringComparison.Ordinal)[..FingerprintDigits].ToLowerInvariant() ?? "-",
        Path.GetRelativePath(directory, stored.File),
    ];

    private static string Join(IReadOnlyList<string> words) => words.Count == 0 ? "-" : string.Join(", ", words);

    private static string Day(DateTimeOffset? time) => time is { } day ? CertificateNames.Day(day.UtcDateTime) : "-";
}
