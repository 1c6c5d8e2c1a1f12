using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Postseal.Certificates;
using Postseal.Verification;

namespace Postseal;

/// <summary>The meter and the activity source of what is done to mail, for every door.</summary>
public static class ProcessingDiagnostics
{
    /// <summary>
    /// The name of both. The meter has <c>postseal.messages</c>, a counter with the tags <c>result</c> (<c>signed</c>,
    /// <c>unsigned</c>, <c>split</c>, <c>verified</c>, <c>quarantined</c>, <c>refused</c>) and <c>reason</c> (a <see cref="RejectionKind"/> in snake case; absent where the message
    /// was signed); <c>postseal.encryptions</c>, a counter of messages that were to be encrypted, with the tags <c>result</c>
    /// (<c>encrypted</c>, <c>plain</c>) and <c>reason</c>; <c>postseal.verifications</c>, a counter of messages
    /// from outside whose signatures were looked at, with the tags <c>result</c> (as in RFC 7281: <c>pass</c>, <c>fail</c>, <c>policy</c>, …),
    /// <c>verified</c>, <c>trusted</c> and <c>by_author</c>; <c>postseal.decryptions</c>, a counter of encrypted messages from outside that
    /// were to be opened, with the tags <c>result</c> (<c>opened</c>, <c>closed</c>), <c>reason</c> and <c>integrity</c>;
    /// <c>postseal.harvested</c>, a counter of certificates that signed mail offered and that were not known, with the tag <c>result</c>
    /// (<c>new</c>, <c>renewed</c>, <c>replaced</c>, <c>pending</c>, <c>refused</c>, <c>failed</c>); and <c>postseal.duration</c>, a
    /// histogram of seconds with the tag <c>result</c>.
    /// </summary>
    public const string Name = "Postseal";

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Messages = Meter.CreateCounter<long>(
        "postseal.messages", "{message}", "Messages processed, by result and reason");

    private static readonly Counter<long> Encryptions = Meter.CreateCounter<long>(
        "postseal.encryptions", "{message}", "Messages that were to be encrypted where possible, by result and reason");

    private static readonly Counter<long> Verifications = Meter.CreateCounter<long>(
        "postseal.verifications", "{message}", "Messages from outside whose signatures were looked at, by result");

    private static readonly Counter<long> Decryptions = Meter.CreateCounter<long>(
        "postseal.decryptions", "{message}", "Encrypted messages from outside that were to be opened, by result and reason");

    private static readonly Counter<long> Harvested = Meter.CreateCounter<long>(
        "postseal.harvested", "{certificate}", "Certificates of correspondents that mail brought and that were not known, by result");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "postseal.duration", "s", "Time from the complete message to its outcome");

    private static readonly string[] Reasons =
        [.. Enum.GetNames<RejectionKind>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];

    /// <summary>Starts a span for each message a door processes.</summary>
    internal static ActivitySource Activities { get; } = new(Name);

    /// <summary>Counts an outcome, and tags the current span with it.</summary>
    internal static void Record(Outcome outcome, TimeSpan elapsed)
    {
        var (result, why) = outcome switch
        {
            Outcome.Refused refused => ("refused", refused.Why),
            Outcome.Unchanged unchanged => ("unsigned", unchanged.Why),
            Outcome.Quarantined quarantined => ("quarantined", quarantined.Why),
            Outcome.PerRecipient => ("split", null),
            Outcome.Replaced replaced when replaced.Facts.Any(fact => fact is Fact.Verified) => ("verified", null),
            Outcome.Replaced { Facts: [Fact.NotSigned unsigned, ..] } => ("unsigned", unsigned.Why),
            _ => ("signed", (Rejection?)null),
        };
        Count(Messages, result, why);
        foreach (var fact in FactsOf(outcome))
        {
            if (fact is Fact.Encrypted)
                Count(Encryptions, "encrypted", null);
            else if (fact is Fact.NotEncrypted plain)
                Count(Encryptions, "plain", plain.Why);
            else if (fact is Fact.Verified { Verdict: var verdict })
                Count(verdict);
            else if (fact is Fact.Harvested { Result.Kind: var kind })
                Count(Harvested, JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString()), null);
            else if (fact is Fact.Decrypted { Integrity: var integrity } && Decryptions.Enabled)
                Decryptions.Add(1, new("result", "opened"), new("integrity", integrity.ToString().ToLowerInvariant()));
            else if (fact is Fact.NotDecrypted closed)
                Count(Decryptions, "closed", closed.Why);
        }

        Duration.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("result", result));
        if (Activity.Current is { IsAllDataRequested: true } activity)
            Tag(activity, outcome, result, why);
    }

    private static IReadOnlyList<Fact> FactsOf(Outcome outcome) => outcome switch
    {
        Outcome.Replaced replaced => replaced.Facts,
        Outcome.Unchanged unchanged => unchanged.Facts,
        Outcome.Quarantined quarantined => quarantined.Facts,
        Outcome.Refused refused => refused.Facts,
        _ => [],
    };

    private static void Count(MailVerdict verdict)
    {
        if (!Verifications.Enabled)
            return;
        Verifications.Add(
            1, new("result", VerdictField.Text(verdict.Result)), new("verified", verdict.IsVerified), new("trusted", verdict.IsTrusted),
            new("by_author", verdict.IsByAuthor));
    }

    private static void Count(Counter<long> counter, string result, Rejection? why)
    {
        if (!counter.Enabled)
            return;
        if (why is null)
            counter.Add(1, new KeyValuePair<string, object?>("result", result));
        else
            counter.Add(1, new("result", result), new("reason", Reasons[(int)why.Kind]));
    }

    private static void Tag(Activity activity, Outcome outcome, string result, Rejection? why)
    {
        activity.SetTag("postseal.result", result);
        if (why is not null)
            activity.SetTag("postseal.reason", Reasons[(int)why.Kind]).SetTag("postseal.message", why.Message);
        if (outcome is Outcome.Refused)
            activity.SetStatus(ActivityStatusCode.Error, why!.Message);
        if (outcome is Outcome.Replaced { Facts: [Fact.Signed signed, ..] })
        {
            activity.SetTag("postseal.author", signed.Author.ToString())
                .SetTag("postseal.certificate", signed.By.Certificate.SerialNumber);
        }

        if (FactsOf(outcome).OfType<Fact.Verified>().FirstOrDefault() is { Verdict: var verdict })
            activity.SetTag("postseal.smime", VerdictField.Text(verdict.Result)).SetTag("postseal.message", verdict.Reason);
        if (FactsOf(outcome).OfType<Fact.Decrypted>().FirstOrDefault() is { } decrypted)
            activity.SetTag("postseal.integrity", decrypted.Integrity.ToString().ToLowerInvariant());
        if (FactsOf(outcome).OfType<Fact.Encrypted>().FirstOrDefault() is { } encrypted)
            activity.SetTag("postseal.encryption", encrypted.Content.ToString());
    }
}
