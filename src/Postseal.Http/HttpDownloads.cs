using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Fetching;

namespace Postseal.Http;

/// <summary>
/// Fetches over HTTP. Which address a name has is asked once, and the one that is connected to is the one that was checked: a name
/// server that answers otherwise the next time changes nothing. Through a proxy the names are the proxy's to look up, and only what
/// is plainly inside is refused.
/// </summary>
internal sealed class HttpDownloads : IDownloads, IDisposable
{
    private readonly HttpClient client;
    private readonly TimeProvider time;
    private readonly Func<IPAddress, bool> isAllowed;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve;
    private readonly bool isByProxy;

    /// <summary>Makes it ready.</summary>
    /// <param name="proxy">The proxy; <see langword="null"/>: none, whatever the environment says.</param>
    /// <param name="time">The clock of time-outs.</param>
    public HttpDownloads(Uri? proxy, TimeProvider time)
        : this(proxy, time, PublicAddress.Is, Dns.GetHostAddressesAsync)
    {
    }

    /// <summary>Makes it ready with addresses and names of a test.</summary>
    internal HttpDownloads(
        Uri? proxy, TimeProvider time, Func<IPAddress, bool> isAllowed, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        (this.time, this.isAllowed, this.resolve, isByProxy) = (time, isAllowed, resolve, proxy is not null);
        client = new HttpClient(Handler(proxy)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <inheritdoc/>
    public async Task<Download> FetchAsync(DownloadRequest request, CancellationToken cancellationToken)
    {
        if (UrlRules.Check(request.Url, isAllowed, isByProxy) is { } refusal)
            return Download.Failed(refusal);
        using var clock = new CancellationTokenSource(request.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        try
        {
            using var message = MessageOf(request);
            using var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.OK
                ? await ReadAsync(response, request.MaxLength, either.Token).ConfigureAwait(false)
                : Download.Failed(Describe(response.StatusCode));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Download.Failed($"does not answer within {request.Timeout.TotalSeconds:0} seconds");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            return Download.Failed($"cannot be reached: {(e.InnerException ?? e).Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private SocketsHttpHandler Handler(Uri? proxy) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = isByProxy,
        Proxy = isByProxy ? new WebProxy(proxy) : null,
        PreAuthenticate = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = 16, // KiB
        MaxResponseDrainSize = 0,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        ConnectTimeout = TimeSpan.FromSeconds(5),
        // Whose mail it is for is nobody's business there.
        ActivityHeadersPropagator = null,
        ConnectCallback = isByProxy ? null : ConnectAsync,
        SslOptions = { CertificateChainPolicy = TlsPolicy() },
    };

    /// <summary>The platform would fetch what the certificate of the server points to, from anywhere.</summary>
    private static X509ChainPolicy TlsPolicy() => new()
    {
        DisableCertificateDownloads = true,
        RevocationMode = X509RevocationMode.NoCheck,
        ApplicationPolicy = { new Oid("1.3.6.1.5.5.7.3.1") }, // id-kp-serverAuth
    };

    private static HttpRequestMessage MessageOf(DownloadRequest request)
    {
        var message = new HttpRequestMessage(request.Body is null ? HttpMethod.Get : HttpMethod.Post, request.Url)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (request.Body is { } body)
        {
            message.Content = new ReadOnlyMemoryContent(body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(request.ContentType!);
        }

        return message;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await resolve(host, cancellationToken).ConfigureAwait(false);
        var allowed = Array.FindAll(addresses, address => isAllowed(address));
        if (allowed.Length == 0)
            throw new IOException(addresses.Length == 0 ? $"{host} has no address" : $"{host} is at {addresses[0]}, which is no address of the Internet");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Download> ReadAsync(HttpResponseMessage response, int maxLength, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentLength > maxLength)
            return TooLong(maxLength);
        using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var content = new MemoryStream();
        var piece = new byte[16 << 10];
        while (await body.ReadAsync(piece, cancellationToken).ConfigureAwait(false) is var read and > 0)
        {
            if (content.Length + read > maxLength)
                return TooLong(maxLength);
            content.Write(piece.AsSpan(0, read));
        }

        return new Download(content.ToArray(), null);
    }

    private static Download TooLong(int maxLength) => Download.Failed($"has more than {maxLength >> 10} KiB");

    private static string Describe(HttpStatusCode status) => (int)status is >= 300 and < 400
        ? $"redirects elsewhere (HTTP {(int)status}), which is not followed"
        : $"answers HTTP {(int)status}";
}
