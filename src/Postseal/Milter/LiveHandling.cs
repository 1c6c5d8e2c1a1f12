using Microsoft.Extensions.Logging;
using Postseal.Certificates.Store;
using Postseal.Policy;
using Postseal.Program.Milter.Reinjection;
using Postseal.Program.Milter.Splitting;
using Postseal.Settings;

namespace Postseal.Program.Milter;

/// <summary>What messages are handled with by the settings as they are now. What was read of certificates outlives a change of other
/// settings.</summary>
internal sealed class LiveHandling(Func<PostsealOptions> options, ILoggerFactory log, TimeProvider time)
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
        var field = new SplitField(new SplitKeyFile(now.StatePath, log.CreateLogger<SplitKeyFile>()), time);
        var ledger = made is { } last && last.Options.StatePath == now.StatePath ? last.Ledger : new SplitLedger(now.StatePath, time);
        var processor = new OutgoingProcessor(
            now, certificates, new RecipientCertificates(certificates), time, log.CreateLogger<OutgoingProcessor>());
        IMessageSplitter splitter = now.Splitting.Method switch
        {
            SplitMethod.Postfix => new PostfixSplitter(field, log.CreateLogger<PostfixSplitter>()),
            SplitMethod.Reinject => new ReinjectSplitter(processor, now.Splitting, field, ledger, time, log.CreateLogger<ReinjectSplitter>()),
            _ => new NoSplitter(),
        };
        return new Made(now, certificates, ledger, new Handling(
            processor, now.Splitting.Method, splitter, new SecondPass(now.Splitting.Method, field, log.CreateLogger<SecondPass>())));
    }

    private sealed record Made(PostsealOptions Options, CertificateDirectory Certificates, SplitLedger Ledger, Handling Handling);
}

/// <summary>What a message is handled with, all of it by the same settings.</summary>
/// <param name="Processor">Decides over it.</param>
/// <param name="Method">How messages are split.</param>
/// <param name="Splitter">Splits it.</param>
/// <param name="SecondPass">Receives what was split, where Postfix splits.</param>
internal sealed record Handling(IMailProcessor Processor, SplitMethod Method, IMessageSplitter Splitter, SecondPass SecondPass);
