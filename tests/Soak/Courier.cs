using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Milter;
using Milter.Testing;
using Postseal.Cms;
using Postseal.TestKit;

namespace Postseal.Soak;

/// <summary>Hands messages to the daemon and judges each answer at once, so that none has to be kept.</summary>
internal sealed class Courier(X509Certificate2 root, Settings settings, Promises promises, Tally sent)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    private int signatures;

    /// <summary>Sends a letter and judges what comes back.</summary>
    /// <returns>Whether the connection can be used further.</returns>
    public async Task<bool> DeliverAsync(MtaDouble mta, Letter letter)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        var began = Stopwatch.GetTimestamp();
        try
        {
            var result = await mta.SendAsync(letter.Message, timeout.Token);
            sent.Add(letter.Kind);
            Judge(letter, result, began, Stopwatch.GetTimestamp());
            return true;
        }
        catch (Exception e) when (e is IOException or MilterProtocolException or OperationCanceledException)
        {
            promises.Answered.Break($"{letter.Message.QueueId} ({letter.Kind}): {e.Message}");
            return false;
        }
    }

    private void Judge(Letter letter, MtaResult result, long began, long ended)
    {
        var name = $"{letter.Message.QueueId} ({letter.Kind}, {letter.Message.Body.Length} bytes, {letter.Signer?.Address})";
        promises.Answered.Require(
            result.Verdict is MtaVerdict.Accepted or MtaVerdict.Rejected, $"{name}: {result.Verdict} {result.Reply}");
        if (result.Verdict is not (MtaVerdict.Accepted or MtaVerdict.Rejected))
            return;
        try
        {
            if (result.Verdict == MtaVerdict.Accepted && IsChanged(letter, result))
                JudgeSigned(letter, result, name, began, ended);
            else
                JudgeUnsigned(letter, result.Verdict, name, began, ended);
        }
        catch (Exception e) when (e is CryptographicException or InvalidDataException or FormatException)
        {
            promises.Verified.Break($"{name}: {e.Message}");
        }
    }

    private static bool IsChanged(Letter letter, MtaResult result) =>
        !result.Headers.SequenceEqual(letter.Message.Headers) || !result.Body.Span.SequenceEqual(letter.Message.Body.Span);

    private void JudgeUnsigned(Letter letter, MtaVerdict verdict, string name, long began, long ended)
    {
        if (letter.Signer is not { } signer)
        {
            promises.Unchanged.Require(verdict == MtaVerdict.Accepted, $"{name} was refused");
            return;
        }

        var hadNone = signer.Certificate.Between(began, ended).Contains(null);
        promises.OfTheMoment.Require(
            hadNone && signer.MustSign == (verdict == MtaVerdict.Rejected),
            $"{name}: {verdict} without a signature{(hadNone ? "" : ", but there was a certificate all the time")}");
    }

    private void JudgeSigned(Letter letter, MtaResult result, string name, long began, long ended)
    {
        if (letter.Signer is not { } signer || VerifiedMail.Verify(result.ToBytes(), root) is not { } signed)
        {
            promises.Unchanged.Break($"{name} was changed");
            return;
        }

        promises.Verified.Keep();
        AskOpenSsl(result, name);
        promises.Intact.Require(IsIntact(letter, result, signed), $"{name}: something else is signed than was sent");
        var (certificate, digest) = (signed.Signer.Certificate!.GetCertHashString(HashAlgorithmName.SHA256), signed.Signer.DigestAlgorithm.FriendlyName);
        promises.OfTheMoment.Require(
            signer.Certificate.Between(began, ended).Contains(certificate), $"{name}: signed with {certificate}, which was not there then");
        promises.OfTheMoment.Require(
            settings.Form.Between(began, ended).Any(
                form => form.IsOpaque == signed.IsOpaque && $"{InUse(form.Digest, signer.Key)}".Equals(digest, StringComparison.OrdinalIgnoreCase)),
            $"{name}: {(signed.IsOpaque ? "opaque" : "detached")} with {digest}, which was not configured then");
    }

    private static bool IsIntact(Letter letter, MtaResult result, VerifiedMail signed)
    {
        var (before, after) = (MimeLeaf.Of(letter.Entity()), MimeLeaf.Of(signed.Content));
        return Letter.Outside(result.Headers).SequenceEqual(Letter.Outside(letter.Message.Headers))
            && before.Count == after.Count
            && before.Zip(after).All(pair => pair.First.IsSameAs(pair.Second));
    }

    /// <summary>openssl judges a sample: every tenth of the first two hundred, then every two hundredth.</summary>
    private void AskOpenSsl(MtaResult result, string name)
    {
        var number = Interlocked.Increment(ref signatures);
        if (!OpenSsl.IsHere || number % (number <= 200 ? 10 : 200) != 0)
            return;
        var (verified, _, errors) = OpenSsl.Verify(result.ToBytes(), root);
        promises.VerifiedByOpenSsl.Require(verified, $"{name}: {errors}");
    }

    /// <summary>The digest that is used where this one is configured: a P-384 key takes at least SHA-384.</summary>
    private static Digest InUse(Digest digest, string key) =>
        digest == Digest.SHA256 && key == "P-384" ? Digest.SHA384 : digest;
}
