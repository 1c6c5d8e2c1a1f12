using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;

namespace Postseal.Program.Store;

/// <summary>The roots in the directory and those of this machine, to tell whether a chain reaches one.</summary>
internal sealed class KnownRoots : IDisposable
{
    private readonly X509Store machine = new(StoreName.Root, StoreLocation.LocalMachine);
    private readonly List<X509Certificate2> candidates;
    private readonly TimeProvider time;

    public KnownRoots(CertificateStore store)
    {
        machine.Open(OpenFlags.ReadOnly);
        candidates = [.. store.Issuers(), .. machine.Certificates];
        time = store.Time;
    }

    /// <summary>Says what should be put into the directory for a signature's chain to be complete and valid now; <see
    /// langword="null"/> when nothing.</summary>
    public string? WhatIsMissing(Identity identity) =>
        // The way to its end was verified when the identity was made; what is left is the root.
        WhatIsMissing(identity.Intermediates.Count > 0 ? identity.Intermediates[^1] : identity.Certificate);

    /// <summary>Describes the chain of a certificate as it verifies now.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="beside">The other certificates in its file.</param>
    public string Describe(X509Certificate2 certificate, IEnumerable<X509Certificate2> beside)
    {
        var chain = CertificateChain.Of(certificate, [.. beside, .. candidates], time.GetUtcNow());
        X509Certificate2[] above = chain.Root is { } root && !root.Equals(certificate) ? [.. chain.Intermediates, root] : [.. chain.Intermediates];
        var names = string.Join(" < ", above.Select(issuer => issuer.Subject));
        return chain.Root is null ? $"{names}{(names.Length > 0 ? "; " : "")}{WhatIsMissing(above.LastOrDefault(certificate))}"
            : names.Length == 0 ? "it is its own issuer"
            : names;
    }

    private string? WhatIsMissing(X509Certificate2 last)
    {
        var rest = CertificateChain.Of(last, candidates, time.GetUtcNow());
        if (rest.Root is not null)
            return null;
        return rest.Fault is { } fault
            ? $"the chain ends at {last.Subject}: {fault}"
            : $"the chain ends at {last.Subject}, and {last.Issuer}, which issued that, is neither in the directory nor among "
                + "the roots of this machine; if it is an intermediate, readers will not trust the signature: "
                + "postseal certs import its certificate";
    }

    public void Dispose() => machine.Dispose();
}
