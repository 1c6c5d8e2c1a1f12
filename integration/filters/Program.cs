using Microsoft.Extensions.Logging;
using Milter;
using Milter.Integration;
using Milter.Testing;

// What integration/harness/filters.py runs: two filters, and the double's prediction of what an MTA makes of them.
switch (args)
{
    case ["whole-message", var socket]:
        await RunAsync(socket, (options, log) => new MilterServer(options, new WholeMessage(), log));
        return 0;
    case ["stage-by-stage", var socket]:
        await RunAsync(socket, (options, log) => new MilterServer(options, () => new StageByStage(), log));
        return 0;
    case ["predict", var mta, var socket, var sender, .. var recipients]:
        await Prediction.PrintAsync(
            Enum.Parse<MtaKind>(mta, ignoreCase: true), MilterEndpoint.Parse(socket), sender, recipients);
        return 0;
    default:
        Console.Error.WriteLine(
            "milter-filters whole-message|stage-by-stage SOCKET\n"
            + "milter-filters predict postfix|sendmail SOCKET SENDER RECIPIENT... < MESSAGES");
        return 2;
}

static async Task RunAsync(string socket, Func<MilterServerOptions, ILogger, MilterServer> make)
{
    var options = new MilterServerOptions
    {
        Endpoints = { MilterEndpoint.Parse(socket) },
        ProgressInterval = TimeSpan.FromMilliseconds(200),
    };
    using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole(console => console.SingleLine = true));
    await using var server = make(options, loggers.CreateLogger("milter-filters"));
    await server.RunAsync();
}
