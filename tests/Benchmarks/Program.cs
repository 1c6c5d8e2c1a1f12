using System.CommandLine;
using Postseal.Benchmarks.Core;
using Postseal.Benchmarks.Load;
using Postseal.Benchmarks.Parts;

var root = new RootCommand("How fast Postseal is: its parts, and the whole beside its peers.")
{
    new LoadCommand(), PartsCommand.Create(), CoreCommand.Create(), EncryptCommand.Create(), DecryptCommand.Create(), VerifyCommand.Create(),
    TokenCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
