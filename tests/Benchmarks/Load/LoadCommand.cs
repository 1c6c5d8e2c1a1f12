using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Milter;
using Postseal.Benchmarks.Comparison;
using Postseal.Benchmarks.Judging;

namespace Postseal.Benchmarks.Load;

/// <summary><c>load</c>: makes load on a milter and writes the result as one line of JSON, for <c>report</c>.</summary>
internal sealed class LoadCommand : Command
{
    private readonly Argument<string> endpoint = new("milter") { Description = "Where it listens: unix:PATH or inet:PORT@HOST." };
    private readonly Option<string?> root = new("--root") { Description = "The authority (PEM) that S/MIME signatures lead to." };
    private readonly Option<string?> dkim = new("--dkim") { Description = "OpenDKIM's configuration for verifying DKIM signatures." };
    private readonly Option<string> series = new("--series") { Description = "Who is measured, for the report.", DefaultValueFactory = _ => "" };
    private readonly Option<string> from = new("--from") { Description = "The sender.", DefaultValueFactory = _ => "alice@example.org" };
    private readonly Option<int> connections = new("--connections") { Description = "Connections at once.", DefaultValueFactory = _ => 4 };
    private readonly Option<int> size = new("--size") { Description = "Bytes of each body.", DefaultValueFactory = _ => 4096 };
    private readonly Option<int> headers = new("--headers") { Description = "Header fields besides the eight of the message." };
    private readonly Option<bool> attachment = new("--attachment") { Description = "The body is a text and a base64 attachment." };
    private readonly Option<double> seconds = new("--seconds") { Description = "How long, after a second of warm-up.", DefaultValueFactory = _ => 3 };
    private readonly Option<int?> messages = new("--messages") { Description = "How many messages, instead of a time, and without warm-up." };
    private readonly Option<double?> rate = new("--rate") { Description = "Messages a second in all. Default: each as soon as the last was answered." };
    private readonly Option<int> idle = new("--idle") { Description = "That many more connections negotiate and stay silent." };
    private readonly Option<bool> reconnect = new("--reconnect") { Description = "A new connection for each message." };
    private readonly Option<int> sample = new("--sample") { Description = "One message in so many is verified, after the load.", DefaultValueFactory = _ => 500 };

    public LoadCommand()
        : base("load", "Make load on a milter as an MTA would, and verify a sample of what comes back.")
    {
        Add(endpoint);
        foreach (var option in (Option[])[
            root, dkim, series, from, connections, size, headers, attachment, seconds, messages, rate, idle, reconnect, sample])
        {
            Add(option);
        }

        Validators.Add(result =>
        {
            if (result.GetValue(root) is null == result.GetValue(dkim) is null)
                result.AddError("Say with --root or --dkim who is to verify what comes back.");
        });
        SetAction((arguments, _) => RunAsync(arguments));
    }

    private async Task<int> RunAsync(ParseResult arguments)
    {
        var request = Request(arguments);
        var result = LoadGenerator.Run(request);
        var verification = arguments.GetValue(dkim) is { } configuration
            ? await Verification.OfDkimAsync(result.Samples, configuration)
            : await Verification.OfSmimeAsync(result.Samples, X509CertificateLoader.LoadCertificateFromFile(arguments.GetValue(root)!));
        Console.WriteLine(JsonSerializer.Serialize(new Measurement(
            arguments.GetValue(series)!, request.Endpoint is MilterUnixEndpoint ? "unix" : "tcp", request.Connections,
            arguments.GetValue(size), result.PerSecond, result.P50, result.P99)
        {
            Verified = verification.Verified,
        }));
        return Judge(result, verification);
    }

    private LoadRequest Request(ParseResult arguments)
    {
        Func<string, int, int, Milter.Testing.MtaMessage> letter = arguments.GetValue(attachment) ? Letter.WithAttachment : Letter.Text;
        return new LoadRequest(
            MilterEndpoint.Parse(arguments.GetValue(endpoint)!),
            letter(arguments.GetValue(from)!, arguments.GetValue(size), arguments.GetValue(headers)))
        {
            Connections = arguments.GetValue(connections),
            WarmUp = TimeSpan.FromSeconds(arguments.GetValue(messages) is null ? 1 : 0),
            Duration = TimeSpan.FromSeconds(arguments.GetValue(seconds)),
            Messages = arguments.GetValue(messages),
            Rate = arguments.GetValue(rate),
            Idle = arguments.GetValue(idle),
            Reconnect = arguments.GetValue(reconnect),
            SampleEvery = arguments.GetValue(sample),
        };
    }

    private static int Judge(LoadResult result, Verification verification)
    {
        if (result.Unchanged + result.Refused > 0)
        {
            Console.Error.WriteLine($"{result.Unchanged} messages came back unchanged and {result.Refused} were refused, of {result.Messages}");
            return 1;
        }

        if (verification.Fault is not null)
        {
            Console.Error.WriteLine($"Of {result.Samples.Count} samples the first {verification.Verified} are good, and then: {verification.Fault}");
            return 1;
        }

        return 0;
    }
}
