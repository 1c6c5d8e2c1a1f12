using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Asn1.X509;
using Postseal.Certificates.Revocation;
using Postseal.Cms;
using Postseal.TestKit;
using DistributionPoint = Org.BouncyCastle.Asn1.X509.DistributionPoint;

namespace Postseal.Tests;

/// <summary>How lists come, stay, and are renewed.</summary>
public sealed class FetchedListTests : IAsyncDisposable
{
    private const string Url = "http://crl.test/ca.crl", Second = "http://crl2.test/ca.crl";

    private readonly ListScenario scenario = new();
    private readonly X509Certificate2 alice;

    public FetchedListTests() => alice = Ca.Issue("CN=Alice", Now, RevokingCa.PointsTo(Url, Second));

    private DateTimeOffset Now => scenario.Now;

    private RevokingCa Ca => scenario.Ca;

    [Fact]
    public async Task Nobody_waits_for_a_list()
    {
        var gate = new TaskCompletionSource();
        scenario.Network.Gate = gate.Task;
        scenario.Network[Url] = Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, null);

        Assert.Equal($"the revocation list at {Url} is not there yet", Assert.IsType<RevocationAnswer.Unknown>(scenario.Ask(alice)).Why);
        scenario.Ask(alice);
        gate.SetResult();
        await scenario.Contact.WhenIdleAsync();

