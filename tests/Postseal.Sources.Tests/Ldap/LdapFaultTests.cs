using System.Diagnostics;
using Postseal.Certificates;

namespace Postseal.Sources.Tests.Ldap;

/// <summary>What servers do that must neither be believed nor taken for absence.</summary>
public class LdapFaultTests
{
    [Theory]
    [InlineData(1, "operationsError")]
    [InlineData(2, "protocolError")]
    [InlineData(3, "timeLimitExceeded")]
    [InlineData(4, "sizeLimitExceeded")]
    [InlineData(10, "referral")]
    [InlineData(11, "adminLimitExceeded")]
    [InlineData(32, "correct Base")]
    [InlineData(50, "insufficientAccessRights")]
    [InlineData(51, "busy")]
    [InlineData(52, "unavailable")]
    [InlineData(53, "unwillingToPerform")]
    [InlineData(80, "other")]
    [InlineData(123, "result 123")]
    public async Task What_is_no_success_is_no_absence(int code, string said)
    {
        var message = await LdapRoom.RefusedAsync(request => [LdapServerDouble.Result(request.Id, 5, code, "see the manual", code == 10 ? "ldap://elsewhere" : null)]);
        Assert.StartsWith("ldap:corporate (ldap://localhost:", message);
        Assert.Contains(said, message);
        Assert.Contains("see the manual", message);
    }

