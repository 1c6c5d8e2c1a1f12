using Microsoft.Extensions.Logging;
using Postseal.Certificates.Store;
using Postseal.Settings;

namespace Postseal.Program.Milter;

/// <summary>The processor for the settings as they are now. What was read of certificates outlives a change of other settings.</summary>
internal sealed class LiveProcessor(Func<PostsealOptions> options, ILoggerFactory log, TimeProvider time)
{
    private readonly Lock making = new();
    private volatile Made? made;

    public IMailProcessor Current
    {
        get
        {
            var now = options();
            if (made is { } known && ReferenceEquals(known.Options, now))
                return known.Processor;
            lock (making)
                return (made = Make(now)).Processor;
        }
    }

    private Made Make(PostsealOptions now)
    {
        var certificates = made is { } before && before.Options.Certificates.IsSameAs(now.Certificates)
            ? before.Certificates
            : new CertificateDirectory(now.Certificates, time, log.CreateLogger<CertificateDirectory>());
        return new Made(now, certificates, new OutgoingProcessor(now, certificates, time));
    }

    private sealed record Made(PostsealOptions Options, CertificateDirectory Certificates, OutgoingProcessor Processor);
}
