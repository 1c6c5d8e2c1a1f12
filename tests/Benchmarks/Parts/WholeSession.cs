using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Milter;
using Postseal.Benchmarks.Load;
using Postseal.Mail;
using Postseal.Mime;
using Postseal.Program.Milter;

namespace Postseal.Benchmarks.Parts;

/// <summary>The daemon over a connection in memory, from MAIL to the answer; beside the core with the same message.</summary>
public class WholeSession
{
    private TrialSigner? signer;
    private MilterServer? server;
    private MemoryMta? mta;
    private LoadMessage? sent;
    private MailMessage message = MailMessage.Parse(default);

    [Params(4 << 10, 1 << 20)]
    public int BodySize { get; set; }

    [Params("RSA-2048", "P-256")]
    public string Key { get; set; } = "";

    [GlobalSetup]
    public async Task Open()
    {
        signer = new TrialSigner(Key);
        message = MailMessage.Parse(SampleMail.Text(BodySize));
        server = MilterDaemon.CreateServer(new(), () => signer.Options, NullLoggerFactory.Instance, TimeProvider.System);
        (mta, var steps) = await MemoryMta.ConnectAsync(server).ConfigureAwait(false);
        sent = LoadMessage.Of(Letter.Text(SampleMail.Sender, BodySize), steps);
    }

    [GlobalCleanup]
    public async Task Close()
    {
        mta!.Dispose();
        await server!.DisposeAsync().ConfigureAwait(false);
        signer!.Dispose();
    }

    [Benchmark(Baseline = true)]
    public MailMessage Core() => signer!.Sign(message);

    [Benchmark]
    public async Task<long> Session()
    {
        var body = await mta!.SendAsync(sent!).ConfigureAwait(false);
        return body > BodySize ? body : throw new InvalidDataException("The message came back unsigned.");
    }
}
