using System.Diagnostics;

namespace Fuzzing;

/// <summary>Tries input after input until the time is up or a promise is broken.</summary>
internal static class FuzzLoop
{
    /// <summary>Fuzzes for that long, and prints how many inputs it was and what became of them.</summary>
    /// <param name="name">What is fuzzed.</param>
    /// <param name="duration">How long.</param>
    /// <param name="seed">The seed, by which the same inputs come again.</param>
    /// <param name="make">Makes an input.</param>
    /// <param name="check">Tries one, and returns what became of it; throws where a promise is broken.</param>
    public static int Run(string name, TimeSpan duration, int seed, Func<Random, byte[]> make, Func<byte[], string> check)
    {
        Console.WriteLine($"{name}: seed {seed}, {duration.TotalSeconds:0} s");
        var (watch, random, inputs) = (Stopwatch.StartNew(), new Random(seed), 0L);
        var findings = new SortedDictionary<string, long>(StringComparer.Ordinal);
        for (; watch.Elapsed < duration; inputs++)
        {
            var input = make(random);
            try
            {
                var finding = check(input);
                findings[finding] = findings.GetValueOrDefault(finding) + 1;
            }
            catch (Exception e)
            {
                Console.WriteLine($"input {inputs}: {Convert.ToHexString(input)}\n{e}");
                return 1;
            }
        }

        Console.WriteLine($"{inputs} inputs, none broke a promise; what was found:");
        foreach (var (finding, count) in findings)
            Console.WriteLine($"{count,10} {finding}");
        return 0;
    }
}
