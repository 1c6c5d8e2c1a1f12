using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Milter;
using Postseal.Program.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal certs accept</c>: a certificate that waits is used from now on.</summary>
internal static class CertsAcceptCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var selector = PendingSelection.Argument("approved");
        var command = new DocumentedCommand(
            "accept",
            "Use a certificate that waits for approval from now on.",
            """
            It replaces the one that was learned before, which is kept in the directory 'replaced'. Certificates in the
            administrator's own directory come first, and are never replaced. With [Harvest] Path = ldap:NAME it is written
            into that directory service, for all hosts that share it.
            """,
            """
            postseal certs accept bob@example.net
            postseal certs accept 81301bb05ed8a753
            """) { config, selector };
        command.Handle(async (arguments, output, cancellationToken) =>
        {
            var store = CertificateStore.Open(arguments.GetValue(config)!);
            await using var remote = AllSources.Open(store.Options, store.Time, NullLoggerFactory.Instance);
            var harvest = store.HarvestWith(remote);
            var waiting = PendingSelection.Find(harvest, arguments.GetValue(selector)!);
            var problem = waiting.Candidate.Certificates
                .Select(certificate => CertificateRules.CheckDates(certificate.Certificate, store.Time.GetUtcNow())?.Message)
                .OfType<string>().FirstOrDefault();
            if ((problem ?? PendingSelection.AsOwnerOf(harvest.Path, () => harvest.AcceptAsync(waiting, cancellationToken).AsTask().GetAwaiter().GetResult())) is { } why)
                throw new CommandException(ExitCode.Failure, $"the certificate of {waiting.Record.Address} cannot be used: {why}");
            var isUsed = waiting.Candidate.Recipient is not null;
            output.Line(isUsed
                ? $"Accepted. Mail to {waiting.Record.Address} can be encrypted to it. Next: postseal certs list --config {arguments.GetValue(config)}"
                : $"Accepted. It is for verifying what {waiting.Record.Address} signs; mail is not encrypted to it.");
            return ExitCode.Success;
        });
        return command;
    }
}
