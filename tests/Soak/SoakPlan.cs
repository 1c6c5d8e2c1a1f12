using System.Security.Cryptography;
using System.Text;

namespace Postseal.Soak;

/// <summary>What is run.</summary>
/// <param name="Duration">How long the load lasts.</param>
/// <param name="Seed">What all random numbers come from.</param>
/// <param name="Program">The program; <see langword="null"/>: the one built with this.</param>
internal sealed record SoakPlan(TimeSpan Duration, int Seed, string? Program)
{
    /// <summary>Random numbers for one who acts: with the same seed the same ones, whatever the others do meanwhile.</summary>
    public Random Random(string actor) =>
        new(BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes($"{Seed} {actor}"))));
}

internal static class Pauses
{
    /// <summary>Lets some time pass, at most that long; false when the load is over.</summary>
    public static async Task<bool> PauseAsync(this Random random, TimeSpan atMost, CancellationToken over)
    {
        await Task.Delay(atMost * random.NextDouble(), over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !over.IsCancellationRequested;
    }
}
