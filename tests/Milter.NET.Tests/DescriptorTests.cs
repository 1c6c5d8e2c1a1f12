using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>The sample as a process of its own, with too few file descriptors.</summary>
[SupportedOSPlatform("linux")]
public sealed class DescriptorTests : IDisposable
{
    // A server that has none left gives itself a minute.
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(3);

    private readonly string folder = Directory.CreateTempSubdirectory("milter").FullName;

    private string SocketPath => Path.Combine(folder, "m.sock");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>The runtime itself needs some sixty (and raises its limit as far as it may); how far it comes with fewer is
    /// chance.</summary>
    [Theory]
    [InlineData(24)]
    [InlineData(40)]
    [InlineData(48)]
    [InlineData(56)]
    [InlineData(57)]
    [InlineData(58)]
    [InlineData(59)]
    [InlineData(60)]
    [InlineData(61)]
    [InlineData(62)]
    [InlineData(64)]
    [InlineData(66)]
    public async Task A_program_that_starts_with_too_few_serves_or_ends_and_does_not_live_on_without_work(int limit)
    {
        using var program = Start($"ulimit -n {limit}; exec \"$0\" \"$1\"");
        try
        {
            await UntilAsync(() => program.HasExited || File.Exists(SocketPath));
            // Whoever is not accepted waits in the backlog until it is, or until there is no server any more.
            while (!await IsServedAsync() && !program.HasExited)
                await Task.Delay(10, TestServer.Cancel);
            if (program.HasExited)
                Assert.NotEqual(0, program.ExitCode);
        }
        finally
        {
            program.Kill();
        }
    }

    [Fact]
    public async Task A_program_that_runs_out_of_them_serves_who_waited_when_there_are_some_again_or_ends()
    {
        using var program = Start("exec \"$0\" \"$1\"");
        try
        {
            await UntilAsync(() => File.Exists(SocketPath));
            // A new thread takes a descriptor too; after these it has those it needs.
            Assert.DoesNotContain(false, await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => IsServedAsync())));
            await LimitAsync(program, "3:");

            var second = IsServedAsync();
            await UntilAsync(() => HasConnected(program));
            Assert.False(second.IsCompleted);
            await LimitAsync(program, "1024:");

            // .NET itself aborts when it finds none for a new thread: no life without work either.
            Assert.True(await second || await EndsAsync(program));
        }
        finally
        {
            program.Kill();
        }
    }

    private Process Start(string script) => Process.Start(
        "bash", ["-c", script + " 2>/dev/null", Path.Combine(AppContext.BaseDirectory, "Stamp"), "unix:" + SocketPath]);

    private static async Task LimitAsync(Process program, string softAlone)
    {
        using var prlimit = Process.Start(
            "prlimit", ["--pid", program.Id.ToString(CultureInfo.InvariantCulture), $"--nofile={softAlone}"]);
        await prlimit.WaitForExitAsync(TestServer.Cancel);
        Assert.Equal(0, prlimit.ExitCode);
    }

    // It has come as far as the backlog: whether it is accepted is the question.
    private bool HasConnected(Process program) =>
        program.HasExited || File.ReadLines("/proc/net/unix").Count(line => line.EndsWith(SocketPath, StringComparison.Ordinal)) > 1;

    private async Task<bool> IsServedAsync()
    {
        try
        {
            await using var client = await MilterClient.ConnectAsync(new MilterUnixEndpoint(SocketPath), TestServer.Cancel);
            await client.NegotiateAsync(MtaDouble.FullOffer, TestServer.Cancel).WaitAsync(Timeout, TestServer.Cancel);
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return false;
        }
    }

    private static async Task<bool> EndsAsync(Process program)
    {
        await program.WaitForExitAsync(TestServer.Cancel).WaitAsync(Timeout, TestServer.Cancel);
        return program.ExitCode != 0;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(Timeout);
        while (!isSo())
            await Task.Delay(10, limit.Token);
    }
}
