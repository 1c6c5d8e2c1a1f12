using System.CommandLine;
using System.Runtime.Versioning;
using Postseal.Soak;

[assembly: SupportedOSPlatform("linux")] // it looks into /proc

var seconds = new Option<int>("--seconds") { Description = "How long the load lasts.", DefaultValueFactory = _ => 300 };
var seed = new Option<int>("--seed")
{
    Description = "Makes the same messages, peers and changes again. Default: a new one, which the report tells.",
    DefaultValueFactory = _ => Random.Shared.Next(),
};
var program = new Option<FileInfo>("--program")
{
    Description = "The postseal to run, for example a published one. Default: the one built with this.",
    HelpName = "FILE",
};
program.AcceptExistingOnly();
var soak = new RootCommand(
    """
    Run the daemon under mixed load, among broken peers, while certificates are renewed and settings change; verify every
    message; and hold it to its promises at the end. Exit code 0: it kept all; 1: it did not.
    """) { seconds, seed, program };
soak.SetAction((arguments, cancellationToken) =>
{
    var duration = TimeSpan.FromSeconds(arguments.GetValue(seconds));
    var plan = new SoakPlan(duration, arguments.GetValue(seed), arguments.GetValue(program)?.FullName);
    return new SoakRun(plan, Console.Out).RunAsync(cancellationToken);
});
// Connecting and asking openssl block a thread each; whoever has something to do at a certain time must not wait for them.
ThreadPool.SetMinThreads(64, 64);
// After Ctrl-C there is a daemon to end and a directory to take away.
return await soak.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
