namespace Postseal.Soak;

/// <summary>The admins of the certificate directory: they renew, add and remove while mail flows.</summary>
internal sealed class Renewals(SoakPlan plan, SenderFiles files, Daemon daemon, Courier courier)
{
    private readonly Random random = plan.Random("renewals");
    private readonly LetterWriter letters = new(plan.Random("letters after a renewal"), "R");

    public Tally Done { get; } = new();

    public async Task RunAsync(CancellationToken over)
    {
        await using var mta = await MtaLoad.ConnectAsync(daemon, number: 0);
        var isGood = true;
        while (isGood && await random.PauseAsync(TimeSpan.FromMilliseconds(400), over))
        {
            var sender = await ChangeAsync();
            // The next message shows it already. And what the daemon has seen is what it falls back upon next time.
            isGood = await courier.DeliverAsync(mta, letters.Of(sender));
        }
    }

    private async Task<Sender> ChangeAsync()
    {
        var sender = Pick(random.Next(4) == 0 ? Senders.Visitors : Senders.Residents);
        if (sender.Certificate.Current is null)
        {
            Done.Add("added");
            await files.RenewAsync(sender);
        }
        else if (Senders.Visitors.Contains(sender))
        {
            Done.Add("removed");
            files.Remove(sender);
        }
        else if (random.Next(3) == 0)
        {
            Done.Add($"{sender.Form} half-written for a moment");
            await files.RenewSlowlyAsync(sender, TimeSpan.FromMilliseconds(random.Next(300)));
        }
        else
        {
            Done.Add($"{sender.Form} replaced");
            await files.RenewAsync(sender);
        }

        return sender;
    }

    private Sender Pick(IReadOnlyList<Sender> senders) => senders[random.Next(senders.Count)];
}
