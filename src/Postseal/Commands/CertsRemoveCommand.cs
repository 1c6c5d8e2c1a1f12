using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Program.Commands.Kit;
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
            Description = "The address whose files are removed, or the SHA-256 fingerprint of a certificate (the first 8 digits are enough).",
        };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var command = new DocumentedCommand(
            "remove",
            "Remove the files of an address or a certificate from the directory.",
            "A removed key cannot be recovered, and mail encrypted to it can no longer be read. Export it first if in doubt.",
            """
            postseal certs remove alice@example.org
            postseal certs remove 81301bb05ed8a753 --yes
            """) { config, selector, yes };
        command.Handle((arguments, output) =>
        {
            var store = CertificateStore.Open(arguments.GetValue(config)!);
            var files = FilesOf(store, arguments.GetValue(selector)!);
            foreach (var file in files)
                output.Line($"{file}{(store.Entries.Any(entry => entry.KeyFiles.Contains(file)) ? " (with a private key)" : "")}");
            if (!arguments.GetValue(yes) && !Confirmation.Ask($"Remove {(files.Count == 1 ? "this file" : $"these {files.Count} files")}?"))
            {
                output.Line("Nothing was removed.");
                return ExitCode.Failure;
            }

            foreach (var file in files)
                File.Delete(file);
            output.Line($"Removed. Next: postseal check --config {arguments.GetValue(config)}");
            return ExitCode.Success;
        });
        return command;
    }

    private static List<string> FilesOf(CertificateStore store, string selector)
    {
        var found = store.Find(selector);
        if (found.Count == 0)
            throw new CommandException(ExitCode.Failure, $"there is no certificate for '{selector}' in {store.Path}; see 'postseal certs list'");
        foreach (var entry in found)
        {
            var others = OthersBeside(entry, found);
            if (others.Count > 0)
            {
                throw new CommandException(
                    ExitCode.Failure,
                    $"{entry.File} holds {entry.Certificate!.Certificate.Subject} together with {string.Join(", ", others.Select(other => other.Subject))}; "
                        + "remove that file by hand, or what belongs into it by its address");
            }
        }

        // A key goes with its certificate, also one that lies there unused, but not with another certificate in the same file.
        var files = found.Select(entry => entry.File).Distinct().ToList();
        var beside = store.Entries.Where(entry => entry.Certificate is null && files.Exists(file => IsNamedAsKeyOf(entry.File, file)))
            .Select(entry => entry.File);
        var keys = found.SelectMany(entry => entry.KeyFiles).Concat(beside)
            .Where(key => !store.Entries.Any(entry => entry.File == key && entry.Certificate is not null));
        return [.. files.Union(keys)];
    }

    private static bool IsNamedAsKeyOf(string path, string certificatePath) =>
        Path.GetDirectoryName(path) == Path.GetDirectoryName(certificatePath)
        && FileConventions.KeyNamesOf(Path.GetFileName(certificatePath)).Contains(Path.GetFileName(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Returns what must not go with it: the person whose chain a CA certificate is in, somebody else's certificate
    /// beside this one. A person's chain goes with the person.</summary>
    private static List<X509Certificate2> OthersBeside(DirectoryEntry one, IReadOnlyList<DirectoryEntry> found)
    {
        bool IsFound(X509Certificate2 certificate) => found.Any(entry => CertificateMatch.Same(entry.Certificate!.Certificate, certificate));
        var endEntities = one.Beside.Where(certificate => !CertificateNames.IsIssuer(certificate)).ToList();
        return [.. (endEntities.Exists(IsFound) ? endEntities : one.Beside).Where(certificate => !IsFound(certificate))];
    }
}
