using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>Measures the memory of the process, so nothing else runs beside it.</summary>
[CollectionDefinition(nameof(IdleConnectionTests), DisableParallelization = true)]
[Collection(nameof(IdleConnectionTests))]
public class IdleConnectionTests
{
    [Fact]
    public async Task A_thousand_idle_connections_are_small_and_hold_nobody_up()
    {
        var folder = Directory.CreateTempSubdirectory("milter");
        try
        {
            var options = new MilterServerOptions { MaxConnections = 1001 };
            options.Endpoints.Add(new MilterUnixEndpoint(Path.Combine(folder.FullName, "m.sock")));
            await using var server = new MilterServer(options, new TestFilter(_ => MilterDecision.Reject));
            await server.StartAsync(TestServer.Cancel);
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var idle = new List<MtaDouble>();
            for (var i = 0; i < 1000; i++)
                idle.Add(await MtaDouble.ConnectAsync(server.Endpoints[0], MtaKind.Postfix, TestServer.Cancel));
            var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / idle.Count;

            await using var busy = await MtaDouble.ConnectAsync(server.Endpoints[0], MtaKind.Postfix, TestServer.Cancel);
            var result = await busy.SendAsync(new MtaMessage { Body = new byte[100_000] }, TestServer.Cancel);

            Assert.Equal(MtaVerdict.Rejected, result.Verdict);
            // The client's half is in there too.
            Assert.True(each < 32 * 1024, $"{each} bytes for each connection");
            foreach (var mta in idle)
                await mta.DisposeAsync();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
