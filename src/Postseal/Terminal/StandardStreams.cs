using System.CommandLine;

namespace Postseal.Program.Terminal;

/// <summary>Carries standard input, output and error to a command, as text and as bytes; a test gives it others.</summary>
internal sealed class StandardStreams : InvocationConfiguration
{
    public Stream InputBytes { get => field ??= Console.OpenStandardInput(); init; }

    public Stream OutputBytes { get => field ??= Console.OpenStandardOutput(); init; }

    public Stream ErrorBytes { get => field ??= Console.OpenStandardError(); init; }
}
