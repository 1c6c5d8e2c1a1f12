using System.Runtime.InteropServices;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Core;

/// <summary>
/// OpenSSL's own CMS in this process: <c>CMS_encrypt</c> and <c>CMS_decrypt</c> with certificates and keys that are parsed
/// once, as in a program that uses them again and again.
/// </summary>
internal sealed partial class OpenSslCms : IDisposable
{
    private const string Library = "libcrypto.so.3";
    private const uint Binary = 0x80; // CMS_BINARY of <openssl/cms.h>
    private const int Info = 3; // BIO_CTRL_INFO of <openssl/bio.h>

    private readonly List<nint> certificates = [];
    private readonly nint stack = NewStack();
    private readonly nint key;

    public unsafe OpenSslCms(IReadOnlyList<Correspondent> recipients)
    {
        foreach (var recipient in recipients)
        {
            certificates.Add(Parse(recipient.Certificate.RawData, ReadCertificate));
            Push(stack, certificates[^1]);
        }

        key = Parse(recipients[0].Pkcs8, ReadKey);
    }

    /// <summary>Encrypts content to all recipients, and writes the ContentInfo in DER.</summary>
    public void Encrypt(byte[] content, bool isGcm, Stream output)
    {
        var input = NewMemory(content, content.Length);
        var cms = CmsEncrypt(stack, input, isGcm ? Aes256Gcm() : Aes256Cbc(), Binary);
        var encoded = NewBio(Memory());
        if (cms == 0 || WriteCms(encoded, cms) != 1)
            throw new InvalidOperationException("CMS_encrypt failed.");
        Copy(encoded, output);
        FreeCms(cms);
        FreeBio(encoded);
        FreeBio(input);
    }

    /// <summary>Decrypts a ContentInfo with the key of the first recipient.</summary>
    public void Decrypt(byte[] encrypted, Stream output)
    {
        var input = NewMemory(encrypted, encrypted.Length);
        var cms = ReadCms(input, 0);
        var content = NewBio(Memory());
        if (cms == 0 || CmsDecrypt(cms, key, certificates[0], 0, content, Binary) != 1)
            throw new InvalidOperationException("CMS_decrypt failed.");
        Copy(content, output);
        FreeCms(cms);
        FreeBio(content);
        FreeBio(input);
    }

    public void Dispose()
    {
        certificates.ForEach(FreeCertificate);
        FreeStack(stack);
        FreeKey(key);
    }

    private unsafe delegate nint Reader(nint reuse, byte** encoded, nint length);

    private static unsafe nint Parse(byte[] encoded, Reader read)
    {
        fixed (byte* start = encoded)
        {
            var position = start; // is moved behind what was read
            var parsed = read(0, &position, encoded.Length);
            return parsed != 0 ? parsed : throw new InvalidOperationException("OpenSSL reads no such thing.");
        }
    }

    private static unsafe void Copy(nint bio, Stream output)
    {
        var length = Control(bio, Info, 0, out var bytes);
        output.Write(new ReadOnlySpan<byte>((void*)bytes, (int)length));
    }

    [LibraryImport(Library, EntryPoint = "d2i_X509")]
    private static unsafe partial nint ReadCertificate(nint reuse, byte** encoded, nint length);

    [LibraryImport(Library, EntryPoint = "X509_free")]
    private static partial void FreeCertificate(nint certificate);

    [LibraryImport(Library, EntryPoint = "d2i_AutoPrivateKey")]
    private static unsafe partial nint ReadKey(nint reuse, byte** encoded, nint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_free")]
    private static partial void FreeKey(nint key);

    [LibraryImport(Library, EntryPoint = "OPENSSL_sk_new_null")]
    private static partial nint NewStack();

    [LibraryImport(Library, EntryPoint = "OPENSSL_sk_push")]
    private static partial void Push(nint stack, nint item);

    [LibraryImport(Library, EntryPoint = "OPENSSL_sk_free")]
    private static partial void FreeStack(nint stack);

    [LibraryImport(Library, EntryPoint = "BIO_new_mem_buf")]
    private static partial nint NewMemory(byte[] bytes, int length);

    [LibraryImport(Library, EntryPoint = "BIO_s_mem")]
    private static partial nint Memory();

    [LibraryImport(Library, EntryPoint = "BIO_new")]
    private static partial nint NewBio(nint kind);

    [LibraryImport(Library, EntryPoint = "BIO_ctrl")]
    private static partial nint Control(nint bio, int command, nint argument, out nint bytes);

    [LibraryImport(Library, EntryPoint = "BIO_free")]
    private static partial void FreeBio(nint bio);

    [LibraryImport(Library, EntryPoint = "EVP_aes_256_cbc")]
    private static partial nint Aes256Cbc();

    [LibraryImport(Library, EntryPoint = "EVP_aes_256_gcm")]
    private static partial nint Aes256Gcm();

    [LibraryImport(Library, EntryPoint = "CMS_encrypt")]
    private static partial nint CmsEncrypt(nint certificates, nint content, nint cipher, uint flags);

    [LibraryImport(Library, EntryPoint = "CMS_decrypt")]
    private static partial int CmsDecrypt(nint cms, nint key, nint certificate, nint detached, nint output, uint flags);

    [LibraryImport(Library, EntryPoint = "i2d_CMS_bio")]
    private static partial int WriteCms(nint bio, nint cms);

    [LibraryImport(Library, EntryPoint = "d2i_CMS_bio")]
    private static partial nint ReadCms(nint bio, nint reuse);

    [LibraryImport(Library, EntryPoint = "CMS_ContentInfo_free")]
    private static partial void FreeCms(nint cms);
}
