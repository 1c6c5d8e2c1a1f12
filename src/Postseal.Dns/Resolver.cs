using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using DnsClient;

namespace Postseal.Dns;

/// <summary>
/// One resolver. It is asked over TCP alone: certificates of two or four kilobytes do not fit into a datagram, and a datagram that says AD could
/// come from anybody who guesses a port and an identifier, while a connection to loopback is with whoever listens there.
/// </summary>
internal sealed class Resolver : IDisposable
{
    // unbound takes ten connections and has others wait.
    private const int MaxConnections = 8;
    private const int SendSize = 1232; // said in EDNS, and of no consequence over TCP

    // One for each question at a time. The library keeps connections open and does not look whether the resolver has closed them meanwhile:
    // in this way each has one connection at most, and the second try is over a new one.
    private readonly ConcurrentStack<LookupClient> clients;
    private readonly SemaphoreSlim connections = new(MaxConnections);

    public Resolver(IPEndPoint endpoint)
    {
        Endpoint = endpoint;
        var settings = new LookupClientOptions(endpoint)
        {
            UseTcpOnly = true,
            UseTcpFallback = false,
            UseCache = false,
            UseRandomNameServer = false,
            ContinueOnDnsError = false,
            ContinueOnEmptyResponse = false,
            ThrowDnsErrors = false,
            Recursion = true,
            RequestDnsSecRecords = true, // DO, which asks for AD as well (RFC 6840 section 5.7); CD stays 0
            ExtendedDnsBufferSize = SendSize,
            Retries = 1, // over a new connection, where that which was kept open is closed meanwhile
            Timeout = System.Threading.Timeout.InfiniteTimeSpan, // who asks says how long
        };
        clients = new(Enumerable.Range(0, MaxConnections).Select(_ => new LookupClient(settings)));
    }

    public IPEndPoint Endpoint { get; }

    /// <summary>Asks for the records of a type.</summary>
    /// <param name="name">The name, in A-labels.</param>
    /// <param name="type">The type.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ResolverException">It gave no answer that can be believed.</exception>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public async Task<DnsAnswer> AskAsync(string name, ushort type, CancellationToken cancellationToken)
    {
        await connections.WaitAsync(cancellationToken).ConfigureAwait(false);
        clients.TryPop(out var client);
        try
        {
            var response = await client!.QueryAsync(name, (QueryType)type, QueryClass.IN, cancellationToken).ConfigureAwait(false);
            return AnswerReader.Read(response, name, type);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (e is not ResolverException)
        {
            // The library has many kinds of exceptions for what it cannot read, and wraps those of the socket.
            throw new ResolverException(Words(e), e) { IsOfResolver = IsUnreachable(e) };
        }
        finally
        {
            clients.Push(client!);
            connections.Release();
        }
    }

    /// <summary>Frees what is ours; connections that the library keeps open end by themselves.</summary>
    public void Dispose() => connections.Dispose();

    public override string ToString() => $"the resolver {Endpoint}";

    /// <summary>Determines whether nobody is there. A connection that ends in the middle may have to do with the question.</summary>
    private static bool IsUnreachable(Exception? e) => e is SocketException socket
        ? socket.SocketErrorCode is SocketError.ConnectionRefused or SocketError.HostUnreachable or SocketError.NetworkUnreachable
        : e is not null && IsUnreachable(e.InnerException);

    private static string Words(Exception e)
    {
        for (var inner = e; inner is not null; inner = inner.InnerException!)
        {
            if (inner is SocketException socket)
            {
                return socket.SocketErrorCode == SocketError.ConnectionRefused
                    ? "does not listen there on TCP; start it, or write its address into [Smimea] Resolver"
                    : $"cannot be reached ({socket.Message.TrimEnd('.')})";
            }

            if (inner is DnsXidMismatchException)
                return "answered another question";
            if (inner is TimeoutException)
                return "closed the connection without an answer";
            if (inner is DnsResponseParseException)
                return "answered with something that cannot be read";
        }

        return e is DnsResponseException && e.Message.Contains("truncated", StringComparison.Ordinal)
            ? "cut its answer off"
            : "answered with something that cannot be read";
    }
}
