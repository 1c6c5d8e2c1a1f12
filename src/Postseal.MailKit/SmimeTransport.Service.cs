using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailKit;
using MailKit.Net.Proxy;
using MailKit.Security;

namespace Postseal.MailKit;

/// <content>All that is not sending: the wrapped transport's own, passed on.</content>
public sealed partial class SmimeTransport
{
    /// <inheritdoc/>
    public event EventHandler<ConnectedEventArgs>? Connected
    {
        add => transport.Connected += value;
        remove => transport.Connected -= value;
    }

    /// <inheritdoc/>
    public event EventHandler<DisconnectedEventArgs>? Disconnected
    {
        add => transport.Disconnected += value;
        remove => transport.Disconnected -= value;
    }

    /// <inheritdoc/>
    public event EventHandler<AuthenticatedEventArgs>? Authenticated
    {
        add => transport.Authenticated += value;
        remove => transport.Authenticated -= value;
    }

    /// <inheritdoc/>
    public object SyncRoot => transport.SyncRoot;

    /// <inheritdoc/>
    public SslProtocols SslProtocols
    {
        get => transport.SslProtocols;
        set => transport.SslProtocols = value;
    }

    /// <inheritdoc/>
    public CipherSuitesPolicy? SslCipherSuitesPolicy
    {
        get => transport.SslCipherSuitesPolicy;
        set => transport.SslCipherSuitesPolicy = value;
    }

    /// <inheritdoc/>
    public TlsCipherSuite? SslCipherSuite => transport.SslCipherSuite;

    /// <inheritdoc/>
    public X509CertificateCollection? ClientCertificates
    {
        get => transport.ClientCertificates;
        set => transport.ClientCertificates = value;
    }

    /// <inheritdoc/>
    public bool CheckCertificateRevocation
    {
        get => transport.CheckCertificateRevocation;
        set => transport.CheckCertificateRevocation = value;
    }

    /// <inheritdoc/>
    public RemoteCertificateValidationCallback? ServerCertificateValidationCallback
    {
        get => transport.ServerCertificateValidationCallback;
        set => transport.ServerCertificateValidationCallback = value;
    }

    /// <inheritdoc/>
    public IPEndPoint? LocalEndPoint
    {
        get => transport.LocalEndPoint;
        set => transport.LocalEndPoint = value;
    }

    /// <inheritdoc/>
    public IProxyClient? ProxyClient
    {
        get => transport.ProxyClient;
        set => transport.ProxyClient = value;
    }

    /// <inheritdoc/>
    public HashSet<string> AuthenticationMechanisms => transport.AuthenticationMechanisms;

    /// <inheritdoc/>
    public bool IsAuthenticated => transport.IsAuthenticated;

    /// <inheritdoc/>
    public bool IsConnected => transport.IsConnected;

    /// <inheritdoc/>
    public bool IsSecure => transport.IsSecure;

    /// <inheritdoc/>
    public bool IsEncrypted => transport.IsEncrypted;

    /// <inheritdoc/>
    public bool IsSigned => transport.IsSigned;

    /// <inheritdoc/>
    public SslProtocols SslProtocol => transport.SslProtocol;

    /// <inheritdoc/>
    [Obsolete("Use SslCipherSuite instead.")]
    public CipherAlgorithmType? SslCipherAlgorithm => transport.SslCipherAlgorithm;

    /// <inheritdoc/>
    [Obsolete("Use SslCipherSuite instead.")]
    public int? SslCipherStrength => transport.SslCipherStrength;

    /// <inheritdoc/>
    [Obsolete("Use SslCipherSuite instead.")]
    public HashAlgorithmType? SslHashAlgorithm => transport.SslHashAlgorithm;

    /// <inheritdoc/>
    [Obsolete("Use SslCipherSuite instead.")]
    public int? SslHashStrength => transport.SslHashStrength;

    /// <inheritdoc/>
    [Obsolete("Use SslCipherSuite instead.")]
    public ExchangeAlgorithmType? SslKeyExchangeAlgorithm => transport.SslKeyExchangeAlgorithm;

    /// <inheritdoc/>
    [Obsolete("Use SslCipherSuite instead.")]
    public int? SslKeyExchangeStrength => transport.SslKeyExchangeStrength;

    /// <inheritdoc/>
    public int Timeout
    {
        get => transport.Timeout;
        set => transport.Timeout = value;
    }

    /// <inheritdoc/>
    public void Connect(string host, int port, bool useSsl, CancellationToken cancellationToken = default) =>
        transport.Connect(host, port, useSsl, cancellationToken);

