using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Program.Trial;

namespace Postseal.Soak;

/// <summary>The certificate directory as admins and their tools change it.</summary>
internal sealed class SenderFiles(string directory, TestCa authority)
{
    private readonly string certificates = Directory.CreateDirectory(Path.Combine(directory, Settings.Certificates)).FullName;
    private int serial;

    /// <summary>Gives a sender a new certificate, or its first: what was there is replaced at once, by a rename.</summary>
    public Task RenewAsync(Sender sender) => ChangeAsync(sender, async (issued, serial) =>
    {
        if (sender.Form == FileForm.Links)
            await PointLinksAsync(sender, issued, serial, TimeSpan.Zero);
        else
            await ReplaceAsync(NameOf(sender), ContentOf(sender, issued));
    });

    /// <summary>
    /// The same as somebody does it who writes over the file, or whose script stops for a moment between certificate and
    /// key: for that moment what is there cannot be used.
    /// </summary>
    public Task RenewSlowlyAsync(Sender sender, TimeSpan moment) => ChangeAsync(sender, async (issued, serial) =>
    {
        if (sender.Form == FileForm.Links)
            await PointLinksAsync(sender, issued, serial, moment);
        else
            await WriteOverAsync(NameOf(sender), ContentOf(sender, issued), moment);
    });

    public void Remove(Sender sender)
    {
        sender.Certificate.Begin(null);
        File.Delete(Path.Combine(certificates, NameOf(sender)));
        sender.Certificate.End();
    }

    private async Task ChangeAsync(Sender sender, Func<IssuedCertificate, int, Task> write)
    {
        var issued = authority.Issue(new TestCaRequest(sender.Address) { Key = sender.Key });
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem);
        sender.Certificate.Begin(certificate.GetCertHashString(HashAlgorithmName.SHA256));
        await write(issued, Interlocked.Increment(ref serial));
        sender.Certificate.End();
    }

    private static string NameOf(Sender sender) => sender.Address + (sender.Form == FileForm.Pkcs12 ? ".p12" : ".pem");

    private static byte[] ContentOf(Sender sender, IssuedCertificate issued)
    {
        if (sender.Form == FileForm.OnePem)
            return Encoding.ASCII.GetBytes(issued.KeyPem + issued.CertificatePem + issued.ChainPem);
        using var leaf = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        using var intermediate = X509Certificate2.CreateFromPem(issued.ChainPem);
        return new X509Certificate2Collection { leaf, intermediate }.Export(X509ContentType.Pkcs12, Settings.Passphrase)!;
    }

    private async Task ReplaceAsync(string name, byte[] content)
    {
        var temporary = Path.Combine(certificates, ".new-" + name);
        await WriteAsync(temporary, content);
        File.Move(temporary, Path.Combine(certificates, name), overwrite: true);
    }

    private async Task WriteOverAsync(string name, byte[] content, TimeSpan moment)
    {
        // Shared, as scripts and editors write: .NET would lock the file, and half of it could not even be read.
        await using var file = new FileStream(
            Path.Combine(certificates, name), FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        await file.WriteAsync(content.AsMemory(0, content.Length / 2));
        await file.FlushAsync();
        await Task.Delay(moment);
        await file.WriteAsync(content.AsMemory(content.Length / 2));
    }

    /// <summary>As certbot: new files in archive/, then live/'s links to them, the certificate's before the key's.</summary>
    private async Task PointLinksAsync(Sender sender, IssuedCertificate issued, int serial, TimeSpan moment)
    {
        var archive = Directory.CreateDirectory(Path.Combine(directory, "archive", sender.Address)).FullName;
        var live = Directory.CreateDirectory(Path.Combine(directory, "live", sender.Address)).FullName;
        await WriteAsync(Path.Combine(archive, $"fullchain{serial}.pem"), Encoding.ASCII.GetBytes(issued.CertificatePem + issued.ChainPem));
        await WriteAsync(Path.Combine(archive, $"privkey{serial}.pem"), Encoding.ASCII.GetBytes(issued.KeyPem));
        Point(Path.Combine(live, "fullchain.pem"), Path.Combine(archive, $"fullchain{serial}.pem"));
        await Task.Delay(moment);
        Point(Path.Combine(live, "privkey.pem"), Path.Combine(archive, $"privkey{serial}.pem"));
        foreach (var (suffix, file) in ((string, string)[])[(".crt", "fullchain.pem"), (".pem", "privkey.pem")])
        {
            var link = new FileInfo(Path.Combine(certificates, sender.Address + suffix));
            if (link.LinkTarget is null)
                link.CreateAsSymbolicLink(Path.Combine(live, file));
        }
    }

    private static void Point(string link, string target)
    {
        File.CreateSymbolicLink(link + ".new", target);
        File.Move(link + ".new", link, overwrite: true);
    }

    private static async Task WriteAsync(string path, byte[] content)
    {
        await using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await file.WriteAsync(content);
    }
}
