using System.Collections.Concurrent;

namespace Postseal.Ldap.Connections;

/// <summary>
/// The servers of a source, all of which hold the same, in the order in which they are asked: those of the settings, and behind them those
/// that failed a moment ago. Safe for any number of threads.
/// </summary>
/// <param name="urls">The servers.</param>
/// <param name="time">The clock.</param>
internal sealed class ServerList(IReadOnlyList<Uri> urls, TimeProvider time)
{
    /// <summary>How long a server that failed is asked last.</summary>
    internal static readonly TimeSpan Aside = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Uri, long> failed = [];

    /// <summary>Returns all servers, and how many of them, from the first, have not failed a moment ago.</summary>
    public (IReadOnlyList<Uri> Servers, int Sound) InOrder()
    {
        var sound = urls.Where(url => !IsAside(url)).ToList();
        return ([.. sound, .. urls.Except(sound)], sound.Count);
    }

    /// <summary>Reports that a server did not answer.</summary>
    public void Failed(Uri server) => failed[server] = time.GetTimestamp();

    /// <summary>Reports that a server answered.</summary>
    public void Succeeded(Uri server) => failed.TryRemove(server, out _);

    private bool IsAside(Uri server) => failed.TryGetValue(server, out var at) && time.GetElapsedTime(at) < Aside;
}
