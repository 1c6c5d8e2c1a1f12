using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Program.Files;
using Postseal.Program.Milter;
using Postseal.Settings;

namespace Postseal.Program.Hosting;

/// <summary>Runs the milter's server in the host. When the server gives up, so does the host.</summary>
internal sealed partial class MilterService(
    string configPath, MilterServer server, ICollection<MilterPeer> peers, IHostApplicationLifetime host, ILogger<MilterService> logger)
    : IHostedService
{
    /// <exception cref="ConfigurationException">A socket cannot be listened on, or lets in whom it should not.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await server.StartAsync(cancellationToken);
            SocketAccess.Check(server.Endpoints, peers); // the kind of those that systemd passed is known only now
            foreach (var warning in SocketAccess.Warnings(server.Endpoints, peers, FileOwner.CurrentUser))
                LogSocketWarning(warning);
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException or FormatException)
        {
            // A socket that is taken or not ours to make: for the admin, not for us.
            throw new ConfigurationException([new ConfigurationError(configPath, "Milter", "Socket", e.Message)]);
        }

        _ = server.Completion.ContinueWith(_ => host.StopApplication(), TaskScheduler.Default);
    }

    // The host's limit is none, and [Milter] StopTimeout the server's own.
    public Task StopAsync(CancellationToken cancellationToken) => server.StopAsync(CancellationToken.None);

    [LoggerMessage(300, LogLevel.Warning, "{Warning}")]
    private partial void LogSocketWarning(string warning);
}
