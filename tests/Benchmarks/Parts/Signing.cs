using System.Buffers;
using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Postseal.Cms.Signed;

namespace Postseal.Benchmarks.Parts;

/// <summary>CMS SignedData over 4 KiB with one intermediate in it; beside the platform's signature alone.</summary>
public class Signing
{
    private readonly ReadOnlySequence<byte> content = new(SampleMail.Text(4 << 10));
    private readonly byte[] hash = SHA256.HashData(SampleMail.Text(4 << 10));
    private TrialSigner? signer;

    [Params("RSA-2048", "P-256")]
    public string Key { get; set; } = "";

    [GlobalSetup]
    public void Open() => signer = new TrialSigner(Key);

    [GlobalCleanup]
    public void Close() => signer!.Dispose();

    [Benchmark(Baseline = true)]
    public byte[] BareSignature() => signer!.SignHash(hash);

    [Benchmark]
    public ReadOnlySequence<byte> Sign() =>
        SignedData.SignAsync(content, signer!.Identity.Signer, signer.Scheme, TimeProvider.System.GetUtcNow())
            .AsTask().Result.EncodeDetached();
}
