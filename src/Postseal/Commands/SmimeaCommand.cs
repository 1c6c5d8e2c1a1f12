using System.CommandLine;
using System.Text.Json;
using Postseal.Dns;
using Postseal.Mail;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Store;
using Postseal.Program.Terminal;
using Postseal.Settings;

namespace Postseal.Program.Commands;

/// <summary><c>postseal smimea</c>: the DNS record by which others find a certificate (RFC 8162).</summary>
internal static class SmimeaCommand
{
    private const uint DefaultTtl = 3600;

    public static Command Create()
    {
        var address = CommonOptions.Address();
        var config = ConfigurationOption.Create();
        var file = new Option<string?>("--cert")
        {
            Description = "Take the certificate in this file. Without it: the address's own in the directory.",
            HelpName = "FILE",
        };
        var association = new AssociationOptions();
        var ttl = new Option<uint>("--ttl")
        {
            Description = "The seconds that others may keep the record.",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => DefaultTtl,
        };
        var generic = new Option<bool>("--generic") { Description = "Write TYPE53, for name servers that do not know SMIMEA (RFC 3597)." };
        var check = new Option<bool>("--check") { Description = "Look whether the record is in DNS, instead of writing it." };
        var json = new Option<bool>("--json") { Description = "Write JSON for programs." };
        var command = new DocumentedCommand(
            "smimea",
            "Write the DNS record by which others find a certificate (SMIMEA, RFC 8162).",
            """
            The record belongs into the zone of the address's domain, which has to be signed with DNSSEC: nobody believes it
            otherwise. Its name is a digest of what is before the @, as it stands. With the whole certificate in it others
            can encrypt; with a digest, or the CA (--usage ta), they can tell that a certificate they have is right.
            --check asks the resolver of [Smimea] and compares; that the daemon looks there itself is [Smimea] Lookup.
            Exit code 0: written, or published as it should be; 1: there is no such certificate, or it is not published;
            2: the command line or the configuration is wrong.
            """,
            """
            postseal smimea alice@example.org --config postseal.ini >> example.org.zone
            postseal smimea alice@example.org --cert alice.crt --selector spki --matching sha256
            postseal smimea alice@example.org --check
            """) { address, file, config };
        association.AddTo(command);
        foreach (var option in (Option[])[ttl, generic, check, json])
            command.Options.Add(option);
        command.Handle(async (arguments, output, cancellationToken) =>
        {
            var mailbox = CommonOptions.ParseAddress(arguments.GetValue(address)!);
            var name = SmimeaName.Of(mailbox.LocalPart, mailbox.AsciiDomain)
                ?? throw new CommandException(ExitCode.UsageError, $"{mailbox} can have no record: its domain is not one of DNS");
            var record = association.Record(arguments, mailbox, arguments.GetValue(file), () => CertificateStore.Open(arguments.GetValue(config)!));
            var zone = new ZoneRecord(name, arguments.GetValue(ttl), record);
            if (arguments.GetValue(check))
            {
                var options = CertificateStore.Open(arguments.GetValue(config)!).Options;
                return await CheckAsync(options, mailbox, zone, output, cancellationToken);
            }

            if (arguments.GetValue(json))
                output.Text(JsonSerializer.Serialize(SmimeaRow.Of(zone), SmimeaRowJson.Default.SmimeaRow) + "\n");
            else
                output.Text(arguments.GetValue(generic) ? zone.ToGenericString() : zone.ToString());
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Compares what is in DNS, as the daemon would believe it, with what should be there.</summary>
    private static async Task<int> CheckAsync(
        PostsealOptions options, MailAddress address, ZoneRecord wanted, CommandOutput output, CancellationToken cancellationToken)
    {
        await using var source = new SmimeaSource(options.Smimea, TimeProvider.System);
        var answer = await source.LookUpAsync(wanted.Name, address, cancellationToken);
        var others = answer.Records.Where(rdata => !rdata.AsSpan().SequenceEqual(wanted.Record.ToBytes())).Select(Describe).ToList();
        foreach (var other in others)
            output.Note($"{wanted.Name} has another record as well: {other}");
        if (others.Count == answer.Records.Count)
        {
            output.Note($"the record of {address} is not in DNS: {wanted.Name} has {(others.Count == 0 ? "none" : "others alone")}");
            return ExitCode.Failure;
        }

        if (!answer.IsSecure)
        {
            output.Note($"the record of {address} is in DNS, but nobody believes it: the zone is not signed, or its parent does not say so");
            return ExitCode.Failure;
        }

        output.Line($"{wanted.Name}: published and secured by DNSSEC");
        return ExitCode.Success;
    }

    private static string Describe(byte[] rdata) => SmimeaRecord.TryRead(rdata, out var record, out var problem)
        ? $"{(byte)record.Usage} {(byte)record.Selector} {(byte)record.Matching}"
            + (record.Certificate is { } certificate ? $", {certificate.Subject}, valid to {CertificateNames.Day(certificate.NotAfter)}" : "")
        : $"it {problem}";
}
