using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;

namespace Postseal.Program.Store;

/// <summary>The roots in the directory and those of this machine, to tell whether a chain reaches one.</summary>
internal sealed class KnownRoots : IDisposable
{
    private readonly X509Store machine = new(StoreName.Root, StoreLocation.LocalMachine);
    private readonly HashSet<string> subjects;

    public KnownRoots(CertificateStore store)
    {
        machine.Open(OpenFlags.ReadOnly);
        subjects = [.. store.Authorities().Concat(machine.Certificates).Where(IsSelfIssued).Select(root => Name(root.SubjectName))];
    }

    /// <summary>What should be put into the directory for a signature's chain to be complete; <see langword="null"/>
    /// when nothing.</summary>
    public string? WhatIsMissing(SigningIdentity identity)
    {
        var last = identity.Intermediates.Count > 0 ? identity.Intermediates[^1] : identity.Certificate;
        return IsSelfIssued(last) || subjects.Contains(Name(last.IssuerName))
            ? null
            : $"the chain ends at {last.Subject}, and {last.Issuer}, which issued that, is neither in the directory nor among "
                + "the roots of this machine; if it is an intermediate, readers will not trust the signature: "
                + "postseal certs import its certificate";
    }

    public void Dispose() => machine.Dispose();

    private static bool IsSelfIssued(X509Certificate2 certificate) => Name(certificate.SubjectName) == Name(certificate.IssuerName);

    private static string Name(X500DistinguishedName name) => Convert.ToHexString(name.RawData);
}