        Assert.IsType<RevocationAnswer.Good>(scenario.Ask(alice));
        Assert.Equal([Url], scenario.Network.Asked);
    }

    [Fact]
    public async Task The_version_changes_when_a_list_comes_and_when_it_ends()
    {
        scenario.Network[Url] = Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, null);
        var before = scenario.Contact.Revocation.Version;
        scenario.Ask(alice);
        await scenario.Contact.WhenIdleAsync();
        var there = scenario.Contact.Revocation.Version;
        scenario.Time.Now = Now.AddDays(5);
        var holding = scenario.Contact.Revocation.Version;
        scenario.Time.Now = Now.AddDays(6).AddSeconds(1);

        Assert.NotEqual(before, there);
        Assert.Equal(there, holding);
        Assert.NotEqual(holding, scenario.Contact.Revocation.Version);
        Assert.Contains("has ended", Assert.IsType<RevocationAnswer.Unknown>(scenario.Ask(alice)).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_restart_the_list_counts_without_a_network()
    {
        scenario.Network[Url] = Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, null);
        await scenario.AskTwice(alice);
        await scenario.RestartAsync();
        scenario.HasNetwork = false;

        Assert.IsType<RevocationAnswer.Good>(scenario.Ask(alice));
    }

    [Fact]
    public async Task Its_file_is_the_list_itself_and_its_owners_alone()
    {
        scenario.Network[Url] = Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, null);
        await scenario.AskTwice(alice);

        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such permissions");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(scenario.StateFile));
        Assert.Equal(0, OpenSsl.Run("crl", "-inform", "DER", "-in", scenario.StateFile, "-noout").ExitCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a list")]
    [InlineData("forged")]
    public async Task A_file_that_was_damaged_or_forged_is_fetched_anew(string content)
    {
        scenario.Network[Url] = Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, null, alice);
        await scenario.AskTwice(alice);
        await scenario.RestartAsync();
        File.WriteAllBytes(
            scenario.StateFile, content == "forged" ? RevokingCa.Root("CN=CA", Now).List(Now, Now.AddDays(90), 99, null) : System.Text.Encoding.ASCII.GetBytes(content));

        Assert.IsType<RevocationAnswer.Unknown>(scenario.Ask(alice));
        Assert.IsType<RevocationAnswer.Revoked>(await scenario.AskTwice(alice));
    }

    [Fact]
    public async Task A_list_is_fetched_again_before_it_ends()
    {
        scenario.Network[Url] = Ca.List(Now, Now.AddHours(20), 1, null);
        await scenario.AskTwice(alice);
        scenario.Network[Url] = Ca.List(Now.AddHours(10), Now.AddHours(30), 2, null, alice);
        await AtAsync(Now.AddHours(14));
        Assert.IsType<RevocationAnswer.Good>(scenario.Ask(alice));
        await AtAsync(Now.AddHours(17));

        Assert.IsType<RevocationAnswer.Revoked>(scenario.Ask(alice));
        Assert.Equal([Url, Url], scenario.Network.Asked);
    }

    [Fact]
    public async Task A_list_that_holds_for_half_a_year_is_looked_for_every_day()
    {
        scenario.Network[Url] = Ca.List(Now, Now.AddDays(180), 1, null);
        await scenario.AskTwice(alice);
        await AtAsync(Now.AddDays(1.2));

        Assert.Equal(2, scenario.Network.Asked.Count);
    }

    [Theory]
    [InlineData(-2, 0)] // of an earlier day
    [InlineData(0, 4)] // of a lower number
    public async Task An_older_list_does_not_take_the_place_of_a_newer_one(int days, int number)
    {
        scenario.Network[Url] = Ca.List(Now.AddHours(-1), Now.AddDays(20), number == 0 ? 0 : 5, null, alice);
        await scenario.AskTwice(alice);
        scenario.Network[Url] = Ca.List(Now.AddDays(days), Now.AddDays(21), number, null);
        await AtAsync(Now.AddDays(2));

        Assert.IsType<RevocationAnswer.Revoked>(scenario.Ask(alice));
        Assert.Contains($"{Url} has a list that is older than the one that came before; it is tried again", scenario.Warnings);
    }

    [Fact]
    public async Task A_CA_that_counts_anew_is_believed_when_its_old_list_has_ended()
    {
        scenario.Network[Url] = Ca.List(Now, Now.AddDays(2), 500, null);
        await scenario.AskTwice(alice);
        scenario.Network[Url] = Ca.List(Now.AddDays(2), Now.AddDays(9), 1, null, alice);
        await AtAsync(Now.AddDays(3));

        Assert.IsType<RevocationAnswer.Revoked>(scenario.Ask(alice));
    }

    [Fact]
    public async Task A_list_that_nobody_known_signed_is_not_taken()
    {
        scenario.Network[Url] = Ca.List(Now.AddHours(-1), Now.AddHours(20), 1, null, alice);
        await scenario.AskTwice(alice);
        scenario.Network[Url] = RevokingCa.Root("CN=CA", Now).List(Now, Now.AddDays(90), 99, null);
        await AtAsync(Now.AddHours(18));

        Assert.IsType<RevocationAnswer.Revoked>(scenario.Ask(alice));
        Assert.Contains($"{Url} has a list that is signed by nobody that is known here; it is tried again", scenario.Warnings);
    }

    [Fact]
    public async Task What_fails_is_tried_elsewhere_and_less_and_less_often()
    {
        scenario.Network.Pages[Url] = () => "<html>Not here</html>"u8.ToArray();
        await scenario.AskTwice(alice);
        await scenario.Contact.WhenIdleAsync();
        Assert.Equal([Url, Second], scenario.Network.Asked);
        scenario.Network[Second] = Ca.List(Now, Now.AddDays(6), 1, null);
        for (var minute = 1; minute <= 60; minute++)
            await AtAsync(Now.AddMinutes(minute));

        Assert.IsType<RevocationAnswer.Good>(scenario.Ask(alice));
        Assert.InRange(scenario.Network.Asked.Count(url => url == Url), 3, 5);
        Assert.Equal(2, scenario.Network.Asked.Count(url => url == Second));
        Assert.Single(scenario.Warnings, warning => warning == $"{Url} is a web page and no revocation list; it is tried again");
    }

    [Fact]
    public async Task A_list_beside_the_anchors_saves_the_network()
    {
        scenario.Put("ca.crl", Ca.List(Now.AddDays(-1), Now.AddDays(6), 1, null));

        Assert.IsType<RevocationAnswer.Good>(await scenario.AskTwice(alice));
        Assert.Empty(scenario.Network.Asked);
    }

    [Fact]
    public async Task A_delta_is_fetched_from_where_the_list_says()
    {
        var freshest = new CrlDistPoint([new(RevokingCa.NamedPoint("http://crl.test/delta.crl"), null, null)]);
        scenario.Network[Url] = Ca.List(Now.AddHours(-2), Now.AddDays(6), 5, list => list.AddExtension(X509Extensions.FreshestCrl, false, freshest));
        scenario.Network["http://crl.test/delta.crl"] = ListCheckTests.Delta(Ca, 5, 6, RevokingCa.SerialOf(alice), CrlReason.KeyCompromise);
        await scenario.AskTwice(alice);

        Assert.IsType<RevocationAnswer.Revoked>(await scenario.AskTwice(alice));
    }

    [Theory]
    [InlineData("ldap://ldap.test/cn=CA?certificateRevocationList")]
    [InlineData("ftp://crl.test/ca.crl")]
    [InlineData("file:///etc/passwd")]
    public async Task Nothing_is_fetched_but_by_HTTP(string url)
    {
        Assert.IsType<RevocationAnswer.Unknown>(await scenario.AskTwice(Ca.Issue("CN=Bob", Now, RevokingCa.PointsTo(url))));
        Assert.Empty(scenario.Network.Asked);
    }

    [Fact]
    public async Task A_certificate_with_a_thousand_addresses_has_a_handful_fetched()
    {
        var points = new CrlDistPoint([.. Enumerable.Range(0, 1_000).Select(i => new DistributionPoint(RevokingCa.NamedPoint($"http://crl{i}.test/ca.crl"), null, null))]);
        for (var i = 0; i < 5; i++)
            await scenario.AskTwice(Ca.Issue("CN=Bob", Now, RevokingCa.Extension(Oids.CrlDistributionPoints, points)));

        Assert.InRange(scenario.Network.Asked.Count, 1, 8);
    }

    [Fact]
    public async Task The_end_does_not_wait_for_a_server_that_hangs()
    {
        scenario.Network.Gate = new TaskCompletionSource().Task;
        scenario.Ask(alice);

        await scenario.Contact.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.IsType<RevocationAnswer.Unknown>(scenario.Ask(alice));
    }

    public ValueTask DisposeAsync() => scenario.DisposeAsync();

    private async Task AtAsync(DateTimeOffset time)
    {
        scenario.Time.Now = time;
        scenario.Contact.Refresh();
        await scenario.Contact.WhenIdleAsync();
    }
}
