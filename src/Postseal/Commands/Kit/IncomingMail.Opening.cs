using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Verification;

namespace Postseal.Program.Commands.Kit;

/// <content>Opens mail that stayed encrypted, for an administrator who may read the keys.</content>
internal sealed partial class IncomingMail
{
    /// <summary>Opens a message as far as there are keys, and marks it as the daemon would. The caller disposes of its reading.</summary>
    /// <param name="message">The message.</param>
    /// <param name="owners">Whose keys are used; none: those of everybody in the directory.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Opening> OpenAsync(MailMessage message, IReadOnlyList<MailAddress> owners, CancellationToken cancellationToken)
    {
        var opening = await OpenOnceAsync(message, owners, cancellationToken);
        if (!cas.WhenIdleAsync().IsCompleted && !isImpatient)
        {
            opening.Reading.Dispose();
            await WaitAsync(cancellationToken);
            opening = await OpenOnceAsync(message, owners, cancellationToken);
        }

        return opening.IsOpened ? Marked(opening) : opening;
    }

    private async ValueTask<Opening> OpenOnceAsync(MailMessage message, IReadOnlyList<MailAddress> owners, CancellationToken cancellationToken) =>
        await verification.Opener.OpenAsync(message, async (envelope, cancellation) =>
        {
            if (owners.Count == 0)
                return await AllKeysAsync(envelope, cancellation);
            var keys = new List<DecryptionKey>();
            foreach (var owner in owners)
                keys.AddRange(await sources.Keys.FindDecryptionKeysAsync(owner, envelope.Names, cancellation));
            return keys;
        }, cancellationToken);

    /// <summary>Finds keys whoever they belong to, in the token only where no file has one.</summary>
    private async ValueTask<IReadOnlyList<DecryptionKey>> AllKeysAsync(ReceivedEnvelope envelope, CancellationToken cancellationToken)
    {
        var inFiles = sources.Directory.FindAllDecryptionKeys(envelope.Names);
        if (inFiles.Count > 0 || sources.Token is null)
            return inFiles;
        var inToken = await sources.Token.AllAsync(cancellationToken);
        return [.. inToken.Where(certificate => envelope.Names(certificate.Certificate)).Select(certificate => certificate.DecryptionKey)];
    }

    private Opening Marked(Opening opening)
    {
        var verdict = opening.Reading.Verdict;
        HeaderField?[] marks = [verdict.Layers.Count > 0 ? VerdictField.Write(verdict, own.AuthservId, opening.PartOf) : null, opening.Mark];
        var before = own.WithoutVerdict(opening.Message);
        return opening with { Message = before with { Headers = [.. marks.OfType<HeaderField>(), .. before.Headers] } };
    }
}
