namespace Postseal.Certificates;

/// <summary>A certificate or key file that cannot be used. The message names the file and says what to do.</summary>
/// <param name="path">The file.</param>
/// <param name="kind">What is wrong with it, for programs.</param>
/// <param name="problem">What is wrong with it, as the end of a sentence that begins with the file.</param>
/// <param name="inner">What the platform said.</param>
internal sealed class CertificateFileException(
    string path, CertificateFileProblem kind, string problem, Exception? inner = null)
    : Exception($"{path} {problem}", inner)
{
    /// <summary>Gets what is wrong with it.</summary>
    public CertificateFileProblem Kind { get; } = kind;

    /// <summary>Gets the same, as it keeps a certificate from being used.</summary>
    internal Rejection Rejection => new(
        Kind switch
        {
            CertificateFileProblem.PassphraseNeeded or CertificateFileProblem.WrongPassphrase => RejectionKind.KeyLocked,
            // What cannot be read is not absent, and may be the certificate to encrypt to.
            CertificateFileProblem.Unreadable => RejectionKind.LookupFailed,
            CertificateFileProblem.Incomplete => RejectionKind.NoPrivateKey,
            _ => RejectionKind.Damaged,
        },
        Message);
}

/// <summary>The kinds of things that are wrong with certificate and key files.</summary>
internal enum CertificateFileProblem
{
    /// <summary>The file is not there or must not be read.</summary>
    Unreadable,

    /// <summary>It is larger than any key file, or holds more certificates or keys, or asks for more work to open.</summary>
    TooLarge,

    /// <summary>It is something else than certificates and keys.</summary>
    NotACertificate,

    /// <summary>It is the right thing, cut off or damaged.</summary>
    Damaged,

    /// <summary>It is encrypted and there is no passphrase or secret.</summary>
    PassphraseNeeded,

    /// <summary>It is encrypted and the passphrase or secret does not open it.</summary>
    WrongPassphrase,

    /// <summary>It holds a key of a kind, or encrypted in a way, that cannot be used for mail.</summary>
    Unsupported,

    /// <summary>It has a certificate without its key, or a key without its certificate.</summary>
    Incomplete,
}
