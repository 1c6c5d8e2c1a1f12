using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Sources;

namespace Postseal.Ldap.Connections;

/// <summary>
/// Whose certificates servers may have. There is no way to turn verification off, here or in the files and environment that libldap would
/// read. Revocation is not checked, as it cannot be before anything is connected.
/// </summary>
internal static class ServerTrust
{
    /// <summary>Makes the settings of TLS for one connection, from files read anew.</summary>
    /// <param name="options">The settings of the source.</param>
    /// <param name="host">The server, whose name its certificate must have.</param>
    /// <param name="problems">Takes what is wrong with its certificate.</param>
    /// <exception cref="IOException">The files cannot be read.</exception>
    public static SslClientAuthenticationOptions OptionsFor(LdapOptions options, string host, Action<string> problems)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1", null)); // id-kp-serverAuth
        if (options.CaFile is { } path)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(ReadAuthorities(path));
        }

        return new SslClientAuthenticationOptions
        {
            TargetHost = host,
            CertificateChainPolicy = policy,
            ClientCertificateContext = options is { CertFile: { } certificate, KeyFile: { } key } ? ReadClient(certificate, key) : null,
            RemoteCertificateValidationCallback = (_, _, chain, errors) =>
            {
                if (errors != SslPolicyErrors.None)
                    problems(Describe(host, chain, errors, options.CaFile));
                return errors == SslPolicyErrors.None;
            },
        };
    }

    private static X509Certificate2Collection ReadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            foreach (var file in Directory.Exists(path) ? Directory.GetFiles(path) : [path])
                authorities.ImportFromPemFile(file);
        }
        catch (CryptographicException e)
        {
            throw new IOException($"CaFile {path} has a certificate that cannot be read: {e.Message}", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"CaFile {path} may not be read by this user", e);
        }

        return authorities.Count > 0 ? authorities : throw new IOException($"CaFile {path} has no certificate in PEM");
    }

    private static SslStreamCertificateContext ReadClient(string certificate, string key)
    {
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(certificate);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(certificate, key), chain, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException(
                $"CertFile {certificate} and KeyFile {key} are no certificate and its key in PEM that this user may read: {e.Message}", e);
        }
    }

    private static string Describe(string host, X509Chain? chain, SslPolicyErrors errors, string? caFile)
    {
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return "it showed no certificate";
        var problems = new List<string>();
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            problems.Add($"its certificate is not for {host}");
        var status = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status) ?? X509ChainStatusFlags.NoError;
        if (status.HasFlag(X509ChainStatusFlags.NotTimeValid))
            problems.Add("its certificate, or one of its CA, is expired or not yet valid");
        if ((status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.NotSignatureValid)) != 0)
            problems.Add($"its certificate is by no CA of {(caFile is null ? "the machine (name it in CaFile)" : caFile)}");
        return problems.Count > 0 ? string.Join("; ", problems) : $"its certificate cannot be trusted ({status})";
    }
}
