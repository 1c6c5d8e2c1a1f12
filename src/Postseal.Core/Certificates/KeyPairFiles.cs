namespace Postseal.Certificates;

/// <summary>One way of naming the files of an address: where its certificate is, and where its key.</summary>
/// <param name="CertificateFile">The file with the certificate, and the chain if it has one.</param>
/// <param name="KeyFile">The file with the key; the same one when both lie together.</param>
internal sealed record KeyPairFiles(string CertificateFile, string KeyFile)
{
    /// <summary>
    /// The conventions, in the order they are tried; the first whose certificate file exists is the sender's. Mautic
    /// keeps <c>ADDRESS.crt</c> and <c>ADDRESS.pem</c>, Tattler one PEM with key, certificate and chain.
    /// </summary>
    public static KeyPairFiles? For(string address, DirectoryIndex index)
    {
        var pem = index.Find(address + ".pem");
        if (index.Find(address + ".crt") is { } certificate)
            return new KeyPairFiles(certificate, pem ?? Path.ChangeExtension(certificate, ".pem"));
        return pem is null ? null : new KeyPairFiles(pem, pem);
    }

    /// <summary>The addresses that files in the directory are named after.</summary>
    public static IEnumerable<string> Addresses(DirectoryIndex index) =>
        index.Names
            .Where(name => Path.GetExtension(name).ToLowerInvariant() is ".crt" or ".pem")
            .Select(name => Path.GetFileNameWithoutExtension(name).ToLowerInvariant())
            .Distinct()
            .Order(StringComparer.Ordinal);

    /// <summary>The file names, for people.</summary>
    public override string ToString() =>
        CertificateFile == KeyFile ? CertificateFile : $"{CertificateFile} + {Path.GetFileName(KeyFile)}";
}
