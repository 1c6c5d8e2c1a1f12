using System.Text;

namespace Postseal.TestKit;

/// <summary>Mail that openssl signed or encrypted, as a client would have.</summary>
public sealed class ProtectedMail : IDisposable
{
    private const string Content = "Content-Type: text/plain\r\n\r\nHello Bob\r\n";

    private readonly TemporaryDirectory directory = new();
    private readonly string content;

    /// <summary>Takes the key pair of who signs, and whom it is encrypted to.</summary>
    public ProtectedMail(string keyPem, string certificatePem)
    {
        PersonFile = directory.Write("person.pem", keyPem + certificatePem);
        content = directory.Write("content", Content);
    }

    /// <summary>The file with both, for another signer beside.</summary>
    public string PersonFile { get; }

    /// <summary>Makes a signed message: the output of <c>openssl cms -sign</c>.</summary>
    public byte[] Signed(params string[] options) => Run("-sign", ["-signer", PersonFile, .. options]);

    /// <summary>Makes an encrypted message: the output of <c>openssl cms -encrypt</c>.</summary>
    public byte[] Encrypted(params string[] options) => Run("-encrypt", [.. options, PersonFile]);

    /// <summary>Packs the certificates alone, in DER.</summary>
    public byte[] Certificates()
    {
        var output = directory.File("certificates.der");
        Check(OpenSsl.Run("crl2pkcs7", "-nocrl", "-certfile", PersonFile, "-outform", "DER", "-out", output));
        return File.ReadAllBytes(output);
    }

    /// <summary>Puts other fields on top of a message.</summary>
    public static byte[] With(string fields, byte[] message) => [.. Encoding.Latin1.GetBytes(fields), .. message];

    /// <inheritdoc/>
    public void Dispose() => directory.Dispose();

    private byte[] Run(string what, IEnumerable<string> options)
    {
        var output = directory.File("output");
        Check(OpenSsl.Run(["cms", what, "-binary", "-crlfeol", "-in", content, "-out", output, .. options]));
        return File.ReadAllBytes(output);
    }

    private static void Check((int ExitCode, string Output, string Errors) result)
    {
        if (result.ExitCode != 0)
            throw new InvalidOperationException(result.Errors);
    }
}
