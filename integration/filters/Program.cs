using Milter;
using Milter.Integration;
using Milter.Testing;

// What integration/harness/filters.py runs: two filters, and the double's prediction of what an MTA makes of them.
switch (args)
{
    case ["whole-message", var socket]:
        await RunAsync(socket, options => new MilterServer(options, new WholeMessage(), new ConsoleLog()));
        return 0;
    case ["stage-by-stage", var socket]:
        await RunAsync(socket, options => new MilterServer(options, () => new StageByStage(), new ConsoleLog()));
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

static async Task RunAsync(string socket, Func<MilterServerOptions, MilterServer> make)
{
    var options = new MilterServerOptions
    {
        Endpoints = { MilterEndpoint.Parse(socket) },
        ProgressInterval = TimeSpan.FromMilliseconds(200),
    };
    await using var server = make(options);
    await server.RunAsync();
}
