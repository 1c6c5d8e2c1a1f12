using System.Net;
using System.Net.Sockets;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Ldap;
using Postseal.Ldap.Connections;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Ldap;

public class LdapConnectionsTests
{
    private static readonly Postseal.Mail.MailAddress Alice = LdapRoom.Address("alice@example.org");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_connection_serves_one_question_after_another()
    {
        await using var server = Server();
        await using var source = LdapRoom.Source(LdapRoom.Options(server.Url));
        for (var i = 0; i < 10; i++)
            Assert.Single((await source.FindAsync(Alice, Cancellation)).Certificates);
        Assert.Equal(1, server.Connections);
        Assert.Equal(10, server.Requests.Count);
    }

    [Fact]
    public async Task Many_questions_at_once_share_the_connections_of_the_settings()
    {
        await using var server = Server();
        await using var source = LdapRoom.Source(LdapRoom.Options(server.Url) with { Connections = 3 });
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => source.FindAsync(Alice, Cancellation).AsTask()));
        Assert.InRange(server.Connections, 1, 3);
        Assert.Equal(100, server.Requests.Count);
    }

    [Fact]
    public async Task A_question_that_finds_no_free_connection_in_time_says_so_and_does_not_take_the_server_for_down()
    {
        await using var server = new LdapServerDouble((_, _, cancellation) => Task.Delay(Timeout.Infinite, cancellation));
        await using var source = LdapRoom.Source(LdapRoom.Options(server.Url) with { Connections = 1, Timeout = TimeSpan.FromMilliseconds(300) });
        var questions = Enumerable.Range(0, 2).Select(_ => Assert.ThrowsAnyAsync<IOException>(() => source.FindAsync(Alice, Cancellation).AsTask()));
        var errors = await Task.WhenAll(questions);
        Assert.Single(errors, e => e is SourceUnavailableException && e.Message.Contains("did not answer within", StringComparison.Ordinal));
        Assert.Single(errors, e => e is ConnectionsInUseException && e.Message.Contains("raise Connections", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_connection_that_the_server_closed_while_it_was_idle_is_replaced()
    {
        await using var server = new LdapServerDouble(async (request, stream, cancellation) =>
        {
            foreach (var message in LdapRoom.WithValues(request, LdapRoom.Alice.RawData))
                await stream.WriteAsync(message, cancellation);
            stream.Close();
        });
        await using var source = LdapRoom.Source(LdapRoom.Options(server.Url));
        for (var i = 0; i < 3; i++)
            Assert.Single((await source.FindAsync(Alice, Cancellation)).Certificates);
        Assert.Equal(3, server.Connections);
    }

    [Fact]
    public async Task A_connection_that_was_idle_for_long_is_not_used_again()
    {
        var time = new SettableTime(LdapRoom.Now);
        await using var server = Server();
        await using var source = LdapRoom.Source(LdapRoom.Options(server.Url), time: time);
        await source.FindAsync(Alice, Cancellation);
        time.Now += IdleConnections.MaxIdle - TimeSpan.FromSeconds(1);
        await source.FindAsync(Alice, Cancellation);
        Assert.Equal(1, server.Connections);
        time.Now += IdleConnections.MaxIdle;
        await source.FindAsync(Alice, Cancellation);
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task A_connection_with_an_answer_that_was_not_believed_is_not_used_again()
    {
        var isGood = false;
        await using var server = new LdapServerDouble(request => isGood ? LdapRoom.WithValues(request, LdapRoom.Alice.RawData) : LdapServerDouble.Answer(99));
        await using var source = LdapRoom.Source(LdapRoom.Options(server.Url));
        await Assert.ThrowsAnyAsync<IOException>(() => source.FindAsync(Alice, Cancellation).AsTask());
        isGood = true;
        Assert.Single((await source.FindAsync(Alice, Cancellation)).Certificates);
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task A_connection_on_which_the_server_refused_something_is_used_again()
    {
        await using var server = new LdapServerDouble(request => [LdapServerDouble.Result(request.Id, 5, 32)]);
        await using var source = LdapRoom.Source(LdapRoom.Options(server.Url));
        for (var i = 0; i < 3; i++)
            await Assert.ThrowsAnyAsync<IOException>(() => source.FindAsync(Alice, Cancellation).AsTask());
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task The_second_server_is_asked_where_the_first_is_not_there()
    {
        await using var server = Server();
        var found = await LdapRoom.FindAsync(LdapRoom.Options(FreePort(), server.Url));
        Assert.Single(found.Certificates);
    }

    [Theory]
    [InlineData(51)]
    [InlineData(52)]
    public async Task The_second_server_is_asked_where_the_first_is_busy(int code)
    {
        await using var busy = new LdapServerDouble(request => [LdapServerDouble.Result(request.Id, 5, code)]);
        await using var server = Server();
        Assert.Single((await LdapRoom.FindAsync(LdapRoom.Options(busy.Url, server.Url))).Certificates);
    }

    [Fact]
    public async Task A_silent_first_server_leaves_time_for_the_second_and_is_then_asked_last()
    {
        await using var silent = new LdapServerDouble(_ => []) { IsSilent = true };
        await using var server = Server();
        await using var source = LdapRoom.Source(LdapRoom.Options(silent.Url, server.Url) with { Timeout = TimeSpan.FromSeconds(4) });
        for (var i = 0; i < 3; i++)
            Assert.Single((await source.FindAsync(Alice, Cancellation)).Certificates);
        Assert.Equal(1, silent.Connections);
    }

    [Fact]
    public async Task Where_no_server_answers_each_is_named()
    {
        Uri first = FreePort(), second = FreePort();
        var e = await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(LdapRoom.Options(first, second)));
        Assert.Contains(first.OriginalString, e.Message);
        Assert.Contains(second.OriginalString, e.Message);
    }

    [Fact]
    public async Task The_other_server_is_not_asked_where_the_first_says_that_there_is_none()
    {
        await using var first = new LdapServerDouble(request => LdapServerDouble.Answer(request.Id));
        await using var second = Server();
        Assert.Same(FoundCertificates.None, await LdapRoom.FindAsync(LdapRoom.Options(first.Url, second.Url)));
        Assert.Equal(0, second.Connections);
    }

    [Fact]
    public async Task A_password_that_is_refused_is_not_said_again_for_ever_longer_or_until_its_file_changes()
    {
        using var directory = new TemporaryDirectory();
        var time = new SettableTime(LdapRoom.Now);
        await using var server = BindServer("right");
        var options = LdapRoom.Options(server.Url, FreePort()) with { Bind = LdapBind.Simple, BindDn = "cn=postseal", BindFile = directory.Write("password", "wrong\n") };
        await using var source = LdapRoom.Source(options, time: time);
        for (var i = 0; i < 5; i++)
        {
            var e = await Assert.ThrowsAnyAsync<IOException>(() => source.FindAsync(Alice, Cancellation).AsTask());
            Assert.Contains("does not accept BindDn cn=postseal with the password in", e.Message);
            Assert.Contains("invalidCredentials (49)", e.Message);
            Assert.DoesNotContain("wrong", e.ToString(), StringComparison.OrdinalIgnoreCase);
        }

        Assert.Single(server.Requests);
        time.Now += Authentication.PauseAfterRefusal;
        await Assert.ThrowsAnyAsync<IOException>(() => source.FindAsync(Alice, Cancellation).AsTask());
        Assert.Equal(2, server.Requests.Count);
        for (var minute = 0; minute < 29; minute++)
        {
            time.Now += Authentication.PauseAfterRefusal;
            await Assert.ThrowsAnyAsync<IOException>(() => source.FindAsync(Alice, Cancellation).AsTask());
        }

        Assert.Equal(4, server.Requests.Count);
        directory.Write("password", "right\nand a line that does not count\n");
        Assert.Single((await source.FindAsync(Alice, Cancellation)).Certificates);
    }

    [Fact]
    public async Task Many_questions_at_once_say_a_wrong_password_once()
    {
        using var directory = new TemporaryDirectory();
        await using var server = BindServer("right");
        var options = LdapRoom.Options(server.Url) with { Bind = LdapBind.Simple, BindDn = "cn=postseal", BindFile = directory.Write("password", "wrong\n") };
        await using var source = LdapRoom.Source(options);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Assert.ThrowsAnyAsync<IOException>(() => source.FindAsync(Alice, Cancellation).AsTask())));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_password_is_not_sent_in_clear_whoever_made_the_options()
    {
        using var directory = new TemporaryDirectory();
        var options = LdapRoom.Options(new Uri("ldap://192.0.2.1")) with { Bind = LdapBind.Simple, BindDn = "cn=postseal", BindFile = directory.Write("password", "right\n") };
        var e = await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(options with { Timeout = TimeSpan.FromSeconds(1) }));
        Assert.Contains("in clear; write ldaps://", e.Message);
    }

    [Fact]
    public async Task An_empty_password_is_not_sent()
    {
        using var directory = new TemporaryDirectory();
        await using var server = BindServer("");
        var options = LdapRoom.Options(server.Url) with { Bind = LdapBind.Simple, BindDn = "cn=postseal", BindFile = directory.Write("password", "\n") };
        var e = await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(options));
        Assert.Contains("has no password on its first line", e.Message);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Who_gives_up_waits_no_longer()
    {
        await using var silent = new LdapServerDouble(_ => []) { IsSilent = true };
        await using var source = LdapRoom.Source(LdapRoom.Options(silent.Url));
        using var given = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var question = source.FindAsync(Alice, given.Token).AsTask();
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => question);
    }

    [Fact]
    public async Task A_socket_of_this_machine_is_a_server_too()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("ldapi");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var question = LdapRoom.FindAsync(LdapRoom.Options(new Uri($"ldapi://{path}")));
        using (var accepted = await listener.AcceptAsync(Cancellation))
        {
            var request = new byte[10_000];
            await accepted.ReceiveAsync(request, Cancellation);
            await accepted.SendAsync(LdapServerDouble.Result(1, 5, 0), Cancellation);
            Assert.Same(FoundCertificates.None, await question);
        }
    }

    private static LdapServerDouble Server() => new(request => LdapRoom.WithValues(request, LdapRoom.Alice.RawData));

    /// <summary>A server that repeats the password it is given when it is wrong.</summary>
    private static LdapServerDouble BindServer(string password) => new(async (request, stream, cancellation) =>
    {
        var isRight = request.Text.EndsWith(password, StringComparison.Ordinal) && password.Length > 0;
        byte[][] answer = request.Operation != LdapServerDouble.Bind ? LdapRoom.WithValues(request, LdapRoom.Alice.RawData)
            : [LdapServerDouble.Result(request.Id, 1, isRight ? 0 : 49, isRight ? "" : "is WRONG")];
        foreach (var message in answer)
            await stream.WriteAsync(message, cancellation);
    });

    private static Uri FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"ldap://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }
}
