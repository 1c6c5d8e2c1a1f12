using System.Net;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.Smime;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>A message that the MTA would take is not made one that it refuses.</summary>
public sealed class SizeTests : IDisposable
{
    // What of MaxSize is left for the envelope and what the MTA and other filters add.
    private const int Reserve = 64 << 10;

    private readonly CertificateFolder folder = new();

    // RSA: its signatures are all of one length.
    public SizeTests() => folder.Add("alice@example.org", "RSA-2048");

    [Theory]
    [InlineData(SignatureForm.Detached, "8 MB of base64", true)]
    [InlineData(SignatureForm.Opaque, "8 MB of base64", false)]
    [InlineData(SignatureForm.Detached, "3 MB of Cyrillic CSV", true)]
    [InlineData(SignatureForm.Opaque, "3 MB of Cyrillic CSV", true)]
    [InlineData(SignatureForm.Detached, "8 MB of Cyrillic CSV", false)]
    [InlineData(SignatureForm.Detached, "20 MB of base64", false)]
    public void What_would_pass_Postfixs_limit_is_left_unsigned_with_a_warning_or_refused_where_it_must_be_signed(
        SignatureForm form, string what, bool signed)
    {
        var message = Message(what);

        var ifPossible = Process(message, new SigningRules { Form = form });
        var required = Process(message, new SigningRules { Form = form, Mode = SigningMode.Required });

        if (signed)
        {
            Assert.InRange(Assert.IsType<Outcome.Replaced>(ifPossible).Message.Length, 1, 10_240_000 - Reserve);
            Assert.IsType<Outcome.Replaced>(required);
            return;
        }

        var unchanged = Assert.IsType<Outcome.Unchanged>(ifPossible);
        Assert.Contains("more than MaxSize = 10240000", unchanged.Why.Message, StringComparison.Ordinal);
        Assert.True(unchanged.NeedsAttention);
        var refused = Assert.IsType<Outcome.Refused>(required);
        Assert.Equal((552, "5.3.4"), (refused.Reply.Code, refused.Reply.EnhancedStatusCode));
        Assert.Contains("more than MaxSize = 10240000", refused.Why.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SignatureForm.Detached)]
    [InlineData(SignatureForm.Opaque)]
    public void The_whole_signed_message_counts_to_the_byte(SignatureForm form)
    {
        var message = Text.Message("From: alice@example.org\r\n\r\n" + new string('x', 100) + "\r\n");
        var rules = new SigningRules { Form = form };
        using var written = new MemoryStream();
        Assert.IsType<Outcome.Replaced>(Process(message, rules)).Message.WriteTo(written);

        Assert.IsType<Outcome.Replaced>(Process(message, rules with { MaxSize = written.Length + Reserve }));
        Assert.IsType<Outcome.Unchanged>(Process(message, rules with { MaxSize = written.Length + Reserve - 1 }));
    }

    [Theory]
    [InlineData("alice@example.org", 25_600_000, true)]
    [InlineData("@example.org", 25_600_000, true)]
    [InlineData("alice@example.org", 20_000_000, false)]
    [InlineData("bob@example.org", 25_600_000, false)]
    public void A_senders_section_has_a_limit_of_its_own(string section, long maxSize, bool signed)
    {
        var senders = Limit(section, maxSize);

        Assert.Equal(signed, Process(Message("20 MB of base64"), new SigningRules(), senders) is Outcome.Replaced);
    }

    [Fact]
    public void Explain_tells_the_limit_and_the_section_it_is_from()
    {
        var steps = Processor(new SigningRules(), Limit("@example.org", 20_000_000)).Process(Message("20 MB of base64"), Envelope).Steps;

        var step = Assert.Single(steps, step => step.Question == "in which way?");
        Assert.Contains("MaxSize = 20000000", step.Answer, StringComparison.Ordinal);
        Assert.Equal("[Signing], [Sender:@example.org]", step.DecidedBy);
    }

    public void Dispose() => folder.Dispose();

    private static Envelope Envelope => new() { ClientAddress = IPAddress.Loopback };

    private static MailMessage Message(string what)
    {
        var (type, line) = what.EndsWith("CSV", StringComparison.Ordinal)
            ? ("text/csv; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", Text.Utf8("Москва;Пётр;Иванов;Сумма;Платёж") + "\r\n")
            : ("application/pdf\r\nContent-Transfer-Encoding: base64", new string('A', 76) + "\r\n");
        var size = int.Parse(what.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) * 1_000_000;
        var body = string.Concat(Enumerable.Repeat(line, size / line.Length));
        return Text.Message($"From: alice@example.org\r\nContent-Type: {type}\r\n\r\n{body}");
    }

    private static Dictionary<AddressPattern, SenderOverrides> Limit(string section, long maxSize) =>
        new() { [AddressPattern.Parse(section)] = new(MaxSize: maxSize) };

    private Outcome Process(MailMessage message, SigningRules rules, Dictionary<AddressPattern, SenderOverrides>? senders = null) =>
        Processor(rules, senders).Process(message, Envelope);

    private OutgoingProcessor Processor(SigningRules rules, Dictionary<AddressPattern, SenderOverrides>? senders) => new(
        new PostsealOptions { Certificates = folder.Options, Signing = rules, Senders = senders ?? [] }, folder.Open(), folder.Time);
}
