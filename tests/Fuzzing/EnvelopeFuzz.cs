using System.Buffers;
using Postseal.Bytes;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.TestKit;

namespace Fuzzing;

/// <summary>
/// Holds the decryption of EnvelopedData and AuthEnvelopedData to what it promises whoever changes them: it ends in bounded time and
/// memory, comes to the same in whatever pieces they come, tells what nobody could read alike to all, and of AEAD releases only what
/// somebody encrypted.
/// </summary>
public sealed class EnvelopeFuzz : IDisposable
{
    // OAEP with hashes that the platform lacks costs a calculation in managed code.
    private const long AllocatedAlways = 8 << 20;
    private const long AllocatedPerByte = 100;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly Correspondent[] people =
        [Correspondent.Create("RSA-2048"), Correspondent.Create("P-256"), Correspondent.Create("X25519")];

    private readonly DecryptionKey[] keys;

    /// <summary>Makes keys.</summary>
    public EnvelopeFuzz() => keys = [.. people.Select(person => person.OpenDecryptionKey())];

    /// <summary>Fuzzes for that long, and prints how many inputs it was.</summary>
    public static int Run(TimeSpan duration, int seed)
    {
        using var fuzz = new EnvelopeFuzz();
        var mutated = new MutatedCms(fuzz.Seeds());
        return FuzzLoop.Run("envelope", duration, seed, mutated.Make, fuzz.Check);
    }

    /// <summary>Tries one; returns what became of it.</summary>
    /// <exception cref="InvalidOperationException">A promise is broken; the message says which.</exception>
    public string Check(byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var (finding, content) = ("", Array.Empty<byte>());
        var time = CpuTime.Of(() => (finding, content) = Decrypt(new(input), keys));
        if (time > Longest)
            throw new InvalidOperationException($"it took {time.TotalSeconds:0.0} s");
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > AllocatedAlways + (AllocatedPerByte * input.Length))
            throw new InvalidOperationException($"{allocated} bytes allocated for {input.Length}");
        var pieces = new ByteRope();
        for (int at = 0, length = 1; at < input.Length; at += length, length = length * 3 % 1009 + 1)
            pieces.Append(input.AsMemory(at, Math.Min(length, input.Length - at)));
        var (other, otherContent) = Decrypt(pieces.ToSequence(), [.. keys.Reverse()]);
        if (other != finding || !content.AsSpan().SequenceEqual(otherContent))
            throw new InvalidOperationException($"in one piece {finding}, in pieces and with the keys in another order {other}");
        var without = Decrypt(new(input), []).Finding;
        if (without != (finding is "none" or nameof(DecryptionFailure.NobodyCould) ? finding : nameof(DecryptionFailure.NoKey)))
            throw new InvalidOperationException($"with keys {finding}, without {without}");
        if (finding == "authenticated" && !MutatedCms.Contents.Any(one => one.AsSpan().SequenceEqual(content)))
            throw new InvalidOperationException("it is authenticated, and nobody encrypted it");
        return finding;
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(people, person => person.Dispose());

    private static (string Finding, byte[] Content) Decrypt(ReadOnlySequence<byte> input, IReadOnlyList<DecryptionKey> keys)
    {
        if (ReceivedEnvelope.TryRead(input) is not { } envelope)
            return ("none", []);
        // It completes at once, as no key is elsewhere.
        switch (envelope.DecryptAsync(keys, readsTripleDes: true).AsTask().GetAwaiter().GetResult())
        {
            case DecryptedContent opened:
                using (opened)
                    return (opened.Algorithm.IsAuthenticated ? "authenticated" : "opened", opened.Content.ToArray());
            case var failed:
                return (((CannotDecrypt)failed).Kind.ToString(), []);
        }
    }

    private byte[][] Seeds()
    {
        RecipientKey[] all = [.. people.Select(person => RecipientKey.Create(person.Certificate))];
        RecipientKey[] byKey = [.. people.Select(person => RecipientKey.Create(person.Certificate, RecipientNaming.SubjectKeyIdentifier))];
        return
        [
            .. from content in MutatedCms.Contents from encryption in Enum.GetValues<ContentEncryption>() from names in new[] { all, byKey }
               from recipients in names.Select(one => (RecipientKey[])[one]).Append(names)
               select Encrypt(content, encryption, recipients),
            .. from content in MutatedCms.Contents from cipher in (string[])["aes-128-cbc", "aes-256-gcm", "des3"]
               select OpenSsl.Encrypt(content, cipher, ["-stream", "-keyopt", "rsa_padding_mode:oaep"], people[0]),
        ];
    }

    private static byte[] Encrypt(byte[] content, ContentEncryption encryption, RecipientKey[] recipients)
    {
        EnvelopeRecipient[] named = [.. recipients.Select((key, i) => new EnvelopeRecipient(key, Oaep: i == 0 && key.Kind == KeyKind.Rsa))];
        using var data = EnvelopedData.Prepare(named, encryption, content.Length);
        var encoded = new byte[data.Length];
        data.Write(new(content), encoded);
        return encoded;
    }
}
