using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Benchmarks.Core;

/// <summary>OpenSSL's own <c>SMIME_read_CMS</c> and <c>CMS_verify</c> in this process, with a store of trusted certificates that is read once:
/// signature, chain and purpose.</summary>
internal sealed partial class OpenSslVerifier : IDisposable
{
    private const string Library = "libcrypto.so.3";

    private readonly nint store = NewStore();

    public unsafe OpenSslVerifier(X509Certificate2 root)
    {
        var encoded = root.RawData;
        fixed (byte* start = encoded)
        {
            var position = start;
            var certificate = ReadCertificate(0, &position, encoded.Length);
            if (AddCertificate(store, certificate) != 1)
                throw new InvalidOperationException("OpenSSL does not take the root.");
            FreeCertificate(certificate);
        }
    }

    /// <summary>Verifies a signed message.</summary>
    public bool Verify(byte[] message)
    {
        var input = NewMemory(message, message.Length);
        var cms = ReadMessage(input, out var content);
        var isGood = cms != 0 && Verify(cms, 0, store, content, 0, 0) == 1;
        FreeCms(cms);
        FreeBio(content);
        FreeBio(input);
        return isGood;
    }

    public void Dispose() => FreeStore(store);

    [LibraryImport(Library, EntryPoint = "d2i_X509")]
    private static unsafe partial nint ReadCertificate(nint reuse, byte** encoded, nint length);

    [LibraryImport(Library, EntryPoint = "X509_free")]
    private static partial void FreeCertificate(nint certificate);

    [LibraryImport(Library, EntryPoint = "X509_STORE_new")]
    private static partial nint NewStore();

    [LibraryImport(Library, EntryPoint = "X509_STORE_add_cert")]
    private static partial int AddCertificate(nint store, nint certificate);

    [LibraryImport(Library, EntryPoint = "X509_STORE_free")]
    private static partial void FreeStore(nint store);

    [LibraryImport(Library, EntryPoint = "BIO_new_mem_buf")]
    private static partial nint NewMemory(byte[] bytes, int length);

    [LibraryImport(Library, EntryPoint = "BIO_free")]
    private static partial void FreeBio(nint bio);

    [LibraryImport(Library, EntryPoint = "SMIME_read_CMS")]
    private static partial nint ReadMessage(nint message, out nint content);

    [LibraryImport(Library, EntryPoint = "CMS_verify")]
    private static partial int Verify(nint cms, nint certificates, nint store, nint content, nint output, uint flags);

    [LibraryImport(Library, EntryPoint = "CMS_ContentInfo_free")]
    private static partial void FreeCms(nint cms);
}
