using Postseal.Certificates.Store;
using Postseal.Settings;

namespace Postseal.Program.Store;

/// <summary>Who may read keys and write what the daemon trusts. Windows has other permissions, and is not looked at.</summary>
internal static class FilePermissions
{
    /// <summary>Returns what should be mended, each with the command that does.</summary>
    public static IEnumerable<string> Warnings(string configPath, CertificateStore store)
    {
        if (OperatingSystem.IsWindows())
            return [];
        var settings = store.Options.Certificates;
        // Who can exchange a recipient's certificate, or an anchor, reads what is encrypted.
        var files = store.Entries.SelectMany(entry => entry.Files.All).Concat(settings.Recipients.Values)
            .Concat(new[] { settings.Trust.Anchors }.OfType<string>()).Where(File.Exists).Distinct().Order(StringComparer.Ordinal).ToList();
        var directories = files.Select(file => Path.GetDirectoryName(file)!).Prepend(store.Path)
            .Concat(new[] { settings.HarvestedPath, settings.Trust.Anchors }.OfType<string>().Where(Directory.Exists)).Distinct();
        return
        [
            .. directories.Where(path => Others(path, UnixFileMode.OtherWrite))
                .Select(path => $"{path} can be written by everyone, who could put certificates and keys there; 'chmod o-w {path}'"),
            .. new[] { configPath, store.Options.Originating.SenderLogins?.Path }.OfType<string>().Where(path => Others(path, UnixFileMode.OtherWrite))
                .Select(path => $"{path} can be written by everyone; 'chmod o-w {path}'"),
            .. store.Entries.SelectMany(entry => entry.KeyFiles).Distinct().Order(StringComparer.Ordinal)
                .Select(KeyFileReading.WarnOfMode).OfType<string>(),
            .. files.Where(path => Others(path, UnixFileMode.OtherWrite))
                .Select(path => $"{path} can be written by everyone; 'chmod o-w {path}'"),
            .. Secrets(store.Options).Where(path => Others(path, UnixFileMode.OtherRead))
                .Select(path => $"{path} holds a secret that everyone can read; 'chmod o= {path}'"),
        ];
    }

    private static IEnumerable<string> Secrets(PostsealOptions options) =>
        options.Certificates.Senders.Values.Select(sender => sender.PassphraseFile)
            .Append(options.Certificates.PassphraseFile)
            .Append(options.Certificates.SecretFile)
            .Concat(options.Ldap.SelectMany(service => new[] { service.BindFile, service.KeyFile }))
            .Append(options.Pkcs11.PinFile)
            .OfType<string>()
            .Distinct();

    private static bool Others(string path, UnixFileMode mode) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & mode) != 0;
}
