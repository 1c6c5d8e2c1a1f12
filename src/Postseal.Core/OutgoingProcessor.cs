using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;

namespace Postseal;

/// <summary>
/// Protects outgoing mail as the configuration says: signs it, then encrypts it. Both the milter and the SMTP client call it with the
/// same input and get the same message. It waits for nothing but the disk, and certificates and keys that are elsewhere.
/// </summary>
public sealed class OutgoingProcessor : IMailProcessor
{
    private readonly OutgoingPolicy policy;
    private readonly SigningStage signing;
    private readonly EncryptionStage encryption;

    /// <summary>Makes a processor over the certificate directory alone.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="directory">The certificates and keys.</param>
    /// <param name="time">The clock for signing times.</param>
    public OutgoingProcessor(PostsealOptions options, CertificateDirectory directory, TimeProvider time)
        : this(options, new CertificateSources(options, directory), time, null)
    {
    }

    /// <summary>Makes a processor over all places where certificates and keys are.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="sources">The certificates and keys.</param>
    /// <param name="time">The clock for signing times.</param>
    /// <param name="logger">Takes a warning where something cannot be remembered.</param>
    public OutgoingProcessor(PostsealOptions options, CertificateSources sources, TimeProvider time, ILogger? logger)
        : this(options, (sources ?? throw new ArgumentNullException(nameof(sources))).Identities, sources.Recipients, time, logger)
    {
    }

    /// <summary>Makes a processor.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="identities">The certificates and keys that sign.</param>
    /// <param name="recipients">The certificates that mail is encrypted to.</param>
    /// <param name="time">The clock for signing times.</param>
    /// <param name="logger">Takes a warning where something cannot be remembered.</param>
    public OutgoingProcessor(
        PostsealOptions options, IIdentitySource identities, IRecipientSource recipients, TimeProvider time, ILogger? logger = null)
        : this(options, identities, recipients, time, new CorrespondentMemory(options?.StatePath, logger))
    {
    }

    /// <summary>Makes a processor that remembers to whom it encrypted wherever it is told to.</summary>
    internal OutgoingProcessor(
        PostsealOptions options, IIdentitySource identities, IRecipientSource recipients, TimeProvider time, ICorrespondentMemory memory)
    {
        ArgumentNullException.ThrowIfNull(options);
        policy = new OutgoingPolicy(
            options.Originating,
            new SigningPolicy(options.Signing, options.Senders),
            new EncryptionPolicy(options.Encryption, options.Recipients, options.Senders),
            options.Override);
        signing = new SigningStage(policy, identities, time);
        encryption = new EncryptionStage(policy, identities, recipients, memory);
    }

    /// <inheritdoc/>
    public bool AppliesTo(Envelope envelope, IReadOnlyList<HeaderField> headers) => policy.AppliesTo(envelope, headers);

    /// <inheritdoc/>
    /// <exception cref="IOException">The certificate directory cannot be read: try again later.</exception>
    /// <exception cref="UnauthorizedAccessException">The certificate directory must not be read: try again later.</exception>
    /// <exception cref="CryptographicException">The key failed to sign, or the platform to encrypt: try again later.</exception>
    public async ValueTask<Outcome> ProcessAsync(
        MailMessage message, Envelope envelope, CancellationToken cancellationToken = default)
    {
        var plan = policy.Plan(message, envelope);
        var signed = await signing.RunAsync(plan, cancellationToken).ConfigureAwait(false);
        if (signed is not StageResult.Passed { Message: var soFar, Fact: var signature })
            return Stopped((StageResult.Stopped)signed, plan);
        return await encryption.RunAsync(plan, soFar, cancellationToken).ConfigureAwait(false) switch
        {
            StageResult.Stopped stopped => Stopped(stopped, plan),
            StageResult.Split split => new Outcome.PerRecipient(
                soFar, Facts(plan, signature, null), policy.TicketFor(plan, split.MinKeyBits))
            { Plan = plan },
            StageResult.Passed passed when ReferenceEquals(passed.Message, message) && signature is Fact.NotSigned unsigned =>
                new Outcome.Unchanged(unsigned.Why, unsigned.NeedsAttention) { Facts = Facts(plan, null, passed.Fact), Plan = plan },
            StageResult.Passed passed => new Outcome.Replaced(passed.Message, Facts(plan, signature, passed.Fact))
            {
                Plan = plan,
                BeforeEncryption = soFar,
            },
            var other => throw new InvalidOperationException($"Nothing is known of {other}."),
        };
    }

    private static Outcome.Refused Stopped(StageResult.Stopped stopped, OutgoingPlan plan) =>
        new(stopped.Why, stopped.Reply) { Plan = plan };

    private static IReadOnlyList<Fact> Facts(OutgoingPlan plan, Fact? signature, Fact? encryption)
    {
        var removed = plan.Marks.Removed is { Count: > 0 } marks ? new Fact.MarksRemoved(marks) : null;
        return [.. new[] { signature, encryption, removed }.OfType<Fact>()];
    }
}
