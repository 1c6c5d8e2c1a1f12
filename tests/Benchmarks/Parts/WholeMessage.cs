using System.Buffers;
using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Postseal.Mail;

namespace Postseal.Benchmarks.Parts;

/// <summary>The core, from a message to the signed message; beside digest and signature alone.</summary>
public class WholeMessage
{
    private readonly ArrayBufferWriter<byte> output = new();
    private byte[] raw = [];
    private MailMessage message = MailMessage.Parse(default);
    private TrialSigner? signer;

    [Params(4 << 10, 1 << 20)]
    public int BodySize { get; set; }

    [Params("RSA-2048", "P-256")]
    public string Key { get; set; } = "";

    [GlobalSetup]
    public void Open()
    {
        signer = new TrialSigner(Key);
        raw = SampleMail.Text(BodySize);
        message = MailMessage.Parse(raw);
    }

    [GlobalCleanup]
    public void Close() => signer!.Dispose();

    [Benchmark(Baseline = true)]
    public byte[] HashAndSign() => signer!.SignHash(SHA256.HashData(message.Body.FirstSpan));

    [Benchmark]
    public MailMessage Process() => signer!.Sign(message);

    [Benchmark]
    public void ReadProcessWrite()
    {
        output.ResetWrittenCount();
        signer!.Sign(MailMessage.Parse(raw)).WriteTo(output);
    }
}
