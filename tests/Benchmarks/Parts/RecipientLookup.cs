using System.Security.Cryptography.X509Certificates;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Parts;

/// <summary>A correspondent's certificate: in the directory, beside the same in a source outside of files that was asked before.</summary>
public class RecipientLookup
{
    private const int Addresses = 10_000;

    private readonly MailAddress[] inDirectory = [.. Enumerable.Range(0, Addresses).Select(i => TestMail.Address($"file{i}@example.net"))];
    private readonly MailAddress[] inSource = [.. Enumerable.Range(0, Addresses).Select(i => TestMail.Address($"entry{i}@example.net"))];
    private readonly CertificateFolder folder = new();
    private readonly RecipientCertificates recipients;
    private int next;

    public RecipientLookup()
    {
        recipients = new RecipientCertificates(
            folder.Open(), new CachedSource(
                new Everybody(folder), new SourceLimits(TimeSpan.FromSeconds(3), TimeSpan.FromHours(12), TimeSpan.FromMinutes(15)), TimeProvider.System, NullLogger.Instance));
    }

    [GlobalSetup]
    public async Task FillAsync()
    {
        foreach (var address in inDirectory)
            folder.Write($"{address}.crt", folder.Ca.Issue(new(address.ToString())).CertificatePem);
        foreach (var address in inDirectory.Concat(inSource))
        {
            if (await recipients.FindRecipientAsync(address) is not Lookup<MailCertificate>.Found)
                throw new InvalidOperationException($"{address} is not found.");
        }
    }

    [GlobalCleanup]
    public void Close() => folder.Dispose();

    [Benchmark(Baseline = true)]
    public ValueTask<Lookup<MailCertificate>> InTheDirectory() => recipients.FindRecipientAsync(inDirectory[next++ % Addresses]);

    [Benchmark]
    public ValueTask<Lookup<MailCertificate>> AskedBefore() => recipients.FindRecipientAsync(inSource[next++ % Addresses]);

    /// <summary>Issues a certificate to whoever is asked for.</summary>
    private sealed class Everybody(CertificateFolder folder) : ICertificateSource
    {
        public string Name => "everybody";

        public ValueTask<FoundCertificates> FindAsync(MailAddress address, CancellationToken cancellationToken = default)
        {
            var issued = X509Certificate2.CreateFromPem(folder.Ca.Issue(new(address.ToString())).CertificatePem);
            return ValueTask.FromResult(new FoundCertificates([MailCertificate.OfCorrespondent(issued, Name)]));
        }

        public ValueTask<SourceReport> ProbeAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
