using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Milter;
using Postseal.Benchmarks.Load;
using Postseal.Mail;
using Postseal.Program.Milter;

namespace Postseal.Benchmarks.Parts;

/// <summary>The daemon over its Unix socket, from MAIL to the answer; beside the core with the same message.</summary>
public class WholeSession
{
    private static readonly ExpectedAnswer Expected = ExpectedAnswer.Signed();

    private TrialSigner? signer;
    private MilterServer? server;
    private LoadConnection? mta;
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
        var socket = MilterEndpoint.Parse($"unix:{signer.Folder.File("socket")}");
        server = MilterDaemon.CreateServer(new() { Endpoints = { socket } }, () => signer.Options, NullLoggerFactory.Instance, TimeProvider.System);
        await server.StartAsync().ConfigureAwait(false);
        mta = LoadConnection.Open(server.Endpoints[0]);
        var letter = Letter.Text(SampleMail.Sender, BodySize);
        mta.Greet(letter);
        sent = LoadMessage.Of(letter, mta.Steps);
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
    public void Session()
    {
        if (!mta!.Send(sent!, Expected))
            throw new InvalidDataException("The message came back unsigned.");
    }
}
