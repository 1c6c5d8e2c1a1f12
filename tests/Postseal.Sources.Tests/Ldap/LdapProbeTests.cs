using System.Formats.Asn1;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Ldap;
using Postseal.Ldap.Protocol;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Ldap;

/// <summary>What <c>postseal check</c> says of directory servers, of what works and of what does not.</summary>
public class LdapProbeTests
{
    private const string Schema = "cn=Subschema", Base = "dc=example,dc=org";

    [Theory]
    [InlineData("structuralObjectClass=OpenLDAProotDSE", "OpenLDAP at ")]
    [InlineData("forestFunctionality=7", "Active Directory at ")]
    [InlineData("vendorName=Example Project vendorVersion=Example-Directory/2.4", "Example Project Example-Directory/2.4 at ")]
    [InlineData("vendorName=\u001b[2J", "a directory server at ")]
    [InlineData("", "a directory server at ")]
    public async Task What_works_is_said_with_whose_it_is_and_how_much_is_there(string root, string said)
    {
        var attributes = root.Split(" vendor").Where(one => one.Length > 0).Select(one => one.Split('='))
            .Select(pair => (pair[0] == "Version" ? "vendorVersion" : pair[0], pair[1])).ToArray();
        await using var server = Server(root: attributes);

        var report = await AskAsync(LdapRoom.Options(server.Url));

        Assert.Equal(("ldap:corporate", $"{said}{server.Url.OriginalString}, 2 entries with certificates", null), (report.Source, report.Found, report.Problem));
        Assert.Empty(report.Warnings);
    }

