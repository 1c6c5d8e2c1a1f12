using System.Diagnostics;
using System.Net;
using System.Text;
using Postseal.Certificates.Fetching;
using Postseal.Http;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>Servers as strangers may run them, and addresses that are not for strangers to name.</summary>
public sealed class HttpDownloadTests
{
    private const int MaxLength = 1 << 20;

    [Fact]
    public async Task What_a_server_has_is_fetched_and_nothing_of_us_is_told()
    {
        await using var server = new HttpServerDouble("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: id=1\r\n\r\nabcde");
        using var downloads = Loopback();
        using var activity = new Activity("message").Start();

        for (var i = 0; i < 2; i++)
            Assert.Equal("abcde"u8.ToArray(), (await FetchAsync(downloads, server.Url)).Content);
        Assert.All(server.Requests, request => Assert.Equal($"GET /ca.crl HTTP/1.1\r\nHost: 127.0.0.1:{server.Port}\r\n\r\n", request));
    }

    [Theory]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "redirects elsewhere (HTTP 302), which is not followed")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc", "answers HTTP 404")]
    [InlineData("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n", "answers HTTP 401")]
    [InlineData("HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n\r\nabc", "answers HTTP 206")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\nabc", "has more than 1024 KiB")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "cannot be reached")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nabc", "cannot be reached")]
    [InlineData("220 mail.example ESMTP\r\n", "cannot be reached")]
    [InlineData("", "cannot be reached")]
    public async Task What_is_no_answer_is_told(string response, string problem)
    {
        await using var server = new HttpServerDouble(response);
        using var downloads = Loopback();

        var download = await FetchAsync(downloads, server.Url);

        Assert.Null(download.Content);
        Assert.StartsWith(problem, download.Problem, StringComparison.Ordinal);
        // The platform tries again some times where a connection ends without a word.
        Assert.InRange(server.Requests.Count, 1, response.Length == 0 ? 5 : 1);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: ")] // a head without end
    public async Task An_answer_without_end_is_left_at_the_limit(string head)
    {
        await using var server = HttpServerDouble.Endless(head);
        using var downloads = Loopback();
        var before = GC.GetTotalAllocatedBytes();

        Assert.Null((await FetchAsync(downloads, server.Url)).Content);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 32 << 20);
        Assert.InRange(server.Sent, 0, 64 << 20); // what the system's buffers take besides
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")]
    public async Task A_slow_server_is_not_waited_for(string head)
    {
        await using var server = new HttpServerDouble(async (_, stream, cancellation) =>
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(head), cancellation);
            while (true)
            {
                await stream.WriteAsync(new byte[1], cancellation);
                await Task.Delay(50, cancellation);
            }
        });
        using var downloads = Loopback();
        var clock = Stopwatch.StartNew();

        var download = await downloads.FetchAsync(new(server.Url, MaxLength, TimeSpan.FromSeconds(1)), TestContext.Current.CancellationToken);

        Assert.Null(download.Content);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("http://127.0.0.1/ca.crl")]
    [InlineData("http://127.1/ca.crl")]
    [InlineData("http://2130706433/ca.crl")]
    [InlineData("http://0x7f000001/ca.crl")]
    [InlineData("http://0177.0.0.1/ca.crl")]
    [InlineData("http://[::1]/ca.crl")]
    [InlineData("http://[::ffff:10.0.0.1]/ca.crl")]
    [InlineData("http://[fe80::1%25eth0]/ca.crl")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("http://pki.example.net:25/ca.crl")]
    [InlineData("http://user:password@pki.example.net/ca.crl")]
    [InlineData("ftp://pki.example.net/ca.crl")]
    [InlineData("file:///etc/passwd")]
    public async Task Nothing_is_asked_of_what_is_inside(string url)
    {
        var asked = new List<string>();
        foreach (var proxy in (Uri?[])[null, new Uri("http://127.0.0.1:9")])
        {
            using var downloads = new HttpDownloads(proxy, TimeProvider.System, PublicAddress.Is, (host, _) =>
            {
                asked.Add(host);
                return Task.FromResult<IPAddress[]>([]);
            });

            var download = await FetchAsync(downloads, new Uri(url));
            Assert.Null(download.Content);
            Assert.DoesNotContain("cannot be reached", download.Problem, StringComparison.Ordinal);
        }

        Assert.Empty(asked);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("fd00::1")]
    public async Task A_name_whose_address_is_inside_is_not_connected_to(string address)
    {
        await using var server = new HttpServerDouble("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        using var downloads = new HttpDownloads(
            null, TimeProvider.System, PublicAddress.Is, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(address)]));

        var download = await FetchAsync(downloads, new Uri($"http://pki.example.net:{server.Port}/ca.crl"));

        Assert.Contains("which is no address of the Internet", download.Problem, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Of_several_addresses_only_those_outside_are_tried_and_the_name_is_asked_once()
    {
        await using var server = new HttpServerDouble("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        var asked = 0;
        // 127.0.0.2 plays the one inside; whoever asks again is told that one alone.
        using var downloads = new HttpDownloads(
            null, TimeProvider.System, address => !address.Equals(IPAddress.Parse("127.0.0.2")),
            (_, _) => Task.FromResult<IPAddress[]>(asked++ == 0 ? [IPAddress.Parse("127.0.0.2"), IPAddress.Loopback] : [IPAddress.Parse("127.0.0.2")]));

        Assert.Equal("ok"u8.ToArray(), (await FetchAsync(downloads, new Uri($"http://pki.example.net:{server.Port}/ca.crl"))).Content);
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task The_machines_own_names_lead_nowhere()
    {
        await using var server = new HttpServerDouble("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        using var downloads = new HttpDownloads(null, TimeProvider.System);

        Assert.Contains("no address of the Internet", (await FetchAsync(downloads, new Uri($"http://localhost:{server.Port}/"))).Problem, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_proxy_is_asked_for_everything_but_what_is_plainly_inside()
    {
        await using var proxy = new HttpServerDouble("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        using var downloads = new HttpDownloads(new Uri($"http://127.0.0.1:{proxy.Port}"), TimeProvider.System);

        Assert.Equal("ok"u8.ToArray(), (await FetchAsync(downloads, new Uri("http://pki.example.net/ca.crl"))).Content);
        Assert.StartsWith("GET http://pki.example.net/ca.crl HTTP/1.1\r\n", Assert.Single(proxy.Requests), StringComparison.Ordinal);
        foreach (var inside in (string[])["http://localhost/", "http://intranet/", "http://wiki.corp.internal/", "http://printer.local./"])
            Assert.Null((await FetchAsync(downloads, new Uri(inside))).Content);
        Assert.Single(proxy.Requests);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("172.15.255.255", true)]
    [InlineData("172.16.0.0", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.0", true)]
    [InlineData("100.63.255.255", true)]
    [InlineData("100.64.0.0", false)]
    [InlineData("100.127.255.255", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("198.19.255.255", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("2600::1", true)]
    [InlineData("2001:4860:4860::8888", true)]
    [InlineData("2001:db8::1", false)]
    [InlineData("2001::1", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("::ffff:192.168.1.1", false)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("64:ff9b:1::808:808", false)]
    [InlineData("2002:808:808::1", true)]
    [InlineData("2002:7f00:1::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fe80::1%1", false)]
    [InlineData("fec0::1", false)]
    [InlineData("ff02::1", false)]
    public void Addresses_of_the_Internet_are_told_from_others(string address, bool isPublic) =>
        Assert.Equal(isPublic, PublicAddress.Is(IPAddress.Parse(address)));

    private static HttpDownloads Loopback() => new(null, TimeProvider.System, IPAddress.IsLoopback, System.Net.Dns.GetHostAddressesAsync);

    private static Task<Download> FetchAsync(HttpDownloads downloads, Uri url) =>
        downloads.FetchAsync(new(url, MaxLength, TimeSpan.FromSeconds(30)), TestContext.Current.CancellationToken);
}
