using System.CommandLine;
using Postseal.Benchmarks.Comparison;
using Postseal.Benchmarks.Core;
using Postseal.Benchmarks.Costs;
using Postseal.Benchmarks.Load;
using Postseal.Benchmarks.Parts;
using Postseal.Benchmarks.Setup;

var root = new RootCommand("How fast Postseal is: its parts, and the whole beside its peers.")
{
    new LoadCommand(),
    CostsCommand.Create(),
    SetupCommand.Create(),
    ReportCommand.Create(),
    PartsCommand.Create(),
    CoreCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
