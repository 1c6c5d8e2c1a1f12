using System.Buffers;
using System.Diagnostics;
using Postseal.Bytes;
using Postseal.Cms;
using Postseal.Cms.Signed;
using Postseal.TestKit;

namespace Fuzzing;

/// <summary>
/// Holds the verification of SignedData to what it promises whatever it is like: it ends in bounded time and memory, finds the same
/// in whatever pieces it comes, and what is good is what somebody signed, also for openssl.
/// </summary>
public sealed class CmsFuzz : IDisposable
{
    private const long AllocatedAlways = 1 << 20;
    private const long AllocatedPerByte = 100;

    // What openssl stumbles over although nothing depends on it: a certificate or a list that is broken, and a digest that is
    // announced, but that nobody signed with. And in a file it takes an empty [0], a set without certificates, for the end of an
    // indefinite length.
    private static readonly string[] Unneeded = ["Field=certificates", "Field=crls", "unknown digest algorithm", "missing eoc"];

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly Correspondent[] people = [Correspondent.Create("RSA-2048"), Correspondent.Create("P-256")];
    private readonly VerificationKey[] keys;
    private readonly Stopwatch judging = new();

    /// <summary>Makes keys.</summary>
    public CmsFuzz() => keys = [.. people.Select(person => VerificationKey.Of(person.Certificate))];

    /// <summary>Fuzzes for that long, and prints how many inputs it was.</summary>
    public static int Run(TimeSpan duration, int seed)
    {
        Console.WriteLine($"cms: seed {seed}, {duration.TotalSeconds:0} s");
        using var fuzz = new CmsFuzz();
        var mutated = new MutatedCms(fuzz.people);
        var (watch, random, inputs, judged) = (Stopwatch.StartNew(), new Random(seed), 0L, 0L);
        var findings = new SortedDictionary<string, long>(StringComparer.Ordinal);
        for (; watch.Elapsed < duration; inputs++)
        {
            var input = mutated.Make(random);
            try
            {
                // Another process for each would leave no time for anything else.
                var mayJudge = fuzz.judging.Elapsed < watch.Elapsed / 2;
                var finding = fuzz.Check(input, mayJudge);
                findings[finding] = findings.GetValueOrDefault(finding) + 1;
                judged += mayJudge && finding == "Good" ? 1 : 0;
            }
            catch (Exception e)
            {
                Console.WriteLine($"input {inputs}: {Convert.ToHexString(input)}\n{e}");
                return 1;
            }
        }

        Console.WriteLine($"{inputs} inputs, none broke a promise, {judged} of the good ones held against openssl; what was found:");
        foreach (var (finding, count) in findings)
            Console.WriteLine($"{count,10} {finding}");
        return 0;
    }

    /// <summary>Tries one; returns what was found of its signers together.</summary>
    /// <exception cref="InvalidOperationException">A promise is broken; the message says which.</exception>
    public string Check(byte[] input, bool mayJudge)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var (finding, content) = ("", Array.Empty<byte>());
        var time = CpuTime.Of(() => (finding, content) = Find(new(input)));
        if (time > Longest)
            throw new InvalidOperationException($"it took {time.TotalSeconds:0.0} s");
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > AllocatedAlways + (AllocatedPerByte * input.Length))
            throw new InvalidOperationException($"{allocated} bytes allocated for {input.Length}");
        var pieces = new ByteRope();
        for (int at = 0, length = 1; at < input.Length; at += length, length = length * 3 % 1009 + 1)
            pieces.Append(input.AsMemory(at, Math.Min(length, input.Length - at)));
        var (other, otherContent) = Find(pieces.ToSequence());
        if (other != finding || !content.AsSpan().SequenceEqual(otherContent))
            throw new InvalidOperationException($"in one piece {finding}, in pieces {other}");
        if (finding == "Good")
            CheckGood(input, content, mayJudge);
        return finding;
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(people, person => person.Dispose());

    private (string Finding, byte[] Content) Find(ReadOnlySequence<byte> input)
    {
        var read = ReceivedSignedData.TryRead(input);
        if (read is not { Obstacle: null, HasContent: true, Signers.Count: > 0 })
            return (read is null ? "none" : read.Obstacle is null ? "without signers or content" : "obstacle", []);
        var digests = ContentDigests.Of(read, read.Content);
        var worst = FindingKind.Good;
        foreach (var signer in read.Signers)
        {
            var who = Array.FindIndex(people, person => signer.Matches(person.Certificate));
            if (who < 0)
                return ("without certificate", []);
            var kind = signer.Verify(keys[who], people[who].Certificate, digests).Kind;
            worst = kind > worst ? kind : worst;
        }

        return (worst.ToString(), read.Content.ToArray());
    }

    private void CheckGood(byte[] input, byte[] content, bool mayJudge)
    {
        if (!MutatedCms.Contents.Any(one => one.AsSpan().SequenceEqual(content)))
            throw new InvalidOperationException("it is good, and nobody signed it");
        if (!mayJudge)
            return;
        judging.Start();
        var (verified, errors) = OpenSsl.VerifySignatures(input, null, [.. people.Select(person => person.Certificate)]);
        judging.Stop();
        if (!verified && !Unneeded.Any(error => errors.Contains(error, StringComparison.Ordinal)))
            throw new InvalidOperationException($"it is good, and openssl says {errors}");
    }
}
