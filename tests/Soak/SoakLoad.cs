namespace Postseal.Soak;

/// <summary>All who are busy while the soak lasts.</summary>
internal sealed class SoakLoad(
    SoakPlan plan, SenderFiles files, Settings settings, Daemon daemon, Courier courier, Promises promises)
{
    public MtaLoad Mtas { get; } = new(plan, daemon, courier, promises);

    public BrokenPeers BrokenPeers { get; } = new(plan, daemon, promises);

    public Renewals Renewals { get; } = new(plan, files, daemon, courier);

    public Reloads Reloads { get; } = new(plan, settings, daemon, promises);

    public UsageLog Usage { get; } = new(daemon);

    /// <summary>Lets them work until the time is over, the soak is cancelled or the daemon is gone; each ends what it has
    /// begun.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(plan.Duration);
        // A change of settings shows only while mail flows, so whoever waits for one is waited for before the MTAs end.
        using var mail = new CancellationTokenSource();
        var mtas = Mtas.RunAsync(mail.Token);
        var others = Task.WhenAll(
            BrokenPeers.RunAsync(over.Token), Renewals.RunAsync(over.Token), Reloads.RunAsync(over.Token), Usage.SampleAsync(over.Token));
        if (await Task.WhenAny(others, daemon.Exited) != others)
            await over.CancelAsync();
        await others;
        await mail.CancelAsync();
        await mtas;
    }
}
