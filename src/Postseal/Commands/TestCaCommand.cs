using System.CommandLine;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Keys;
using Postseal.Program.Terminal;
using Postseal.Program.Trial;

namespace Postseal.Program.Commands;

/// <summary><c>postseal test-ca</c>: a directory in which everything for a trial is ready.</summary>
internal static class TestCaCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "A new or empty directory." };
        var addresses = new Argument<string[]>("ADDRESS")
        {
            Description = "The addresses that get certificates.",
            DefaultValueFactory = _ => ["alice@example.org"],
        };
        var type = CommonOptions.KeyTypeOf("keys");
        var command = new DocumentedCommand(
            "test-ca",
            "Make a test CA with certificates and a configuration, for trials.",
            """
            The keys of the addresses are not encrypted. Those of the CA are deleted when the command ends, so nobody can
            issue more certificates in its name. Use its root as a trust anchor in trials only.
            """,
            """
            postseal test-ca trial
            postseal test-ca trial alice@example.org bob@example.org --type P-256
            """) { directory, addresses, type };
        command.Handle((arguments, output) =>
        {
            var path = arguments.GetValue(directory)!;
            var mailboxes = arguments.GetValue(addresses)!.Select(CommonOptions.ParseAddress).Distinct().ToList();
            if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
                throw new CommandException(ExitCode.UsageError, $"{path} is not empty; name another directory");

            using var ca = new TestCa("Trial", TimeProvider.System);
            var trial = TrialDirectory.Create(path, ca);
            var key = arguments.GetValue(type)!;
            // Both uses, as a CA would grant them: RSA keys take part in transport, EC keys in agreement.
            foreach (var mailbox in mailboxes)
            {
                var file = trial.Issue(mailbox, new TestCaRequest(mailbox.ToString()) { Key = key });
                output.Line($"{file}: key, certificate and chain for {mailbox}");
            }

            output.Line($"{trial.RootFile}: the CA's root certificate, for those who are to trust it");
            output.Line($"{trial.ConfigurationFile}: a configuration with these certificates");
            output.Line($"Next: postseal check --config {trial.ConfigurationFile}");
            output.Line($"      postseal sign --config {trial.ConfigurationFile} < MESSAGE > signed.eml");
            output.Line($"      openssl cms -verify -in signed.eml -CAfile {trial.RootFile}");
            output.Line($"      postseal encrypt --config {trial.ConfigurationFile} --to {mailboxes[0]} < MESSAGE > encrypted.eml");
            output.Line($"      openssl cms -decrypt -in encrypted.eml -inkey {trial.FileOf(mailboxes[0])}");
            return ExitCode.Success;
        });
        return command;
    }
}
