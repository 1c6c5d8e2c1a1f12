using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Text;
using Postseal.Mail;
using Postseal.Mime;
using Postseal.Smime;
using Postseal.TestKit;
using Postseal.Verification;

namespace Fuzzing;

/// <summary>
/// Holds the verdicts on mail to what they promise whatever a letter is like: there is one, in bounded time and memory, and of what
/// passes, openssl finds the same content signed by a certificate that it trusts.
/// </summary>
public static class MimeFuzz
{
    private const long AllocatedAlways = 4 << 20;
    private const long AllocatedPerByte = 200;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>Fuzzes for that long, and prints how many inputs it was.</summary>
    public static int Run(TimeSpan duration, int seed)
    {
        Console.WriteLine($"mime: seed {seed}, {duration.TotalSeconds:0} s");
        var (watch, inputs) = (Stopwatch.StartNew(), 0L);
        var results = new SortedDictionary<SmimeResult, long>();
        using var room = new LetterRoom();
        var letters = new MutatedLetter(room);
        var random = new Random(seed);
        for (; watch.Elapsed < duration; inputs++)
        {
            var letter = letters.Make(random);
            try
            {
                var result = Check(room, Encoding.Latin1.GetBytes(letter));
                results[result] = results.GetValueOrDefault(result) + 1;
            }
            catch (Exception e)
            {
                Console.WriteLine($"input {inputs}:\n{letter}\n{e}");
                return 1;
            }
        }

        Console.WriteLine($"{inputs} inputs, none broke a promise; what was said of them:");
        foreach (var (result, count) in results)
            Console.WriteLine($"{count,10} {result}");
        return 0;
    }

    /// <summary>Tries one letter.</summary>
    /// <exception cref="InvalidOperationException">A promise is broken; the message says which.</exception>
    public static SmimeResult Check(LetterRoom room, byte[] letter)
    {
        var message = MailMessage.Parse(letter);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var verdict = room.Verify(letter);
        if (watch.Elapsed > Longest)
            throw new InvalidOperationException($"it took {watch.Elapsed.TotalSeconds:0.0} s");
        if (GC.GetAllocatedBytesForCurrentThread() - before > AllocatedAlways + AllocatedPerByte * letter.Length)
            throw new InvalidOperationException("it took too much memory");
        if (verdict.Layers.Count > 0 && !ReceivedLayer.MayBe(message.Headers))
            throw new InvalidOperationException("its body would not have been asked for");
        VerdictField.Write(verdict, "mx.example.net");
        if (verdict.Result == SmimeResult.Pass)
            CheckWithOpenSsl(room, message, verdict.Layers.TakeWhile(layer => layer != verdict.Decisive).Count());
        return verdict.Result;
    }

    private static void CheckWithOpenSsl(LetterRoom room, MailMessage message, int depth)
    {
        var root = new BodyPart(message.Headers, message.Body);
        var layer = (ReceivedLayer.Signed)ReceivedLayer.Of(message);
        for (; depth > 0; depth--)
        {
            root = BodyPart.Parse(layer.Entity);
            layer = (ReceivedLayer.Signed)ReceivedLayer.Of(layer.Entity);
        }

        // An intermediate that came with another letter is known, too.
        var entity = TestMail.BytesOf(new MailMessage(root.Headers, root.Content));
        var (verified, content, errors) = OpenSsl.Verify(entity, room.Folder.Ca.Root, LetterRoom.Noon, room.Folder.Ca.Intermediate);
        // What its reader of MIME does not read, its verification may still; and what that gives up, .NET's may not.
        if (!verified && errors.Contains("Error reading SMIME", StringComparison.Ordinal))
            (verified, content, errors) = VerifyApart(room, root, layer);
        // A certificate that is broken and not needed, or a list of digests that says nothing: both stumble over it.
        if (!verified && (errors.Contains("Field=certificates", StringComparison.Ordinal) || errors.Contains("Field=digestAlgorithms", StringComparison.Ordinal)))
            return;
        // A digest that is announced, and that nobody signed with.
        if (!verified && errors.Contains("unknown digest algorithm", StringComparison.Ordinal))
            (verified, content) = VerifyWithPlatform(root, layer);
        if (!verified)
            throw new InvalidOperationException($"it passes, and openssl says {errors}");
        if (!content.AsSpan().SequenceEqual(layer.Entity.ToArray()))
            throw new InvalidOperationException("it passes, and openssl finds another content");
    }

    private static (bool Verified, byte[] Content, string Errors) VerifyApart(LetterRoom room, BodyPart root, ReceivedLayer.Signed layer) =>
        OpenSsl.VerifyObject(
            ObjectIn(root, layer), layer.IsDetached ? layer.Entity.ToArray() : null, room.Folder.Ca.Root, LetterRoom.Noon, room.Folder.Ca.Intermediate);

    private static (bool Verified, byte[] Content) VerifyWithPlatform(BodyPart root, ReceivedLayer.Signed layer)
    {
        var cms = layer.IsDetached ? new SignedCms(new ContentInfo(layer.Entity.ToArray()), detached: true) : new SignedCms();
        cms.Decode(ObjectIn(root, layer));
        try
        {
            cms.CheckSignature(verifySignatureOnly: true);
            return (true, cms.ContentInfo.Content);
        }
        catch (CryptographicException)
        {
            return (false, []);
        }
    }

    private static byte[] ObjectIn(BodyPart root, ReceivedLayer.Signed layer)
    {
        var encoded = layer.IsDetached
            ? SignedMultipart.TryRead(root.Content, root.Type!.Boundary.Span, out _)!.Second
            : root;
        return TransferCoding.Decode(encoded, out _)!.Value.ToArray();
    }
}
