using Postseal.Cms;

namespace Postseal.Soak;

/// <summary>The admin of postseal.ini, who changes the settings while mail flows, and makes mistakes.</summary>
internal sealed class Reloads(SoakPlan plan, Settings settings, Daemon daemon, Promises promises)
{
    // The file has to rest for a second and is looked at once a second; the rest is a machine at its limit.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly Random random = plan.Random("reloads");

    public Tally Done { get; } = new();

    public async Task RunAsync(CancellationToken over)
    {
        while (await random.PauseAsync(TimeSpan.FromSeconds(2), over))
        {
            using var timeout = new CancellationTokenSource(Timeout);
            try
            {
                await (random.Next(2) == 0 ? ChangeAsync(timeout.Token) : SpoilAsync(timeout.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or EndOfStreamException)
            {
                promises.Reloaded.Break($"a change was not heard of within {Timeout.TotalSeconds} s");
                return; // which settings hold, nobody knows from here on
            }
        }
    }

    private async Task ChangeAsync(CancellationToken cancellationToken)
    {
        var form = new SigningForm((Digest)random.Next(3), random.Next(3) == 0);
        await settings.ChangeAsync(form, daemon.Log, cancellationToken);
        Done.Add("taken over");
        promises.Reloaded.Keep();
    }

    private async Task SpoilAsync(CancellationToken cancellationToken)
    {
        var (mistake, named) = Settings.Mistakes[random.Next(Settings.Mistakes.Count)];
        var said = await settings.SpoilAsync(mistake, daemon.Log, cancellationToken);
        Done.Add("refused");
        promises.Reloaded.Require(said.Contains(named, StringComparison.Ordinal), $"'{named}' is not named in: {said}");
    }
}
