using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Postseal.Mail;

namespace Postseal.Certificates.Sources;

/// <summary>
/// Asks a source as little as possible: answers are kept, questions about one address are asked once however many messages wait for the
/// answer, and a source that is down is left alone. What was found may still be used for a time while the source does not answer; that there
/// is nothing never is. Safe for any number of threads.
/// </summary>
/// <remarks>A message that gives up does not end the question: the next one needs the answer, too.</remarks>
internal sealed partial class CachedSource : ICertificateSource, IAsyncDisposable
{
    // Of one generation, of which there are two: far more correspondents than most estates have, in some hundred megabytes at worst.
    private const int MaxAddresses = 20_000;
    private const long MaxSize = 64 << 20;
    private const int SizeOfCertificate = 4 << 10, SizeOfEntry = 256;

    // A source keeps to its time limit itself; one that does not is taken for down.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly ICertificateSource source;
    private readonly SourceLimits limits;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly CircuitBreaker breaker;
    private readonly RecentlyUsed<string, Entry> entries = new(MaxAddresses, MaxSize);
    private readonly ConcurrentDictionary<string, Question> questions = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Makes it.</summary>
    /// <param name="source">Who is asked; disposed of with this.</param>
    /// <param name="limits">How long that may take, and how long answers hold.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes a line when the source goes down and when it is back.</param>
    public CachedSource(ICertificateSource source, SourceLimits limits, TimeProvider time, ILogger logger)
    {
        (this.source, this.limits, this.time, this.logger) = (source, limits, time, logger);
        breaker = new CircuitBreaker(time);
    }

    /// <inheritdoc/>
    public string Name => source.Name;

    /// <summary>Gets who is asked.</summary>
    public ICertificateSource Source => source;

    /// <inheritdoc/>
    public ValueTask<FoundCertificates> FindAsync(MailAddress address, CancellationToken cancellationToken = default)
    {
        var key = address.CanonicalText;
        if (AnswerFor(key) is not { } answer || !IsFresh(answer))
            return AskAsync(key, address, cancellationToken);
        SourceMetrics.LookedUp(Name, "cache");
        return ValueTask.FromResult(answer.Found);
    }

    /// <summary>Forgets what is known of an address: somebody changed it at the source. A question that is under way is not remembered
    /// either.</summary>
    public void Forget(MailAddress address)
    {
        questions.TryRemove(address.CanonicalText, out _);
        if (entries.TryGet(address.CanonicalText, out var entry))
            entry.Answer = null;
    }

    /// <inheritdoc/>
    public ValueTask<SourceReport> ProbeAsync(CancellationToken cancellationToken = default) => source.ProbeAsync(cancellationToken);

    /// <summary>Ends the questions that are under way, and closes the source.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        foreach (var question in questions.Values)
            await ((Task)question.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (source is IAsyncDisposable disposable)
            await disposable.DisposeAsync().ConfigureAwait(false);
    }

    private Answer? AnswerFor(string key) => entries.TryGet(key, out var entry) ? entry.Answer : null;

    private async ValueTask<FoundCertificates> AskAsync(string key, MailAddress address, CancellationToken cancellationToken)
    {
        try
        {
            var question = questions.GetOrAdd(key, _ => new Question(question => AskAsync(key, address, question)));
            var found = await question.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            SourceMetrics.LookedUp(Name, "source");
            return found;
        }
        catch (IOException e) when (
            AnswerFor(key) is { Found.Certificates.Count: > 0 } answer && time.GetElapsedTime(answer.At) < 2 * answer.HoldsFor)
        {
            LogStale(Name, address, e.Message);
            SourceMetrics.LookedUp(Name, "stale");
            return answer.Found;
        }
    }

    private async Task<FoundCertificates> AskAsync(string key, MailAddress address, Question question)
    {
        FoundCertificates found;
        try
        {
            found = await AskSourceAsync(address).ConfigureAwait(false);
        }
        catch
        {
            questions.TryRemove(new(key, question));
            throw;
        }

        // First what answers the next who asks, then the question away: nobody may find neither.
        if (questions.TryGetValue(key, out var current) && ReferenceEquals(current, question))
        {
            var entry = Remember(key, found);
            // Forgotten in between.
            if (!questions.TryRemove(new(key, question)))
                entry.Answer = null;
        }

        return found;
    }

