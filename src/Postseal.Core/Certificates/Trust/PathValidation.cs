using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Trust;

/// <summary>
/// Validates one path by RFC 5280 section 6 as the platform does it: signatures, dates, name chaining, basicConstraints and path
/// lengths, keyCertSign, name constraints, critical extensions. It is given that path and nothing else, so that no other
/// certificate can lead it astray; nothing is fetched, and revocation is not looked at.
/// </summary>
internal static class PathValidation
{
    /// <summary>The most paths that are validated for one certificate.</summary>
    public const int MaxPaths = 16;

    private static readonly EqualityComparer<X509Certificate2> SameBytes =
        EqualityComparer<X509Certificate2>.Create((one, other) => CertificateMatch.Same(one!, other!));

    /// <summary>Validates a path.</summary>
    /// <param name="path">The certificate, its issuers, and the anchor at the end.</param>
    /// <param name="now">When it has to be valid.</param>
    /// <returns><see langword="null"/> when it is valid, else the reason as a clause.</returns>
    public static string? Check(IReadOnlyList<X509Certificate2> path, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(path[^1]);
        chain.ChainPolicy.ExtraStore.AddRange(path.Skip(1).SkipLast(1).ToArray());
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        try
        {
            if (!chain.Build(path[0]))
                return Reason(chain);
            // It also looks into the store of the user it runs as, which is nobody's decision here.
            return chain.ChainElements.Select(element => element.Certificate).SequenceEqual(path, SameBytes)
                ? AddressConstraints.Check(path)
                : "the platform takes another way than was found";
        }
        catch (CryptographicException e)
        {
            return e.Message.TrimEnd('.');
        }
        finally
        {
            foreach (var element in chain.ChainElements)
                element.Certificate.Dispose();
        }
    }

    private static string Reason(X509Chain chain) => chain.ChainElements
        .SelectMany(element => element.ChainElementStatus.Select(status => (element.Certificate, Text: status.StatusInformation.Trim().TrimEnd('.'))))
        .Where(found => found.Text.Length > 0)
        .Select(found => $"{found.Text}: {DistinguishedNames.ForPeople(found.Certificate.SubjectName)}")
        .FirstOrDefault() ?? "its chain is not valid";
}
