using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Milter;
using Milter.Testing;

namespace Postseal.Benchmarks.Load;

/// <summary><c>load</c>: makes load on a milter and writes the result as one line of JSON, for <c>report</c>.</summary>
internal sealed class LoadCommand : Command
{
    private const string Stranger = "mail.example.com";

    private readonly Argument<string> endpoint = new("milter") { Description = "Where it listens: unix:PATH, or inet:PORT on loopback." };
    private readonly Option<string?> root = new("--root") { Description = "The CA (PEM) that S/MIME signatures lead to." };
    private readonly Option<string?> dkim = new("--dkim") { Description = "OpenDKIM's configuration for verifying DKIM signatures." };
    private readonly Option<string?> incoming = new("--incoming")
    {
        Description = "Mail from outside, and what has to come of it: smime or dkim (that method says pass, and nothing else is changed), "
            + "unsigned (nothing, and its body is not asked for) or pass-through (nothing).",
    };

    private readonly Option<string?> signedBy = new("--signed-by") { Description = "The milter that signs the incoming message beforehand." };
    private readonly Option<string> series = new("--series") { Description = "Who is measured, for the report.", DefaultValueFactory = _ => "" };
    private readonly Option<string?> way = new("--way") { Description = "Under which condition, for the report. Default: unix or tcp." };
    private readonly Option<string[]> from = new("--from")
    {
        Description = "The sender, or several that take turns.",
        DefaultValueFactory = _ => ["alice@example.org"],
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<int> connections = new("--connections") { Description = "Connections at once.", DefaultValueFactory = _ => 4 };
    private readonly Option<int> size = new("--size") { Description = "Bytes of each body.", DefaultValueFactory = _ => 4096 };
    private readonly Option<int> headers = new("--headers") { Description = "Header fields besides the eight of the message." };
    private readonly Option<bool> attachment = new("--attachment") { Description = "The body is a text and a base64 attachment." };
    private readonly Option<double> seconds = new("--seconds") { Description = "How long, after a second of warm-up.", DefaultValueFactory = _ => 3 };
    private readonly Option<int?> messages = new("--messages") { Description = "How many messages, instead of a time, and without warm-up." };
    private readonly Option<int> idle = new("--idle") { Description = "That many more connections negotiate and stay silent." };
    private readonly Option<int?> pid = new("--pid") { Description = "The milter's process, for its processor time; with --connections 1 and --messages." };

    public LoadCommand()
        : base("load", "Make load on a milter as an MTA would, and verify a sample of what comes back.")
    {
        Add(endpoint);
        foreach (var option in (Option[])[root, dkim, incoming, signedBy, series, way, from, connections, size, headers, attachment, seconds, messages, idle, pid])
            Add(option);
        incoming.AcceptOnlyFromAmong("smime", "dkim", "unsigned", "pass-through");
        Validators.Add(result =>
        {
            string?[] judges = [result.GetValue(root), result.GetValue(dkim), result.GetValue(incoming)];
            if (judges.Count(judge => judge is not null) != 1)
                result.AddError("Say with --root or --dkim who is to verify what comes back, or with --incoming what has to.");
            if (result.GetValue(incoming) is "smime" or "dkim" != result.GetValue(signedBy) is not null)
                result.AddError("--incoming smime and dkim need --signed-by, and nothing else does.");
        });
        SetAction((arguments, _) => RunAsync(arguments));
    }

    private async Task<int> RunAsync(ParseResult arguments)
    {
        using var process = arguments.GetValue(pid) is { } number ? Process.GetProcessById(number) : null;
        try
        {
            var request = await RequestAsync(arguments) with { Process = process };
            var result = LoadGenerator.Run(request);
            await VerifyAsync(result.Samples, arguments);
            new Measurement(
                arguments.GetValue(series)!, arguments.GetValue(way) ?? (request.Endpoint is MilterUnixEndpoint ? "unix" : "tcp"),
                request.Connections, arguments.GetValue(size), result.PerSecond)
            {
                P50 = result.P50,
                P99 = result.P99,
                Cpu = result.Cpu.DefaultIfEmpty().Average(),
                CpuFirst = result.Cpu is [var first, ..] ? first : 0,
                CpuLast = result.Cpu is [.., var last] ? last : 0,
                Verified = result.Samples.Count,
            }.WriteTo(Console.Out);
            return 0;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    private async Task<LoadRequest> RequestAsync(ParseResult arguments)
    {
        Func<string, int, int, MtaMessage> letter = arguments.GetValue(attachment) ? Letter.WithAttachment : Letter.Text;
        IEnumerable<MtaMessage> letters = arguments.GetValue(from)!.Select(sender => letter(sender, arguments.GetValue(size), arguments.GetValue(headers)));
        if (arguments.GetValue(incoming) is not null)
            letters = await FromOutsideAsync([.. letters], arguments.GetValue(signedBy));
        return new LoadRequest(MilterEndpoint.Parse(arguments.GetValue(endpoint)!), [.. letters])
        {
            Expected = arguments.GetValue(incoming) switch
            {
                null => ExpectedAnswer.Signed(),
                "unsigned" => ExpectedAnswer.Untouched(mayAskForTheBody: false),
                "pass-through" => ExpectedAnswer.Untouched(mayAskForTheBody: true),
                var method => ExpectedAnswer.Verified($"{method}=pass"),
            },
            Connections = arguments.GetValue(connections),
            WarmUp = TimeSpan.FromSeconds(arguments.GetValue(messages) is null ? 1 : 0),
            Duration = TimeSpan.FromSeconds(arguments.GetValue(seconds)),
            Messages = arguments.GetValue(messages),
            Idle = arguments.GetValue(idle),
        };
    }

    /// <summary>Has messages signed where they are sent, and makes an MTA elsewhere hand them in.</summary>
    private static async Task<IReadOnlyList<MtaMessage>> FromOutsideAsync(IReadOnlyList<MtaMessage> letters, string? signer)
    {
        var incoming = new List<MtaMessage>();
        foreach (var letter in letters)
        {
            var received = letter;
            if (signer is not null)
            {
                await using var mta = await MtaDouble.ConnectAsync(MilterEndpoint.Parse(signer), MtaKind.Postfix);
                var signed = await mta.SendAsync(letter);
                received = letter with { Headers = signed.Headers, Body = signed.Body };
            }

            incoming.Add(received with { ClientName = Stranger, Helo = Stranger, ClientAddress = IPAddress.Parse("203.0.113.9") });
        }

        return incoming;
    }

    private async Task VerifyAsync(IReadOnlyList<LoadSample> samples, ParseResult arguments)
    {
        if (arguments.GetValue(incoming) is not null)
        {
            await Verification.VerifyUnchangedAsync(samples);
            return;
        }

        if (arguments.GetValue(dkim) is { } configuration)
        {
            await Verification.VerifyDkimAsync(samples, configuration);
            return;
        }

        using var trusted = X509CertificateLoader.LoadCertificateFromFile(arguments.GetValue(root)!);
        await Verification.VerifySmimeAsync(samples, trusted);
    }
}
