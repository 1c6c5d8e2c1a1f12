using System.CommandLine;
using System.Text.Json;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal certs pending</c>: the certificates that came with signed mail and wait for approval.</summary>
internal static class CertsPendingCommand
{
    private const int FingerprintDigits = 16;

    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var json = new Option<bool>("--json") { Description = "Write JSON for programs instead of a table." };
        var command = new DocumentedCommand(
            "pending",
            "List the certificates that came with signed mail and wait for approval.",
            """
            Each of them meets the conditions in [Harvest], but Accept does not let it be used without a person's approval;
            Why gives the reason. Until then no mail is encrypted to it. If in doubt, ask its owner by other means, for
            example by phone, what its fingerprint is.
            """,
            """
            postseal certs pending --config postseal.ini
            postseal certs pending --json
            """) { config, json };
        command.Handle((arguments, output) =>
        {
            IReadOnlyList<PendingRow> rows = [.. CertificateStore.Open(arguments.GetValue(config)!).Harvest.Waiting().Select(PendingRow.Of)];
            if (arguments.GetValue(json))
                output.Text(JsonSerializer.Serialize(rows, PendingRowJson.Default.IReadOnlyListPendingRow) + "\n");
            else if (rows.Count == 0)
                output.Line("Nothing waits for approval.");
            else
                WriteTable(rows, output);
            return ExitCode.Success;
        });
        return command;
    }

    private static void WriteTable(IReadOnlyList<PendingRow> rows, CommandOutput output)
    {
        Table.Write(output, ["Address", "Use", "Valid to", "Key", "Issuer", "Fingerprint", "Came", "Message", "Why"], rows.Select(Row));
        output.Line("Next: 'postseal certs accept ADDRESS|FINGERPRINT', or 'postseal certs reject ADDRESS|FINGERPRINT'");
    }

    private static string[] Row(PendingRow row) =>
    [
        row.Address, string.Join(", ", row.Use), CertificateNames.Day(row.ValidTo.UtcDateTime), row.Key, row.Issuer,
        row.Fingerprint.Replace(":", "", StringComparison.Ordinal)[..FingerprintDigits].ToLowerInvariant(),
        CertificateNames.Day(row.CameAt.UtcDateTime), row.MessageId ?? "-", row.Why,
    ];
}
