using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>Where learned certificates are kept: files of this host, or a directory service that several hosts share.</summary>
internal interface ILearnedStore
{
    /// <summary>Reads what is known of an address.</summary>
    /// <param name="address">The address.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">It cannot be read, or not in time; the message is for the log.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    ValueTask<LearnedSet> ReadAsync(MailAddress address, CancellationToken cancellationToken = default);

    /// <summary>Changes what is known of an address, so that nobody else changes it between the decision and the change: nobody can, or it is
    /// decided again.</summary>
    /// <param name="address">The address.</param>
    /// <param name="decide">Decides by what is known; called once or more.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The last decision, whose change was made, if it has one.</returns>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    ValueTask<HarvestDecision> ChangeAsync(
        MailAddress address, Func<LearnedSet, HarvestDecision> decide, CancellationToken cancellationToken = default);
}
