using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Postseal.Certificates.Sources;
using Postseal.Ldap.Protocol;

namespace Postseal.Ldap.Connections;

/// <summary>Opens connections: the socket, TLS, who we are.</summary>
/// <param name="options">The settings of the source.</param>
/// <param name="authentication">Says who we are.</param>
internal sealed class LdapConnector(LdapOptions options, Authentication authentication)
{
    private const int LdapPort = 389, LdapsPort = 636;

    /// <summary>Opens a connection to a server.</summary>
    /// <exception cref="IOException">It cannot be reached, is not who it should be, or does not take us for who we are.</exception>
    public async Task<LdapConnection> OpenAsync(Uri server, CancellationToken cancellationToken)
    {
        var label = $"ldap:{options.Name} ({server.OriginalString})";
        // The settings are held to it too, but programs make options without them.
        if (options is { Bind: LdapBind.Simple, StartTls: false } && server is { Scheme: "ldap", IsLoopback: false })
            throw new IOException($"{label} would get the password in BindFile in clear; write ldaps:// or StartTls = yes");
        var socket = await ConnectAsync(server, label, cancellationToken).ConfigureAwait(false);
        try
        {
            Stream bare = new NetworkStream(socket, ownsSocket: true);
            if (server.Scheme == "ldaps")
                bare = await EncryptAsync(bare, server, label, cancellationToken).ConfigureAwait(false);
            var stream = new LdapStream(bare, label);
            var connection = new LdapConnection(socket, stream, label);
            if (server.Scheme == "ldap" && options.StartTls)
            {
                var answer = await connection.AskAsync(
                    LdapRequests.StartTls(), LdapOperations.ExtendedResponse, take: null, cancellationToken).ConfigureAwait(false);
                if (answer.Code != LdapResultCode.Success)
                    throw new IOException($"{label} does not do StartTLS, and is not asked in clear: {answer}");
                bare = await EncryptAsync(stream.Bare, server, label, cancellationToken).ConfigureAwait(false);
                connection = new LdapConnection(socket, new LdapStream(bare, label), label);
            }

            await authentication.BindAsync(connection, cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Socket> ConnectAsync(Uri server, string label, CancellationToken cancellationToken)
    {
        var isLocal = server.Scheme == "ldapi";
        var socket = isLocal
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            EndPoint endpoint = isLocal
                ? new UnixDomainSocketEndPoint(Uri.UnescapeDataString(server.AbsolutePath))
                : new DnsEndPoint(server.IdnHost, server.Port > 0 ? server.Port : server.Scheme == "ldaps" ? LdapsPort : LdapPort);
            await socket.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is SocketException or ArgumentException)
                throw new IOException($"{label} cannot be reached: {e.Message}", e);
            throw;
        }
    }

    private async Task<Stream> EncryptAsync(Stream bare, Uri server, string label, CancellationToken cancellationToken)
    {
        var problem = "";
        var tls = new SslStream(bare);
        try
        {
            var trust = ServerTrust.OptionsFor(options, server.IdnHost, found => problem = found);
            await tls.AuthenticateAsClientAsync(trust, cancellationToken).ConfigureAwait(false);
            return tls;
        }
        catch (AuthenticationException e)
        {
            throw new IOException($"{label} is not trusted: {(problem.Length > 0 ? problem : "TLS failed, " + (e.InnerException ?? e).Message)}", e);
        }
        catch (IOException e) when (e is not ConnectionClosedException)
        {
            throw new IOException($"{label} does not speak TLS: {e.Message}", e);
        }
    }
}
