namespace Milter.Tests;

/// <summary>Tests libmilter's socket syntax, and the errors in it.</summary>
public class EndpointTests
{
    [Theory]
    [InlineData("inet:8891@127.0.0.1", "inet:8891@127.0.0.1")]
    [InlineData("inet:8891", "inet:8891")]
    [InlineData("inet:0@localhost", "inet:0@localhost")]
    [InlineData("INET:8891@mail.example.org", "inet:8891@mail.example.org")]
    [InlineData("inet6:8891@::1", "inet6:8891@::1")]
    [InlineData("inet6:8891@[::1]", "inet6:8891@::1")]
    [InlineData("unix:/run/postseal.sock", "unix:/run/postseal.sock")]
    [InlineData("local:/run/postseal.sock", "unix:/run/postseal.sock")]
    [InlineData("/run/postseal.sock", "unix:/run/postseal.sock")]
    [InlineData("systemd", "systemd")]
    [InlineData("systemd:milter", "systemd:milter")]
    public void An_endpoint_is_read_as_libmilter_writes_it(string text, string expected) =>
        Assert.Equal(expected, MilterEndpoint.Parse(text).ToString());

    [Theory]
    [InlineData("", "inet:PORT@HOST")]
    [InlineData("8891", "inet:8891@127.0.0.1")]
    [InlineData("tcp:8891", "inet:PORT@HOST")]
    [InlineData("inet:127.0.0.1:8891", "like inet:8891@127.0.0.1")]
    [InlineData("inet:localhost:8891", "like inet:8891@localhost")]
    [InlineData("inet:65536@127.0.0.1", "the port comes first")]
    [InlineData("inet:-1@127.0.0.1", "the port comes first")]
    [InlineData("inet:8891@", "the port comes first")]
    [InlineData("inet6:", "inet6:PORT@HOST")]
    [InlineData("unix:run/x", "the path must be absolute")]
    [InlineData("unix:", "the path must be absolute")]
    [InlineData("systemd:", "systemd")]
    public void What_is_no_endpoint_is_told_what_would_be_right(string text, string right) =>
        Assert.Contains(
            right, Assert.Throws<FormatException>(() => MilterEndpoint.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_path_that_is_too_long_for_a_socket_is_said_to_be() =>
        Assert.Contains(
            "107 bytes", Assert.Throws<FormatException>(
                () => MilterEndpoint.Parse("/" + new string('a', 108))).Message, StringComparison.Ordinal);
}
