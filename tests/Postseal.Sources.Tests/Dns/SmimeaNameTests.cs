using Postseal.Dns;

namespace Postseal.Sources.Tests.Dns;

/// <summary>Where the records of an address are (RFC 8162 section 3).</summary>
public sealed class SmimeaNameTests
{
    // The digests are what sha256sum of the local part begins with; that of hugh is the example of RFC 7929 section 3, whose digest is the same.
    [Theory]
    [InlineData("hugh@example.com", "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6._smimecert.example.com")]
    [InlineData("bob@example.net", Published.BobsName)]
    [InlineData("bob@EXAMPLE.net", Published.BobsName)]
    [InlineData("\"bob\"@example.net", Published.BobsName)]
    [InlineData("bob@bücher.example", "81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd._smimecert.xn--bcher-kva.example")]
    public void The_name_is_a_digest_of_the_local_part_below_the_domain(string address, string expected) =>
        Assert.Equal([expected], SmimeaName.Of(Published.Address(address)));

    [Fact]
    public void A_local_part_with_capitals_is_asked_for_as_it_stands_and_then_in_lower_case()
    {
        var names = SmimeaName.Of(Published.Address("Bob@example.net"));

        Assert.Equal(2, names.Count);
        Assert.NotEqual(Published.BobsName, names[0]);
        Assert.Equal(Published.BobsName, names[1]);
    }

    [Theory]
    [InlineData("bob@[192.0.2.1]")]
    [InlineData("bob@[IPv6:2001:db8::1]")]
    public void A_domain_that_is_not_in_DNS_has_no_name(string address) => Assert.Empty(SmimeaName.Of(Published.Address(address)));

    [Fact]
    public void A_domain_that_is_too_long_for_the_labels_in_front_has_no_name() =>
        Assert.Empty(SmimeaName.Of(Published.Address($"bob@{string.Join('.', Enumerable.Repeat(new string('a', 60), 3))}.net")));
}