    /// <inheritdoc/>
    public Task ConnectAsync(string host, int port, bool useSsl, CancellationToken cancellationToken = default) =>
        transport.ConnectAsync(host, port, useSsl, cancellationToken);

    /// <inheritdoc/>
    public void Connect(
        string host, int port = 0, SecureSocketOptions options = SecureSocketOptions.Auto, CancellationToken cancellationToken = default) =>
        transport.Connect(host, port, options, cancellationToken);

    /// <inheritdoc/>
    public Task ConnectAsync(
        string host, int port = 0, SecureSocketOptions options = SecureSocketOptions.Auto, CancellationToken cancellationToken = default) =>
        transport.ConnectAsync(host, port, options, cancellationToken);

    /// <inheritdoc/>
    public void Connect(
        Socket socket, string host, int port = 0, SecureSocketOptions options = SecureSocketOptions.Auto, CancellationToken cancellationToken = default) =>
        transport.Connect(socket, host, port, options, cancellationToken);

    /// <inheritdoc/>
    public Task ConnectAsync(
        Socket socket, string host, int port = 0, SecureSocketOptions options = SecureSocketOptions.Auto, CancellationToken cancellationToken = default) =>
        transport.ConnectAsync(socket, host, port, options, cancellationToken);

    /// <inheritdoc/>
    public void Connect(
        Stream stream, string host, int port = 0, SecureSocketOptions options = SecureSocketOptions.Auto, CancellationToken cancellationToken = default) =>
        transport.Connect(stream, host, port, options, cancellationToken);

    /// <inheritdoc/>
    public Task ConnectAsync(
        Stream stream, string host, int port = 0, SecureSocketOptions options = SecureSocketOptions.Auto, CancellationToken cancellationToken = default) =>
        transport.ConnectAsync(stream, host, port, options, cancellationToken);

    /// <inheritdoc/>
    public void Authenticate(ICredentials credentials, CancellationToken cancellationToken = default) =>
        transport.Authenticate(credentials, cancellationToken);

    /// <inheritdoc/>
    public Task AuthenticateAsync(ICredentials credentials, CancellationToken cancellationToken = default) =>
        transport.AuthenticateAsync(credentials, cancellationToken);

    /// <inheritdoc/>
    public void Authenticate(
        Encoding encoding, ICredentials credentials, CancellationToken cancellationToken = default) =>
        transport.Authenticate(encoding, credentials, cancellationToken);

    /// <inheritdoc/>
    public Task AuthenticateAsync(
        Encoding encoding, ICredentials credentials, CancellationToken cancellationToken = default) =>
        transport.AuthenticateAsync(encoding, credentials, cancellationToken);

    /// <inheritdoc/>
    public void Authenticate(
        Encoding encoding, string userName, string password, CancellationToken cancellationToken = default) =>
        transport.Authenticate(encoding, userName, password, cancellationToken);

    /// <inheritdoc/>
    public Task AuthenticateAsync(
        Encoding encoding, string userName, string password, CancellationToken cancellationToken = default) =>
        transport.AuthenticateAsync(encoding, userName, password, cancellationToken);

    /// <inheritdoc/>
    public void Authenticate(string userName, string password, CancellationToken cancellationToken = default) =>
        transport.Authenticate(userName, password, cancellationToken);

    /// <inheritdoc/>
    public Task AuthenticateAsync(string userName, string password, CancellationToken cancellationToken = default) =>
        transport.AuthenticateAsync(userName, password, cancellationToken);

    /// <inheritdoc/>
    public void Authenticate(SaslMechanism mechanism, CancellationToken cancellationToken = default) =>
        transport.Authenticate(mechanism, cancellationToken);

    /// <inheritdoc/>
    public Task AuthenticateAsync(SaslMechanism mechanism, CancellationToken cancellationToken = default) =>
        transport.AuthenticateAsync(mechanism, cancellationToken);

    /// <inheritdoc/>
    public void Disconnect(bool quit, CancellationToken cancellationToken = default) =>
        transport.Disconnect(quit, cancellationToken);

    /// <inheritdoc/>
    public Task DisconnectAsync(bool quit, CancellationToken cancellationToken = default) =>
        transport.DisconnectAsync(quit, cancellationToken);

    /// <inheritdoc/>
    public void NoOp(CancellationToken cancellationToken = default) =>
        transport.NoOp(cancellationToken);

    /// <inheritdoc/>
    public Task NoOpAsync(CancellationToken cancellationToken = default) =>
        transport.NoOpAsync(cancellationToken);
}
