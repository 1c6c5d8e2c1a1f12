using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using MimeKit;
using MimeKit.Cryptography;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests.Support;

/// <summary>Looks into mail as it was received: what is encrypted in it, for whom, and what they read.</summary>
internal static class SecretMail
{
    public static bool IsEncrypted(byte[] mail) => Letters.Text(mail).Contains("smime-type=enveloped-data", StringComparison.Ordinal);

    /// <summary>Whose certificates an encrypted message names, as everybody sees who gets it.</summary>
    public static IEnumerable<string> ShownIn(byte[] mail, params IEnumerable<Correspondent> known)
    {
        var enveloped = new EnvelopedCms();
        enveloped.Decode(Der(mail));
        var serials = enveloped.RecipientInfos.Cast<RecipientInfo>()
            .SelectMany(info => new[] { info.RecipientIdentifier.Value })
            .Select(value => ((X509IssuerSerial)value!).SerialNumber)
            .ToList();
        Assert.All(serials, serial => Assert.Contains(known, one => one.Certificate.SerialNumber == serial));
        return known.Where(one => serials.Contains(one.Certificate.SerialNumber))
            .Select(one => one.Certificate.GetNameInfo(X509NameType.SimpleName, false)).Order(StringComparer.Ordinal);
    }

    /// <summary>What somebody reads by openssl: the entity that was encrypted.</summary>
    public static byte[] Open(byte[] mail, Correspondent reader)
    {
        var (content, errors) = OpenSsl.Decrypt(Der(mail), reader);
        Assert.True(content is not null, errors);
        return content;
    }

    /// <summary>What somebody with an RSA key reads by MimeKit.</summary>
    public static MimeEntity OpenByMimeKit(byte[] mail, Correspondent reader)
    {
        using var context = new TemporarySecureMimeContext();
        using var certificate = X509Certificate2.CreateFromPem(reader.Certificate.ExportCertificatePem(), reader.KeyPem);
        context.Import(new MemoryStream(certificate.Export(X509ContentType.Pkcs12, "sesame")), "sesame");
        return ((ApplicationPkcs7Mime)MimeMessage.Load(new MemoryStream(mail)).Body!).Decrypt(context);
    }

    private static byte[] Der(byte[] mail)
    {
        using var content = new MemoryStream();
        ((MimePart)MimeMessage.Load(new MemoryStream(mail)).Body!).Content!.DecodeTo(content);
        return content.ToArray();
    }
}
