using Microsoft.Extensions.Logging;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Store;
using Postseal.Http;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter.Reinjection;
using Postseal.Program.Milter.Splitting;
using Postseal.Settings;

namespace Postseal.Program.Milter;

/// <summary>What messages are handled with by the settings as they are now. What was read of certificates outlives a change of other
/// settings.</summary>
/// <param name="options">The settings as they are now.</param>
/// <param name="open">Opens the sources outside of files that settings name.</param>
/// <param name="log">Takes lines of everybody who works on mail.</param>
/// <param name="time">The clock.</param>
internal sealed class LiveHandling(
    Func<PostsealOptions> options, Func<PostsealOptions, RemoteSources> open, ILoggerFactory log, TimeProvider time)
{
    private readonly Lock making = new();
    private volatile Made? made;

    public Handling Current
    {
        get
        {
            var now = options();
            if (made is { } known && ReferenceEquals(known.Options, now))
                return known.Handling;
            lock (making)
                return (made = Make(now)).Handling;
        }
    }

    private Made Make(PostsealOptions now)
    {
        var certificates = made is { } before && before.Options.Certificates.IsSameAs(now.Certificates)
            ? before.Certificates
            : new CertificateDirectory(now.Certificates, time, log.CreateLogger<CertificateDirectory>());
        var remote = Remote(now);
        var sources = new CertificateSources(now, certificates, remote);
        var field = new SplitField(new SplitKeyFile(now.StatePath, log.CreateLogger<SplitKeyFile>()), time);
        var ledger = made is { } last && last.Options.StatePath == now.StatePath ? last.Ledger : new SplitLedger(now.StatePath, time);
        var processor = new OutgoingProcessor(now, sources, time, log.CreateLogger<OutgoingProcessor>());
        var cas = made is { } then && ReferenceEquals(then.Certificates, certificates) && IsSame(then.Options, now) ? then.Cas : Contact(now, certificates);
        var incoming = new MailVerification(now, sources, cas, time, log.CreateLogger<MailVerification>(), learns: true).Incoming;
        var router = new MailRouter(processor, incoming);
        IMessageSplitter splitter = now.Splitting.Method switch
        {
            SplitMethod.Postfix => new PostfixSplitter(field, log.CreateLogger<PostfixSplitter>()),
            SplitMethod.Reinject => new ReinjectSplitter(router, now.Splitting, field, ledger, time, log.CreateLogger<ReinjectSplitter>()),
            _ => new NoSplitter(),
        };
        return new Made(now, certificates, remote, ledger, cas, new Handling(
            router, incoming.IsIncoming, incoming.MayOpen, now.Incoming is { Verify: true, Domains.Count: > 0 }, now.Splitting.Method,
            splitter, new SecondPass(now.Splitting.Method, field, log.CreateLogger<SecondPass>())));
    }

    /// <summary>Opens the sources outside of files, or returns those that are open: what they found, and their connections, outlive a change of
    /// other settings. A message that is asking one of the others gets a temporary failure, or waits for its answer.</summary>
    private RemoteSources Remote(PostsealOptions now)
    {
        if (made is { Remote: var before })
        {
            if (before.AreFor(now))
                return before;
            _ = before.DisposeAsync().AsTask();
        }

        return open(now);
    }

    /// <summary>Starts asking CAs by these settings, and ends it by those before. Messages on their way go on with what is known.</summary>
    private CaContact Contact(PostsealOptions now, CertificateDirectory certificates)
    {
        if (made is { Cas: var before })
            _ = before.DisposeAsync().AsTask();
        return MailVerification.ContactWithCas(
            now, certificates, new HttpDownloads(now.Revocation.Proxy, time), time, log.CreateLogger<CaContact>());
    }

    /// <summary>Determines whether the same is asked: what is known of CAs outlives a change of anything else.</summary>
    private static bool IsSame(PostsealOptions before, PostsealOptions now) =>
        before.Revocation == now.Revocation && before.StatePath == now.StatePath;

    private sealed record Made(
        PostsealOptions Options, CertificateDirectory Certificates, RemoteSources Remote, SplitLedger Ledger, CaContact Cas, Handling Handling);
}

/// <summary>What a message is handled with, all of it by the same settings.</summary>
/// <param name="Processor">Decides over it.</param>
/// <param name="IsIncoming">Tells mail from outside for our domains.</param>
/// <param name="MayOpen">Determines by its header whether mail from outside may be opened.</param>
/// <param name="VerifiesIncoming">Whether there is any such mail.</param>
/// <param name="Method">How messages are split.</param>
/// <param name="Splitter">Splits it.</param>
/// <param name="SecondPass">Receives what was split, where Postfix splits.</param>
internal sealed record Handling(
    IMailProcessor Processor, Predicate<Envelope> IsIncoming,
    Func<Envelope, IReadOnlyList<HeaderField>, bool> MayOpen, bool VerifiesIncoming, SplitMethod Method, IMessageSplitter Splitter,
    SecondPass SecondPass);
