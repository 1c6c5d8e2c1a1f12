using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Files;
using Postseal.Program.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal certs remove</c>: files out of the directory.</summary>
internal static class CertsRemoveCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var selector = new Argument<string>("ADDRESS|FINGERPRINT")
        {
            Description = "Whose files go, or the SHA-256 fingerprint of a certificate (the first 8 digits are enough).",
        };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var command = new DocumentedCommand(
            "remove",
            "Remove the files of an address or a certificate from the directory.",
            "A key that is removed cannot be had again, and with it all mail encrypted to it. Export it first if in doubt.",
            """
            postseal certs remove alice@example.org
            postseal certs remove 81301bb05ed8a753 --yes
            """) { config, selector, yes };
        command.Handle((arguments, output) =>
        {
            var store = CertificateStore.Open(arguments.GetValue(config)!);
            var files = FilesOf(store, arguments.GetValue(selector)!);
            foreach (var file in files)
                output.Line($"{file.Path}{(file.HasKey ? " (with a private key)" : "")}");
            if (!arguments.GetValue(yes) && !Confirmation.Ask($"Remove {(files.Count == 1 ? "this file" : $"these {files.Count} files")}?"))
            {
                output.Line("Nothing was removed.");
                return ExitCode.Failure;
            }

            foreach (var file in files)
                File.Delete(file.Path);
            output.Line($"Removed. Next: postseal check --config {arguments.GetValue(config)}");
            return ExitCode.Success;
        });
        return command;
    }

    private static List<StoredFile> FilesOf(CertificateStore store, string selector)
    {
        var found = store.Find(selector);
        if (found.Count == 0)
            throw new CommandException(ExitCode.Failure, $"there is no certificate for '{selector}' in {store.Path}; see 'postseal certs list'");
        foreach (var (file, certificate) in found)
        {
            var others = OthersIn(file, found);
            if (others.Count > 0)
            {
                throw new CommandException(
                    ExitCode.Failure,
                    $"{file.Path} holds {certificate.Subject} together with {string.Join(", ", others.Select(other => other.Subject))}; "
                        + "remove that file by hand, or what belongs into it by its address");
            }
        }

        var files = found.Select(item => item.File).Distinct().ToList();
        return [.. files, .. store.Files.Where(other => files.Exists(other.IsKeyOf))];
    }

    /// <summary>What must not go with it: the person whose chain a CA is in, somebody else's certificate beside
    /// this one. A person's chain goes with the person.</summary>
    private static List<X509Certificate2> OthersIn(StoredFile file, IReadOnlyList<(StoredFile File, X509Certificate2 Certificate)> found)
    {
        bool IsFound(X509Certificate2 certificate) => found.Any(item => Fingerprint.Same(item.Certificate, certificate));
        var endEntities = file.EndEntities.ToList();
        return [.. (endEntities.Exists(IsFound) ? endEntities : file.Certificates).Where(certificate => !IsFound(certificate))];
    }
}