    private async Task<FoundCertificates> AskSourceAsync(MailAddress address)
    {
        if (!breaker.TryPass())
            throw new IOException($"{Name} has not answered since {breaker.Down?.Since:u}: {breaker.Down?.Problem}");
        using var patience = new CancellationTokenSource(limits.Timeout + Grace, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping.Token);
        var start = time.GetTimestamp();
        var result = "failed";
        try
        {
            var found = await source.FindAsync(address, ending.Token).AsTask().WaitAsync(ending.Token).ConfigureAwait(false);
            result = found.Certificates.Count > 0 ? "found" : "none";
            if (breaker.Succeeded() is { } since)
                LogBack(Name, since);
            return found;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            throw Down(new SourceUnavailableException($"{Name} did not answer within {limits.Timeout.TotalSeconds:0.#} s"));
        }
        catch (SourceUnavailableException e)
        {
            throw Down(e);
        }
        catch
        {
            breaker.GaveUp();
            throw;
        }
        finally
        {
            SourceMetrics.Asked(Name, result, time.GetElapsedTime(start));
        }
    }

    private SourceUnavailableException Down(SourceUnavailableException e)
    {
        if (breaker.Failed(e.Message))
            LogDown(Name, e.Message);
        return e;
    }

    private Entry Remember(string key, FoundCertificates found)
    {
        var longest = found.Certificates.Count > 0 ? limits.Cache : limits.NegativeCache;
        var answer = new Answer(found, time.GetTimestamp(), found.HoldsFor < longest ? found.HoldsFor.Value : longest);
        var entry = new Entry { Answer = answer };
        entries.Replace(key, entry, SizeOf(found));
        return entry;
    }

    /// <summary>Estimates what an answer takes. The platform keeps a certificate more than once, and a stranger makes his as large as he
    /// can.</summary>
    private static long SizeOf(FoundCertificates found) => SizeOfEntry + found.SizeBeside + found.Certificates
        .SelectMany(certificate => certificate.Beside.Append(certificate.Certificate))
        .Distinct(ReferenceEqualityComparer.Instance).Cast<X509Certificate2>()
        .Sum(certificate => Math.Max(SizeOfCertificate, 3L * certificate.RawDataMemory.Length));

    private bool IsFresh(Answer answer) => time.GetElapsedTime(answer.At) < answer.HoldsFor;

    /// <summary>A question that several messages may wait for. It runs on the pool, so that nothing of the message that asked first, such as its
    /// activity, goes with it.</summary>
    private sealed class Question
    {
        private readonly Lazy<Task<FoundCertificates>> task;

        public Question(Func<Question, Task<FoundCertificates>> ask)
        {
            task = new(() =>
            {
                using (ExecutionContext.SuppressFlow())
                    return System.Threading.Tasks.Task.Run(() => ask(this));
            });
        }

        public Task<FoundCertificates> Task => task.Value;
    }

    /// <summary>What is remembered of an address, replaced when it is asked again.</summary>
    private sealed class Entry
    {
        private volatile Answer? answer;

        public Answer? Answer
        {
            get => answer;
            set => answer = value;
        }
    }

    private sealed record Answer(FoundCertificates Found, long At, TimeSpan HoldsFor);

    [LoggerMessage(400, LogLevel.Warning, "{Source} is down, and is left alone for a while: {Problem}")]
    private partial void LogDown(string source, string problem);

    [LoggerMessage(401, LogLevel.Information, "{Source} answers again; it was down since {Since:u}")]
    private partial void LogBack(string source, DateTimeOffset since);

    [LoggerMessage(402, LogLevel.Information, "{Source} does not answer, and what it had for {Address} before is used: {Problem}")]
    private partial void LogStale(string source, MailAddress address, string problem);
}
