using System.CommandLine;

namespace Postseal.Benchmarks.Setup;

/// <summary><c>setup</c>: makes what Postseal and OpenDKIM need to be measured.</summary>
internal static class SetupCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("directory") { Description = "An empty directory." };
        var postseal = new Option<int>("--postseal-port") { Description = "Postseal's TCP port on loopback.", Required = true };
        var opendkim = new Option<int>("--opendkim-port") { Description = "OpenDKIM's TCP port on loopback.", Required = true };
        var command = new Command("setup", "Make certificates, keys and configurations for Postseal and OpenDKIM.") { directory, postseal, opendkim };
        command.SetAction(arguments =>
        {
            var path = Path.GetFullPath(arguments.GetValue(directory)!);
            PostsealSetup.Create(path, $"inet:{arguments.GetValue(postseal)}@127.0.0.1");
            OpenDkimSetup.Create(path, arguments.GetValue(opendkim));
        });
        return command;
    }
}
