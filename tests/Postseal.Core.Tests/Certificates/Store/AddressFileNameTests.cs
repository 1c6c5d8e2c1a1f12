using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Certificates.Store;
using Postseal.Mail;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Store;

/// <summary>Sympa's two ways of escaping an address in a file name.</summary>
public sealed class AddressFileNameTests
{
    private static readonly MailAddress Difficult = new("o'brien+x/y_z%40 a", "ex.org");

    [Fact]
    public void The_new_scheme_writes_an_underscore_and_two_digits() =>
        Assert.Equal("o_27brien+x_2fy_5fz_2540_20a@ex.org", AddressFileName.Escape(Difficult));

    [Fact]
    public void The_old_scheme_writes_a_percent_sign_and_two_digits_and_a5_for_a_slash() =>
        Assert.Equal("o%27brien%2bx%a5y_z%2540%20a@ex.org", AddressFileName.EscapeOld(Difficult));

    [Theory]
    [InlineData("o_27brien+x_2fy_5fz_2540_20a@ex.org")]
    [InlineData("o%27brien%2bx%a5y_z%2540%20a@ex.org")]
    [InlineData("O_27Brien+X_2Fy_5Fz_2540_20a@EX.org")]
    public void Both_schemes_are_read_without_case(string name) => Assert.Contains(AddressPattern.Of(Difficult), AddressFileName.Readings(name));

    [Theory]
    [InlineData("alice@example.org", "alice@example.org")]
    [InlineData("alice_smith@example.org", "alice_smith@example.org")]
    [InlineData("alice_5fsmith@example.org", "alice_5fsmith@example.org", "alice_smith@example.org")]
    [InlineData("a_zz@example.org", "a_zz@example.org")]
    [InlineData("a_c3@example.org", "a_c3@example.org")]
    [InlineData("50%25@example.org", "50%25@example.org", "50%@example.org")]
    [InlineData("alice@xn--bcher-kva.example", "alice@xn--bcher-kva.example")]
    [InlineData("alice@Bücher.example", "alice@xn--bcher-kva.example")]
    [InlineData("chain")]
    [InlineData("_40")]
    [InlineData("@Example.org", "@example.org")]
    public void A_name_is_read_as_it_stands_and_as_each_scheme_would_have_written_it(string name, params string[] addresses) =>
        Assert.Equal(addresses, AddressFileName.Readings(name).Select(owner => owner.Text));

    [Theory]
    [InlineData("john_doe@example.org", "john_doe@example.org")]
    [InlineData("O'Brien@Example.org", "o'brien@example.org")]
    [InlineData("\"a/../b\"@example.org", "a_2f.._2fb@example.org")]
    [InlineData("a/b@example.org", "a_2fb@example.org")]
    public void A_name_for_a_file_is_the_address_itself_where_that_can_be_a_name(string address, string name) =>
        Assert.Equal(name, AddressFileName.For(Address(address)));

    [Fact]
    public void Whatever_is_written_is_read_again_and_is_a_plain_name()
    {
        var addresses =
            from local in Gen.Elements([.. "ab_%/.-+'é日\\ \u0001\"@".ToCharArray()]).NonEmptyListOf()
            where Encoding.UTF8.GetByteCount([.. local]) <= 64
            from domain in Gen.Elements("example.org", "bücher.example")
            select new MailAddress(new string([.. local]), domain);

        Prop.ForAll(addresses.ToArbitrary(), address =>
        {
            foreach (var name in (string[])[AddressFileName.Escape(address), AddressFileName.For(address)])
            {
                Assert.Contains(AddressPattern.Of(address), AddressFileName.Readings(name));
                Assert.DoesNotContain('/', name);
            }

            Assert.Contains(AddressPattern.Of(address), AddressFileName.Readings(AddressFileName.EscapeOld(address)));
        }).QuickCheckThrowOnFailure();
    }
}