    [Theory]
    [InlineData(0, 1, "1 entry with certificates", null)]
    [InlineData(0, 0, "0 entries with certificates", "shows us no entry below 'dc=example,dc=org' that has userCertificate;binary or userSMIMECertificate")]
    [InlineData(4, 1000, "at least 1,000 entries with certificates", null)]
    [InlineData(53, 0, "which does not let its certificates be counted (UnwillingToPerform)", null)]
    public async Task The_count_is_what_the_server_lets_be_seen(int code, int count, string found, string? warning)
    {
        await using var server = Server(count: count, countResult: code);

        var report = await AskAsync(LdapRoom.Options(server.Url));

        Assert.EndsWith(found, report.Found, StringComparison.Ordinal);
        if (warning is null)
            Assert.Empty(report.Warnings);
        else
            Assert.Contains(warning, Assert.Single(report.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(mail=%a)", null)]
    [InlineData("(MAIL=%a)", null)]
    [InlineData("(|(mail=%a)(proxyAddresses=smtp:%a))", "has no attribute 'proxyAddresses', which Filter asks for")]
    public async Task An_attribute_of_the_filter_that_the_server_does_not_know_is_said(string filter, string? warning)
    {
        await using var server = Server(root: [("subschemaSubentry", Schema)]);

        var report = await AskAsync(LdapRoom.Options(server.Url) with { Filter = filter });

        Assert.Null(report.Problem);
        if (warning is null)
            Assert.Empty(report.Warnings);
        else
            Assert.Contains(warning, Assert.Single(report.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_slow_for_one_address_may_lack_an_index()
    {
        var time = new SettableTime(LdapRoom.Now);
        await using var server = Server(onAddress: () => time.Now += TimeSpan.FromSeconds(0.7));

        var report = await AskAsync(LdapRoom.Options(server.Url), time);

        Assert.Contains("took 0.7 s for one address; has it an index", Assert.Single(report.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0", true)] // nobody's address: nothing is sent anywhere
    [InlineData("127.0.0.1", false)]
    [InlineData("localhost", false)]
    public async Task Who_is_asked_in_clear_elsewhere_is_said(string host, bool isWarned)
    {
        await using var server = Server();

        var report = await AskAsync(LdapRoom.Options(new Uri($"ldap://{host}:{server.Port}")));

        Assert.Equal(isWarned, report.Problem is not null);
        Assert.Equal(isWarned, report.Warnings.Any(warning => warning.Contains("is asked in clear", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_Base_that_is_not_there_is_said()
    {
        await using var server = Server();

        var report = await AskAsync(LdapRoom.Options(server.Url) with { Base = "dc=example,dc=com" });

        Assert.Contains("noSuchObject (32)", report.Problem, StringComparison.Ordinal);
        Assert.Contains("correct Base", report.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_that_one_server_refuses_is_not_said_to_the_next()
    {
        using var directory = new TemporaryDirectory();
        await using var first = Server(bindResult: 49);
        await using var second = Server();
        var options = LdapRoom.Options(first.Url, second.Url) with
        {
            Bind = LdapBind.Simple,
            BindDn = "cn=postseal",
            BindFile = directory.Write("password", "of-the-wrong-one\n"),
        };

        var report = await AskAsync(options);

        Assert.Contains("does not accept BindDn cn=postseal", report.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("of-the-wrong-one", report.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain(second.Requests, request => request.Operation == LdapServerDouble.Bind);
    }

    [Fact]
    public async Task A_silent_server_is_said_after_the_time_limit()
    {
        await using var silent = new LdapServerDouble(_ => []) { IsSilent = true };

        var report = await AskAsync(LdapRoom.Options(silent.Url) with { Timeout = TimeSpan.FromMilliseconds(200) });

        Assert.Equal($"ldap:corporate ({silent.Url.OriginalString}) did not answer within 0.2 s", report.Problem);
    }

    [Fact]
    public async Task One_of_two_servers_is_enough_and_the_other_is_said()
    {
        await using var silent = new LdapServerDouble(_ => []) { IsSilent = true };
        await using var server = Server();

        var report = await AskAsync(LdapRoom.Options(silent.Url, server.Url) with { Timeout = TimeSpan.FromMilliseconds(500) });

        Assert.Null(report.Problem);
        Assert.Contains(server.Url.OriginalString, report.Found, StringComparison.Ordinal);
        Assert.StartsWith("One of the servers cannot be used: ", Assert.Single(report.Warnings), StringComparison.Ordinal);
    }

    private static Task<SourceReport> AskAsync(LdapOptions options, TimeProvider? time = null) =>
        new LdapProbe(options, time ?? TimeProvider.System).RunAsync(TestContext.Current.CancellationToken);

    /// <summary>A server with what a directory has: something of itself, a schema with <c>mail</c>, an entry at the base, and others below.</summary>
    private static LdapServerDouble Server(
        (string Name, string Value)[]? root = null, int count = 2, int countResult = 0, int bindResult = 0, Action? onAddress = null) =>
        new(async (request, stream, cancellation) =>
        {
            foreach (var message in Answer(request))
                await stream.WriteAsync(message, cancellation);

            byte[][] Answer(LdapRequestSeen request)
            {
                var id = request.Id;
                if (request.Operation == LdapServerDouble.Bind)
                    return [LdapServerDouble.Result(id, 1, bindResult)];
                switch (Asked(request))
                {
                    case ("", LdapScope.BaseObject):
                        return LdapServerDouble.Answer(id, LdapServerDouble.Entry(id, "", [.. (root ?? []).Select(one => (one.Name, new[] { Utf8(one.Value) }))]));
                    case (Schema, _):
                        return LdapServerDouble.Answer(id, LdapServerDouble.Entry(id, Schema, ("attributeTypes", [Utf8("( 0.9.2342.19200300.100.1.3 NAME ( 'mail' 'rfc822Mailbox' ) )")])));
                    case (Base, LdapScope.BaseObject):
                        return LdapServerDouble.Answer(id, LdapServerDouble.Entry(id, Base));
                    case (Base, _) when request.Text.Contains("@example.org", StringComparison.Ordinal):
                        onAddress?.Invoke();
                        return LdapServerDouble.Answer(id);
                    case (Base, _):
                        return [.. Enumerable.Range(0, count).Select(i => LdapServerDouble.Entry(id, $"uid={i},{Base}")), LdapServerDouble.Result(id, 5, countResult)];
                    default:
                        return [LdapServerDouble.Result(id, 5, 32)];
                }
            }
        });

    /// <summary>SearchRequest ::= [APPLICATION 3] SEQUENCE { baseObject LDAPDN, scope ENUMERATED … }</summary>
    private static (string Base, LdapScope Scope) Asked(LdapRequestSeen request)
    {
        var search = new AsnReader(request.Encoded, AsnEncodingRules.BER).ReadSequence(new Asn1Tag(TagClass.Application, LdapServerDouble.Search));
        return (Encoding.UTF8.GetString(search.ReadOctetString()), search.ReadEnumeratedValue<LdapScope>());
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