    [Theory]
    [InlineData(2)] // protocolError
    [InlineData(18)] // inappropriateMatching
    [InlineData(19)] // constraintViolation
    [InlineData(21)] // invalidAttributeSyntax
    [InlineData(53)] // unwillingToPerform
    public async Task An_address_that_a_server_cannot_search_for_keeps_nobody_else_from_an_answer(int code)
    {
        await using var server = new LdapServerDouble(request => [LdapServerDouble.Result(request.Id, 5, code)]);
        var e = await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(LdapRoom.Options(server.Url)));
        Assert.IsNotType<SourceUnavailableException>(e, exactMatch: false);
    }

    [Theory]
    [InlineData("a message of nobody's", 7)]
    [InlineData("a message of an earlier request", -1)]
    public async Task An_answer_with_another_id_is_not_believed(string what, int difference) =>
        Assert.NotEmpty(what + await LdapRoom.RefusedAsync(request => LdapServerDouble.Answer(request.Id + difference)));

    [Theory]
    [InlineData("485454502F312E3120343030204261642052657175657374", "no LDAP")] // an HTTP server
    [InlineData("3000", "no LDAP")]
    [InlineData("3080020101650000", "no LDAP")] // an indefinite length
    [InlineData("3085010000000001", "no LDAP")] // a length of five octets
    [InlineData("3003020101", "no LDAP")]
    [InlineData("300A02047FFFFFFF65040A01", "no LDAP")]
    [InlineData("300C02010164070403786378300000", "no LDAP")] // a length inside that ends too early
    [InlineData("300C0201FF65070A010004000400", "no LDAP")] // a negative message ID
    [InlineData("300C02010165070A010004000400", "")] // as a control: this is an answer
    [InlineData("300C02010178070A010004000400", "belongs to no request")]
    [InlineData("30847FFFFFFF020101", "more than 2 MiB")]
    [InlineData("3084FFFFFFFF020101", "more than 2 MiB")]
    [InlineData("30840020000100", "more than 2 MiB")]
    public async Task Garbage_is_no_answer(string hex, string said)
    {
        byte[][] Answer(LdapRequestSeen request) => [Convert.FromHexString(hex)];
        if (said.Length == 0)
            Assert.Same(FoundCertificates.None, await LdapRoom.FindAsync(Answer));
        else
            Assert.Contains(said, await LdapRoom.RefusedAsync(Answer));
    }

    [Fact]
    public async Task An_unsolicited_notification_ends_the_connection()
    {
        // Notice of Disconnection (RFC 4511 section 4.4.1), unavailable
        var message = await LdapRoom.RefusedAsync(_ => [LdapServerDouble.Result(0, 24, 52, "going down")]);
        Assert.Contains("ends the connection: unavailable (52), \"going down\"", message);
    }

    [Fact]
    public async Task More_entries_than_were_asked_for_are_refused()
    {
        var message = await LdapRoom.RefusedAsync(request => LdapServerDouble.Answer(
            request.Id, Enumerable.Range(0, 5000).Select(i => LdapServerDouble.Entry(request.Id, $"uid={i}"))));
        Assert.Contains("more than the 20 entries", message);
    }

    [Fact]
    public async Task More_values_than_any_entry_has_are_refused()
    {
        var message = await LdapRoom.RefusedAsync(request => LdapRoom.WithValues(request, [.. Enumerable.Repeat<byte[]>([1], 1000)]));
        Assert.Contains("more than 500 values", message);
    }

    [Fact]
    public async Task Endless_references_are_refused()
    {
        await using var server = new LdapServerDouble(async (request, stream, cancellation) =>
        {
            var reference = LdapServerDouble.Reference(request.Id, new string('x', 1000));
            while (true)
                await stream.WriteAsync(reference, cancellation);
        });
        var e = await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(LdapRoom.Options(server.Url)));
        Assert.Contains("more than 2 MiB", e.Message);
    }

    [Fact]
    public async Task A_value_of_100_MB_is_refused_before_it_is_read()
    {
        const int Size = 100_000_000;
        var before = GC.GetTotalAllocatedBytes();
        var sent = 0L;
        await using var server = new LdapServerDouble(async (request, stream, cancellation) =>
        {
            // LDAPMessage, of 100 MB and a header, with the value to come
            await stream.WriteAsync((byte[])[0x30, 0x84, .. BitConverter.GetBytes(Size).Reverse(), 2, 1, (byte)request.Id], cancellation);
            var piece = new byte[64 << 10];
            for (; sent < Size; sent += piece.Length)
                await stream.WriteAsync(piece, cancellation);
        });
        var e = await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(LdapRoom.Options(server.Url)));
        Assert.Contains("more than 2 MiB", e.Message);
        Assert.True(GC.GetTotalAllocatedBytes() - before < Size / 4, "memory was taken for what was announced");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_silent_server_costs_the_time_limit_and_no_more(bool isSilentAtOnce)
    {
        await using var server = new LdapServerDouble((_, _, cancellation) => Task.Delay(Timeout.Infinite, cancellation)) { IsSilent = isSilentAtOnce };
        var options = LdapRoom.Options(server.Url) with { Timeout = TimeSpan.FromMilliseconds(200) };
        var clock = Stopwatch.StartNew();
        var e = await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(options));
        Assert.Contains("did not answer within 0.2 s", e.Message);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"it took {clock.Elapsed}");
    }

    [Fact]
    public async Task A_server_that_is_silent_in_the_TLS_handshake_costs_the_time_limit_and_no_more()
    {
        await using var server = new LdapServerDouble(_ => []) { IsSilent = true };
        var options = LdapRoom.Options(new Uri($"ldaps://localhost:{server.Port}")) with { Timeout = TimeSpan.FromMilliseconds(200) };
        Assert.Contains("did not answer within", (await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(options))).Message);
    }

    [Fact]
    public async Task An_answer_that_trickles_in_is_given_up()
    {
        await using var server = new LdapServerDouble(async (request, stream, cancellation) =>
        {
            var entry = LdapServerDouble.Entry(request.Id, new string('x', 100_000));
            foreach (var octet in entry)
            {
                await stream.WriteAsync((byte[])[octet], cancellation);
                await Task.Delay(1, cancellation);
            }
        });
        var options = LdapRoom.Options(server.Url) with { Timeout = TimeSpan.FromMilliseconds(300) };
        Assert.Contains("did not answer within", (await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(options))).Message);
    }

    [Fact]
    public async Task A_server_that_is_gone_in_the_middle_of_an_answer_is_no_answer()
    {
        await using var server = new LdapServerDouble(async (request, stream, cancellation) =>
        {
            await stream.WriteAsync(LdapRoom.WithValues(request, LdapRoom.Alice.RawData)[0].AsMemory(..^10), cancellation);
            stream.Close();
        });
        Assert.Contains("the connection", (await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(LdapRoom.Options(server.Url)))).Message);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_no_answer()
    {
        Uri url;
        await using (var server = new LdapServerDouble(_ => []))
            url = server.Url;
        Assert.Contains("cannot be reached", (await Assert.ThrowsAnyAsync<IOException>(() => LdapRoom.FindAsync(LdapRoom.Options(url)))).Message);
    }

    [Fact]
    public async Task What_a_server_says_is_printable_and_short()
    {
        var message = await LdapRoom.RefusedAsync(request => [LdapServerDouble.Result(request.Id, 5, 80, "\u001b[2J\r\n\"" + new string('x', 10_000))]);
        Assert.DoesNotContain(message, char.IsControl);
        Assert.True(message.Length < 500);
    }
}
