using System.Text;
using Postseal.Certificates.Sources;

namespace Postseal.Sources.Tests.Pkcs11;

/// <summary>PKCS #11 URIs (RFC 7512), with the examples of its section 3.</summary>
public sealed class Pkcs11UriTests
{
    [Theory]
    [InlineData("pkcs11:")]
    [InlineData("pkcs11:object=my-pubkey;type=public")]
    [InlineData("pkcs11:object=my-key;type=private")]
    [InlineData("pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;model=1.0;object=my-certificate;type=cert;"
        + "id=%69%95%3E%5C%F4%BD%EC%91;serial=")]
    [InlineData("pkcs11:object=my-sign-key;type=private;slot-description=Sun%20Metaslot;slot-id=327")]
    [InlineData("pkcs11:library-manufacturer=Snake%20Oil,%20Inc.;library-description=Soft%20Token%20Library;library-version=1.23")]
    [InlineData("pkcs11:token=A%20name%20with%20a%20substring%20%25%3B;object=my-certificate;type=cert")]
    [InlineData("pkcs11:token=Name%20with%20a%20small%20A%20with%20acute:%20%C3%A1;object=my-certificate;type=cert")]
    [InlineData("PKCS11:token=mail")]
    public void What_the_RFC_writes_is_read(string uri) => Assert.Equal(uri, Pkcs11Uri.Check(uri));

    [Theory]
    [InlineData("pkcs11:object=a?pin-value=1234", "PIN in it")]
    [InlineData("pkcs11:?pin-source=file:/etc/token_pin", "[Pkcs11] PinFile")]
    [InlineData("pkcs11:object=a?module-path=/mnt/libmypkcs11.so.1", "[Pkcs11] Module")]
    [InlineData("pkcs11:object=a?x=y", "behind '?'")]
    [InlineData("pkcs11:object", "'object' is no attribute")]
    [InlineData("pkcs11:object=a;", "'' is no attribute")]
    [InlineData("pkcs11:x-mine=a", "'x-mine' is no attribute")]
    [InlineData("pkcs11:Token=a", "'Token' is no attribute")]
    [InlineData("pkcs11:token=a;token=b", "'token' twice")]
    [InlineData("pkcs11:token=a b", "has ' ' in token")]
    [InlineData("pkcs11:token=ü", "has 'ü' in token")]
    [InlineData("pkcs11:token=a/b", "has '/' in token")]
    [InlineData("pkcs11:token=%4", "'%' in token")]
    [InlineData("pkcs11:token=%zz", "'%' in token")]
    [InlineData("pkcs11:token=%+1", "'%' in token")]
    [InlineData("pkcs11:token=%ff", "no text in UTF-8")]
    [InlineData("pkcs11:token=%00", "no text in UTF-8")]
    [InlineData("pkcs11:type=key", "a type that is none of")]
    [InlineData("pkcs11:slot-id=-1", "slot-id that is no number")]
    [InlineData("pkcs12:token=a", "not a PKCS #11 URI")]
    public void What_is_none_is_refused_with_the_reason(string uri, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => Pkcs11Uri.Check(uri)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("pkcs11:object=a?pin-value=4829131")]
    [InlineData("pkcs11:;;?pin-value=4829131&x")]
    [InlineData("kcs11:?pin-value=4829131")]
    public void A_PIN_is_not_repeated(string uri) =>
        Assert.DoesNotContain("4829131", Assert.Throws<FormatException>(() => Pkcs11Uri.Check(uri)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_long_one_is_refused() => Assert.Throws<FormatException>(() => Pkcs11Uri.Check("pkcs11:token=" + new string('a', 3000)));

    [Theory]
    [InlineData("pkcs11:", true)]
    [InlineData("pkcs11:token=a%20b;serial=1", true)]
    [InlineData("pkcs11:token=A%20b", false)]
    [InlineData("pkcs11:serial=", false)]
    [InlineData("pkcs11:model=", true)]
    [InlineData("pkcs11:object=x", true)]
    public void A_token_has_to_have_all_that_is_named(string uri, bool matches) => Assert.Equal(
        matches, Pkcs11Uri.Parse(uri).MatchesToken(name => name switch { "token" => "a b", "serial" => "1", _ => "" }));

    [Theory]
    [InlineData("pkcs11:token=other", true)]
    [InlineData("pkcs11:object=alice", true)]
    [InlineData("pkcs11:object=bob", false)]
    [InlineData("pkcs11:id=%01%02", true)]
    [InlineData("pkcs11:id=%01", false)]
    [InlineData("pkcs11:object=alice;id=%01%02;type=cert", true)]
    [InlineData("pkcs11:object=alice;type=private", false)]
    public void An_object_has_to_have_all_that_is_named(string uri, bool matches) =>
        Assert.Equal(matches, Pkcs11Uri.Parse(uri).MatchesObject("alice", [1, 2], "cert"));

    [Theory]
    [InlineData("mail", "alice")]
    [InlineData("a;b?c%d", "ü \u0001/")]
    [InlineData("", "x")]
    public void What_is_written_is_read_as_it_was(string token, string label)
    {
        var uri = Pkcs11Uri.Parse(Pkcs11Uri.Of(token, label, "id"u8));
        Assert.True(uri.MatchesToken(name => name == "token" ? token : ""));
        Assert.True(uri.MatchesObject(label, Encoding.UTF8.GetBytes("other"), "cert"));
        Assert.False(uri.MatchesObject(label + "x", "id"u8, "cert"));
    }
}
