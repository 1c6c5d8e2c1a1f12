using System.Net;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Policy;

public sealed class OriginPolicyTests : IDisposable
{
    private const string Rule = "[Originating] AuthenticatedFrom = Login";

    private readonly TemporaryDirectory directory = new();

    /// <summary>The login, LoginDomain, and the author of the mail.</summary>
    public static TheoryData<string, string?, string> Own => new()
    {
        { "alice@example.org", null, "alice@example.org" },
        { "alice@example.org", "elsewhere.example", "alice@example.org" },
        { "ALICE@Example.ORG", null, "alice@example.org" },
        { "alice", "example.org", "alice@example.org" },
        { "Alice", "Example.Org", "alice@example.org" },
        { "alice", "bücher.example", "alice@xn--bcher-kva.example" },
        { "alice@bücher.example", null, "alice@xn--bcher-kva.example" },
        { "alice@xn--bcher-kva.example", null, "alice@BÜCHER.example" },
        { "grüße@example.org", null, "grüße@example.org" },
        { "a+b/c=d@example.org", null, "a+b/c=d@example.org" },
        { "\"al ice\"@example.org", null, "\"al ice\"@example.org" },
        { "alice@[192.0.2.1]", null, "alice@[192.0.2.1]" },
    };

    [Theory]
    [MemberData(nameof(Own))]
    public void A_login_signs_as_its_own_address(string login, string? loginDomain, string author)
    {
        Assert.Equal(new Permission(true, "it is the login's own address", Rule), Ask(author, login, new() { LoginDomain = loginDomain }));
    }

    /// <inheritdoc cref="Own"/>
    public static TheoryData<string, string?, string> Odd => new()
    {
        { "", null, "alice@example.org" },
        { "", "example.org", "alice@example.org" },
        { " ", "example.org", "alice@example.org" },
        { "@", "example.org", "alice@example.org" },
        { "alice", null, "alice@example.org" },
        { "alice@", "example.org", "alice@example.org" },
        { "@example.org", "example.org", "alice@example.org" },
        { "alice@example.org@evil.example", null, "alice@example.org" },
        { "mallory@evil.example@example.org", null, "alice@example.org" },
        { "alice@evil.example", "example.org", "alice@example.org" },
        { "alice@sub.example.org", null, "alice@example.org" },
        { "alice@example.org.", null, "alice@example.org" },
        { "\"alice\"@example.org", null, "alice@example.org" },
        { "\"alice\"", "example.org", "alice@example.org" },
        { "al\"ice\"@example.org", null, "alice@example.org" },
        { "<alice@example.org>", null, "alice@example.org" },
        { "<alice", "example.org>", "alice@example.org" },
        { "alice@example.org ", null, "alice@example.org" },
        { " alice@example.org", null, "alice@example.org" },
        { "alice ", "example.org", "alice@example.org" },
        { "\talice", "example.org", "alice@example.org" },
        { "alice\0", "example.org", "alice@example.org" },
        { "alice\0@example.org", null, "alice@example.org" },
        { "alice@example.org\0", null, "alice@example.org" },
        { "alice@example.org\r\n", null, "alice@example.org" },
        { "alice@example.org\u00A0", null, "alice@example.org" },
        { "alice(mallory)@example.org", null, "alice@example.org" },
        { "Alice <alice@example.org>", null, "alice@example.org" },
        { "alice@example.org,mallory@example.org", null, "alice@example.org" },
        { "EXAMPLE\\alice", "example.org", "alice@example.org" },
        { "alice%example.org", "example.org", "alice@example.org" },
        { "alice+mallory@example.org", null, "alice@example.org" },
        { "\u212Aarl@example.org", null, "karl@example.org" },
        { "alice@ex\u0430mple.org", null, "alice@example.org" },
    };

    [Theory]
    [MemberData(nameof(Odd))]
    public void A_login_of_an_odd_form_does_not_sign_as_an_address_it_looks_like(string login, string? loginDomain, string author)
    {
        Assert.False(Ask(author, login, new() { LoginDomain = loginDomain }).IsGranted);
    }

