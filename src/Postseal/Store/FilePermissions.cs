using Postseal.Certificates.Store;

namespace Postseal.Program.Store;

/// <summary>Who may read keys and write what the daemon trusts. Windows has other permissions, and is not looked at.</summary>
internal static class FilePermissions
{
    /// <summary>What should be mended, each with the command that does.</summary>
    public static IEnumerable<string> Warnings(string configPath, CertificateStore store)
    {
        if (OperatingSystem.IsWindows())
            return [];
        var settings = store.Options.Certificates;
        var directories = store.Files.Select(file => Path.GetDirectoryName(file.Path)!).Prepend(store.Path).Distinct();
        return
        [
            .. directories.Where(path => Others(path, UnixFileMode.OtherWrite))
                .Select(path => $"{path} can be written by everyone, who could put certificates and keys there; 'chmod o-w {path}'"),
            .. new[] { configPath, store.Options.Originating.SenderLogins?.Path }.OfType<string>().Where(path => Others(path, UnixFileMode.OtherWrite))
                .Select(path => $"{path} can be written by everyone; 'chmod o-w {path}'"),
            .. store.Files.Where(file => file.HasKey && Others(file.Path, UnixFileMode.OtherRead))
                .Select(file => $"{file.Path} holds a private key that everyone can read; 'chmod o= {file.Path}'"),
            .. store.Files.Where(file => Others(file.Path, UnixFileMode.OtherWrite))
                .Select(file => $"{file.Path} can be written by everyone; 'chmod o-w {file.Path}'"),
            .. Secrets(settings).Where(path => Others(path, UnixFileMode.OtherRead))
                .Select(path => $"{path} holds a secret that everyone can read; 'chmod o= {path}'"),
        ];
    }

    private static IEnumerable<string> Secrets(CertificateOptions settings) =>
        settings.Senders.Values.Select(sender => sender.PassphraseFile)
            .Append(settings.PassphraseFile)
            .Append(settings.SecretFile)
            .OfType<string>()
            .Distinct();

    private static bool Others(string path, UnixFileMode mode) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & mode) != 0;
}
