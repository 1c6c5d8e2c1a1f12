using System.Formats.Asn1;
using System.Net.Sockets;
using Postseal.Ldap.Protocol;

namespace Postseal.Ldap.Connections;

/// <summary>
/// A connection to a directory server (RFC 4511), for one request at a time. Every error but an answer of the server
/// (<see cref="LdapException"/>) makes it unusable: nobody knows any more which answer belongs to what.
/// </summary>
/// <param name="socket">The socket.</param>
/// <param name="stream">Its stream, encrypted or not.</param>
/// <param name="label">What it is called in errors: the source and the server.</param>
internal sealed class LdapConnection(Socket socket, LdapStream stream, string label) : IAsyncDisposable
{
    /// <summary>The most bytes of an answer: twenty entries with some certificates each have a tenth of it.</summary>
    public const int MaxAnswer = 2 << 20;

    private const int NoticeOfDisconnection = 0; // the message ID of what answers no request

    private int lastId;

    /// <summary>Gets what it is called in errors: the source and the server.</summary>
    public string Label { get; } = label;

    /// <summary>Gets whether it may be used for another request.</summary>
    public bool IsUsable { get; private set; } = true;

    /// <summary>Gets whether the server has said nothing since the last answer. A server that closes a connection, or says that it will, is heard
    /// here before a request is lost.</summary>
    public bool IsQuiet => IsUsable && !stream.HasMore && !socket.Poll(0, SelectMode.SelectRead);

    /// <summary>Searches.</summary>
    /// <returns>The entries. Other servers that the server refers to are not asked.</returns>
    /// <exception cref="LdapException">The server answered with something else than success: what is there is not known.</exception>
    /// <exception cref="FormatException">The filter is none.</exception>
    /// <exception cref="IOException">It did not answer, or not in a way that can be believed.</exception>
    public async Task<LdapAnswer> SearchAsync(LdapSearch search, CancellationToken cancellationToken)
    {
        var entries = new List<LdapEntry>();
        var values = 0;
        string? elsewhere = null;
        var result = await AskAsync(LdapRequests.Search(search), LdapOperations.SearchResultDone, Take, cancellationToken).ConfigureAwait(false);
        var isCutOff = search.IsSample && result.Code == LdapResultCode.SizeLimitExceeded;
        if (result.Code == LdapResultCode.SizeLimitExceeded && !isCutOff)
        {
            throw new LdapException(
                $"{Label} has more than {search.MaxEntries} entries for {search.Filter}, or more than it lets us see: {result}", result.Code);
        }

        if (!isCutOff)
            Expect(result, $"the search below '{search.Base}'");
        return new LdapAnswer(entries, isCutOff) { Elsewhere = elsewhere };

        bool Take(LdapMessage message)
        {
            if (message.Operation == LdapOperations.IntermediateResponse)
                return true;
            if (message.Operation == LdapOperations.SearchResultReference)
            {
                elsewhere ??= ContinuationReference.Read(message.Content);
                return true;
            }

            if (message.Operation != LdapOperations.SearchResultEntry)
                return false;
            if (entries.Count == search.MaxEntries)
                throw new AnswerTooLargeException($"{Label} answered with more than the {search.MaxEntries} entries that it was asked for");
            entries.Add(LdapEntry.Read(message.Content));
            values += entries[^1].Attributes.Sum(attribute => 1 + attribute.Values.Count);
            return values <= search.MaxValues
                ? true
                : throw new AnswerTooLargeException($"{Label} answered with more than {search.MaxValues} values");
        }
    }

    /// <summary>Adds an entry.</summary>
    /// <inheritdoc cref="ModifyAsync" path="/exception"/>
    public Task AddAsync(string dn, IReadOnlyList<LdapAttribute> attributes, CancellationToken cancellationToken) =>
        ChangeAsync(LdapRequests.Add(dn, attributes), LdapOperations.AddResponse, $"to add '{dn}'", cancellationToken);

    /// <summary>Changes an entry, wholly or not at all.</summary>
    /// <exception cref="LdapException">The server did not do it.</exception>
    /// <exception cref="IOException">It did not answer: nobody knows whether it did.</exception>
    public Task ModifyAsync(string dn, IReadOnlyList<LdapChange> changes, CancellationToken cancellationToken) =>
        ChangeAsync(LdapRequests.Modify(dn, changes), LdapOperations.ModifyResponse, $"to change '{dn}'", cancellationToken);

    /// <summary>Sends a request and returns what the server says of it in the end.</summary>
    /// <param name="request">The request.</param>
    /// <param name="response">The tag of the last message of the answer.</param>
    /// <param name="take">Takes the messages before it; false for one that does not belong there.</param>
    /// <param name="cancellationToken">Gives up, after which it is unusable.</param>
    internal async Task<LdapResult> AskAsync(
        Action<AsnWriter> request, int response, Predicate<LdapMessage>? take, CancellationToken cancellationToken)
    {
        var id = ++lastId;
        var message = LdapRequests.Message(id, request);
        IsUsable = false;
        try
        {
            await stream.SendAsync(message, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Array.Clear(message); // it may have a password
        }

        long left = MaxAnswer;
        while (true)
        {
            var (answer, length) = await stream.ReceiveAsync(left, $"{MaxAnswer >> 20} MiB", cancellationToken).ConfigureAwait(false);
            left -= length;
            try
            {
                if (answer.Id == NoticeOfDisconnection && answer.Operation == LdapOperations.ExtendedResponse)
                    throw new ConnectionClosedException($"{Label} ends the connection: {LdapResult.Read(answer.Content)}");
                if (answer.Id == id && answer.Operation == response)
                {
                    var result = LdapResult.Read(answer.Content);
                    IsUsable = true;
                    return result;
                }

                if (answer.Id != id || take?.Invoke(answer) != true)
                    throw new IOException($"{Label} answered with a message that belongs to no request of ours");
            }
            catch (AsnContentException e)
            {
                throw new IOException($"{Label} answered with something that is no LDAP", e);
            }
        }
    }

    /// <summary>Throws unless the answer is success.</summary>
    internal void Expect(LdapResult result, string request)
    {
        if (result.Code == LdapResultCode.Success)
            return;
        var remedy = result.Code switch
        {
            // Servers say the same of what the account may not see.
            LdapResultCode.NoSuchObject => "; correct Base, or let the account of Bind see it",
            LdapResultCode.InvalidDnSyntax => "; correct Base",
            LdapResultCode.Referral => "; referrals are not followed: name the server that has the entries itself in Url",
            LdapResultCode.InsufficientAccessRights or LdapResultCode.OperationsError => "; let the account of Bind see that, or set Bind",
            LdapResultCode.StrongerAuthRequired or LdapResultCode.ConfidentialityRequired => "; it wants ldaps:// or StartTls = yes",
            _ => "",
        };
        throw new LdapException($"{Label} refused {request}: {result}{remedy}", result.Code);
    }

    private async Task ChangeAsync(Action<AsnWriter> request, int response, string what, CancellationToken cancellationToken) =>
        Expect(await AskAsync(request, response, take: null, cancellationToken).ConfigureAwait(false), what);

    /// <summary>Closes it, without waiting for the server.</summary>
    public async ValueTask DisposeAsync()
    {
        IsUsable = false;
        // A TLS stream would say goodbye first, to a server that may read nothing any more.
        socket.Dispose();
        try
        {
            await stream.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException)
        {
        }
    }
}