    [Theory]
    [InlineData("sales@example.org", "bob@example.org", true, 1)]
    [InlineData("SALES@example.org", "BOB@Example.ORG", true, 1)]
    [InlineData("sales@example.org", "carol", true, 1)]
    [InlineData("sales@example.org", "carol@example.net", true, 1)]
    [InlineData("sales@example.org", "mallory@example.org", false, 1)]
    [InlineData("sales@example.org", "bob@evil.example", false, 1)]
    [InlineData("sales@example.org", "app", false, 1)]
    [InlineData("anyone@example.org", "app@example.net", true, 2)]
    [InlineData("anyone@example.org", "bob@example.org", false, 2)]
    [InlineData("anyone@sub.example.org", "app", false, null)]
    [InlineData("director@example.org", "mallory@example.org", false, 2)]
    [InlineData("k@kelvin.example", "k@kelvin.example", true, null)]
    [InlineData("karl@example.com", "\u212A", false, 3)]
    public void Where_a_line_is_about_an_address_the_logins_it_names_sign_too(string author, string login, bool granted, int? line)
    {
        var path = directory.Write("logins", "sales@example.org bob@example.org, carol\n@example.org app\nkarl@example.com k\n");

        var permission = Ask(author, login, Options(path, "example.net"));

        Assert.Equal((granted, line is null ? Rule : $"{path}:{line}"), (permission.IsGranted, permission.DecidedBy));
    }

    [Fact]
    public void A_line_without_its_login_does_not_take_away_the_own_address()
    {
        var path = directory.Write("logins", "alice@example.org bob@example.org\n");

        Assert.True(Ask("alice@example.org", "alice@example.org", Options(path)).IsGranted);
    }

    [Theory]
    [InlineData("carol", "CAROL", true)]
    [InlineData("carol", "carol@example.org", false)]
    [InlineData("µ", "μ", false)]
    [InlineData("\"carol\"@example.org", "carol@example.org", false)]
    public void Names_that_are_no_addresses_compare_as_they_stand_but_for_the_case_of_ASCII(string listed, string login, bool granted)
    {
        var path = directory.Write("logins", $"sales@example.org {listed}\n");

        Assert.Equal(granted, Ask("sales@example.org", login, Options(path)).IsGranted);
    }

    [Fact]
    public void What_is_refused_says_which_login_and_which_address()
    {
        Assert.Equal(
            "its login mallory@example.org may not sign as alice@example.org", Ask("alice@example.org", "mallory@example.org", new()).Reason);
        Assert.Equal(
            "its login alice may not sign as alice@example.org, being no address itself ([Originating] LoginDomain completes a name)",
            Ask("alice@example.org", "alice", new()).Reason);
    }

    [Fact]
    public void The_address_of_a_login_is_known()
    {
        var originating = new OriginPolicy(new() { LoginDomain = "example.org" });

        Assert.Equal("alice@example.org", originating.LoginAddressOf(new() { AuthenticatedUser = "alice" })?.ToString());
        Assert.Null(originating.LoginAddressOf(new() { AuthenticatedUser = "al ice" }));
        Assert.Null(originating.LoginAddressOf(new()));
    }

    public void Dispose() => directory.Dispose();

    private static OriginatingOptions Options(string path, string? loginDomain = null)
    {
        var logins = SenderLoginsReader.Read(path, loginDomain, out var problems);
        Assert.Empty(problems);
        return new() { LoginDomain = loginDomain, SenderLogins = logins };
    }

    private static Permission Ask(string author, string login, OriginatingOptions options)
    {
        var envelope = new Envelope { AuthenticatedUser = login, ClientAddress = IPAddress.Loopback };
        var originating = new OriginPolicy(options);
        Assert.Equal(Origin.Authenticated, originating.Of(envelope));
        return originating.MaySignAs(Address(author), Origin.Authenticated, envelope);
    }
}
