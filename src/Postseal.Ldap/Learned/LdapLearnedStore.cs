using System.Runtime.ExceptionServices;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Harvest;
using Postseal.Ldap.Connections;
using Postseal.Ldap.Protocol;
using Postseal.Mail;

namespace Postseal.Ldap.Learned;

/// <summary>
/// Learned certificates in a directory service that several hosts share: an entry for each address, below Base. Nobody has a lock. Each change
/// deletes, in the same request, the very record that it was decided by, so that of two hosts the server refuses the second (RFC 4511 section
/// 4.6), which then reads and decides again. What somebody else put there is never changed.
/// </summary>
/// <param name="connections">The connections to the servers.</param>
/// <param name="options">The settings.</param>
internal sealed class LdapLearnedStore(LdapConnections connections, LdapOptions options) : ILearnedStore
{
    // Each try that is in vain, another one was not: as many as may come in of one author at once. The time is bounded by Timeout.
    private const int MaxTries = 20;

    private readonly LearnedAttributes attributes = new(options.Attributes);

    /// <inheritdoc/>
    public async ValueTask<LearnedSet> ReadAsync(MailAddress address, CancellationToken cancellationToken = default)
    {
        var found = await UseAsync((connection, token) => FindAsync(connection, address, token), cancellationToken).ConfigureAwait(false);
        return found.Known;
    }

    /// <inheritdoc/>
    public async ValueTask<HarvestDecision> ChangeAsync(
        MailAddress address, Func<LearnedSet, HarvestDecision> decide, CancellationToken cancellationToken = default)
    {
        ExceptionDispatchInfo? ofDecision = null;
        var decision = await UseAsync(
            (connection, token) => ChangeAsync(connection, address, Decide, token), cancellationToken).ConfigureAwait(false);
        ofDecision?.Throw();
        return decision;

        // It reads files of this host; what is wrong with them is no fault of a server's.
        HarvestDecision Decide(LearnedSet known)
        {
            try
            {
                ofDecision = null;
                return decide(known);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                ofDecision = ExceptionDispatchInfo.Capture(e);
                return new HarvestDecision(HarvestKind.Failed, e.Message);
            }
        }
    }

    private async Task<T> UseAsync<T>(Func<LdapConnection, CancellationToken, Task<T>> use, CancellationToken cancellationToken)
    {
        try
        {
            return await connections.UseAsync(use, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e) when (e is not (LdapException { IsOfServer: false } or AnswerTooLargeException or ConnectionsInUseException))
        {
            throw new SourceUnavailableException(e.Message, e);
        }
    }

    private async Task<HarvestDecision> ChangeAsync(
        LdapConnection connection, MailAddress address, Func<LearnedSet, HarvestDecision> decide, CancellationToken cancellationToken)
    {
        LdapResultCode? refusal = null;
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var found = await FindAsync(connection, address, cancellationToken).ConfigureAwait(false);
            // It is there, and the search does not show it as ours.
            if (refusal == LdapResultCode.EntryAlreadyExists && found.Own is null && found.Known.Strange is null)
                found = found with { Known = new LearnedSet { Strange = $"{connections.Name}: {DnOf(address)}" } };
            var decision = decide(found.Known);
            if (decision.Change is not { } change)
                return decision;
            try
            {
                await WriteAsync(connection, found.Own, change, cancellationToken).ConfigureAwait(false);
                return decision;
            }
            catch (LdapException e) when (IsChangedMeanwhile(e.Code, isNew: found.Own is null))
            {
                refusal = e.Code;
            }
        }

        throw new LdapException($"{connection.Label}: others change '{DnOf(address)}' again and again", refusal!.Value);
    }

    private async Task<FoundEntries> FindAsync(LdapConnection connection, MailAddress address, CancellationToken cancellationToken)
    {
        var search = new LdapSearch(options.Base, LdapFilter.For(options.Filter, address), attributes.All) { TimeLimit = options.Timeout };
        var answer = await connection.SearchAsync(search, cancellationToken).ConfigureAwait(false);
        return FoundEntries.Of(connections.Name, address, answer.Entries);
    }

    private Task WriteAsync(LdapConnection connection, LearnedEntry? own, LearnedChange change, CancellationToken cancellationToken) => own is null
        ? connection.AddAsync(DnOf(change.Record.Address), attributes.ForNew(change), cancellationToken)
        : connection.ModifyAsync(own.Dn, attributes.ForKnown(own, change), cancellationToken);

    private string DnOf(MailAddress address) => DistinguishedName.Below(options.Base, LearnedAttributes.Mail, address.CanonicalText);

    private static bool IsChangedMeanwhile(LdapResultCode code, bool isNew) => isNew
        ? code is LdapResultCode.EntryAlreadyExists
        : code is LdapResultCode.NoSuchAttribute or LdapResultCode.AttributeOrValueExists or LdapResultCode.NoSuchObject;
}
