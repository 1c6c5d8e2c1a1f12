using System.CommandLine;
using System.Text.Json;
using Milter;

namespace Postseal.Benchmarks.Load;

/// <summary><c>load</c>: makes load on a milter and writes the result as one line of JSON.</summary>
internal static class LoadCommand
{
    public static Command Create()
    {
        var endpoint = new Argument<string>("milter") { Description = "Where it listens: unix:PATH or inet:PORT@HOST." };
        var from = new Option<string>("--from") { Description = "The sender.", DefaultValueFactory = _ => "alice@example.org" };
        var connections = new Option<int>("--connections") { DefaultValueFactory = _ => 4 };
        var size = new Option<int>("--size") { Description = "Bytes of each body.", DefaultValueFactory = _ => 4096 };
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 5 };
        var command = new Command("load", "Make load on a milter as an MTA would.") { endpoint, from, connections, size, seconds };
        command.SetAction(arguments =>
        {
            var result = LoadGenerator.Run(new LoadRequest(
                MilterEndpoint.Parse(arguments.GetValue(endpoint)!), arguments.GetValue(from)!, arguments.GetValue(connections),
                arguments.GetValue(size), TimeSpan.FromSeconds(arguments.GetValue(seconds)), TimeSpan.FromSeconds(2)));
            Console.WriteLine(JsonSerializer.Serialize(result));
        });
        return command;
    }
}
