using System.CommandLine;
using Postseal.Benchmarks.Load;

var root = new RootCommand("How fast Postseal is: its parts, and the whole beside its peers.")
{
    LoadCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
