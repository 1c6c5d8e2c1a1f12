using System.CommandLine;
using System.Text.Json;
using Milter;
using Postseal.Benchmarks.Comparison;

namespace Postseal.Benchmarks.Load;

/// <summary><c>load</c>: makes load on a milter and writes the result as one line of JSON, for <c>report</c>.</summary>
internal static class LoadCommand
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var endpoint = new Argument<string>("milter") { Description = "Where it listens: unix:PATH or inet:PORT@HOST." };
        var series = new Option<string>("--series") { Description = "Who is measured, for the report.", DefaultValueFactory = _ => "" };
        var from = new Option<string>("--from") { Description = "The sender.", DefaultValueFactory = _ => "alice@example.org" };
        var connections = new Option<int>("--connections") { DefaultValueFactory = _ => 4 };
        var size = new Option<int>("--size") { Description = "Bytes of each body.", DefaultValueFactory = _ => 4096 };
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 3 };
        var command = new Command("load", "Make load on a milter as an MTA would, each connection as fast as it is answered.")
        {
            endpoint, series, from, connections, size, seconds,
        };
        command.SetAction(arguments =>
        {
            var request = new LoadRequest(
                MilterEndpoint.Parse(arguments.GetValue(endpoint)!), arguments.GetValue(from)!, arguments.GetValue(connections),
                arguments.GetValue(size), TimeSpan.FromSeconds(arguments.GetValue(seconds)), WarmUp);
            var result = LoadGenerator.Run(request);
            var measured = new Measurement(
                arguments.GetValue(series)!, request.Endpoint is MilterUnixEndpoint ? "unix" : "tcp", request.Connections,
                request.BodySize, result.PerSecond, result.P50, result.P99);
            Console.WriteLine(JsonSerializer.Serialize(measured));

            // Speed on wrong output is no speed: a signer under test must have signed every single message.
            if (result.Unchanged + result.Refused == 0)
                return 0;
            Console.Error.WriteLine($"{result.Unchanged} messages came back unchanged and {result.Refused} were refused, of {result.Messages}");
            return 1;
        });
        return command;
    }
}
