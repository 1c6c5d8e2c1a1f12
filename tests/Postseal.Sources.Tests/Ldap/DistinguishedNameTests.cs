using Postseal.Ldap.Protocol;

namespace Postseal.Sources.Tests.Ldap;

public sealed class DistinguishedNameTests
{
    /// <summary>What has a meaning in a name (RFC 4514 section 3) has none in a value, so that nobody's address becomes a name elsewhere.</summary>
    [Theory]
    [InlineData("alice@example.org", "mail=alice@example.org,ou=learned")]
    [InlineData("\"a,ou=people\"@example.org", "mail=\\\"a\\,ou\\=people\\\"@example.org,ou=learned")]
    [InlineData("a+cn=admin@example.org", "mail=a\\+cn\\=admin@example.org,ou=learned")]
    [InlineData("#41@example.org", "mail=\\#41@example.org,ou=learned")]
    [InlineData(" a b ", "mail=\\ a b\\ ,ou=learned")]
    [InlineData(" ", "mail=\\ ,ou=learned")]
    [InlineData("a\0b", "mail=a\\00b,ou=learned")]
    [InlineData("a\r\nb", "mail=a\\0d\\0ab,ou=learned")]
    [InlineData("a\\;<>", "mail=a\\\\\\;\\<\\>,ou=learned")]
    [InlineData("jürgen@example.org", "mail=jürgen@example.org,ou=learned")]
    public void A_value_stays_one_value_whatever_is_in_it(string value, string name) =>
        Assert.Equal(name, DistinguishedName.Below("ou=learned", "mail", value));

    [Theory]
    [InlineData("ou=a\r\nb", "ou=a??b")]
    [InlineData("ou=\u202Eevil", "ou=?evil")]
    public void A_name_that_a_server_made_up_harms_no_terminal(string name, string shown) => Assert.Equal(shown, DistinguishedName.ForPeople(name));
}
