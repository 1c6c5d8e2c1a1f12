using BenchmarkDotNet.Attributes;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Parts;

/// <summary>The signer of an address, found in a directory of that many; beside one look at the time stamp of its file.</summary>
public class CertificateLookup
{
    private CertificateFolder? folder;
    private CertificateDirectory? directory;
    private string file = "";

    [Params(1, 10_000)]
    public int Addresses { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        folder = new CertificateFolder();
        var issued = folder.Add(SampleMail.Sender);
        // Only the one that is looked for is ever opened: the others need a name alone.
        for (var i = 1; i < Addresses; i++)
            folder.Write($"user{i}@example.org.pem", issued.KeyPem + issued.CertificatePem);
        file = folder.File(SampleMail.Sender + ".pem");
        directory = folder.Open();
        if (directory.FindSigner(TrialSigner.Address) is not Lookup<Identity>.Found)
            throw new InvalidOperationException("The signer is not found.");
    }

    [GlobalCleanup]
    public void Close() => folder!.Dispose();

    [Benchmark(Baseline = true)]
    public DateTime TimeStamp() => File.GetLastWriteTimeUtc(file);

    [Benchmark]
    public Lookup<Identity> FindSigner() => directory!.FindSigner(TrialSigner.Address);
}
