using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Milter;
using Milter.Testing;
using Postseal.Certificates;
using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.Program.Trial;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>Both passes of a message that Postfix splits, through the daemon; openssl reads what arrives.</summary>
public sealed class PostfixSplitTests : IAsyncDisposable
{
    private const string Field = "X-Postseal-Split";

    private static readonly MtaMessage ToBobAndCarol = Message("From: alice@example.org\r\nTo: bob@example.net, carol@example.net\r\nMessage-ID: <1@example.org>\r\nSubject: Hello")
        with
    { Recipients = ["bob@example.net", "carol@example.net"] };

    private readonly SettableTime time = new(new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero));
    private readonly CertificateFolder folder;
    private readonly TemporaryDirectory state = new();
    private readonly LineCollector log = new() { WithLevel = true };
    private readonly IssuedCertificate bob;
    private PostsealOptions options;
    private MilterServer? server;

    public PostfixSplitTests()
    {
        folder = new CertificateFolder(time);
        folder.Add("alice@example.org");
        bob = Correspondent("bob@example.net");
        options = new PostsealOptions
        {
            Certificates = folder.Options,
            Encryption = new EncryptionRules { Mode = EncryptionMode.IfPossible },
            Splitting = new SplittingOptions { Method = SplitMethod.Postfix },
            StatePath = state.File("state"),
        };
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_recipient_gets_his_own_in_the_second_pass()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var queued = await FirstPassAsync(ToBobAndCarol);

        var toBob = await SecondPassAsync(queued, "bob@example.net");
        var toCarol = await SecondPassAsync(queued, "carol@example.net");

        Assert.Equal((MtaVerdict.Accepted, MtaVerdict.Accepted), (toBob.Verdict, toCarol.Verdict));
        Assert.All((MtaResult[])[toBob, toCarol], result => Assert.DoesNotContain(result.Headers, header => header.Is(Field)));
        var signed = Without(queued);
        Assert.Equal(Encoding.ASCII.GetString(signed), Encoding.ASCII.GetString(toCarol.ToBytes()));
        Assert.True(OpenSsl.Verify(signed, folder.Ca.Root).Verified);
        Assert.Contains("pkcs7-mime", toBob.Headers.Single(header => header.Is("Content-Type")).ToString(), StringComparison.Ordinal);
        // What is in it is what was signed, to the byte.
        var (content, errors) = Decrypt(toBob, bob);
        Assert.True(content is not null, errors);
        Assert.StartsWith("Content-Type: multipart/signed", content, StringComparison.Ordinal);
        Assert.Equal(Encoding.ASCII.GetString(queued.Body.Span), content.Split("\r\n\r\n", 2)[1]);
    }

    [Theory]
    [InlineData("alice@example.org")]
    [InlineData("")]
    public async Task What_is_returned_from_between_the_passes_is_the_header_alone(string sender)
    {
        var result = await SendAsync(ToBobAndCarol with { Sender = sender });

        Assert.Equal(sender, result.Sender.Address);
        Assert.Equal(sender.Length > 0 ? ["RET=HDRS"] : [], result.Sender.Parameters);
    }

    [Fact]
    public async Task What_one_body_serves_takes_no_second_pass()
    {
        var result = await SendAsync(Message("From: alice@example.org\r\nTo: bob@example.net\r\nSubject: Hello") with { Recipients = ["bob@example.net"] });

        Assert.DoesNotContain(result.Headers, header => header.Is(Field));
        Assert.Contains("pkcs7-mime", result.Headers.Single(header => header.Is("Content-Type")).ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(options.StatePath) && File.Exists(Path.Combine(options.StatePath, "split.key")));
    }

    [Fact]
    public async Task An_alias_takes_the_split_and_the_certificate_is_that_of_its_member()
    {
        var queued = await FirstPassAsync(Message("From: alice@example.org\r\nTo: team@lists.example.org\r\nMessage-ID: <1@example.org>") with
        {
            Recipients = ["team@lists.example.org"],
            Mailers = new Dictionary<string, string> { ["team@lists.example.org"] = "error" },
        });

        var result = await SecondPassAsync(queued, "bob@example.net");

        Assert.NotNull(Decrypt(result, bob).Content);
    }

    [Fact]
    public async Task Between_the_passes_the_MTA_may_give_the_message_an_identifier_a_sender_and_a_DKIM_signature()
    {
        var queued = await FirstPassAsync(ToBobAndCarol with { Headers = [.. ToBobAndCarol.Headers.Where(header => !header.Is("Message-ID"))] });

        var result = await SecondPassAsync(
            queued with
            {
                Sender = "SRS0=x=y=example.org=alice@relay.example.org",
                Headers = [new("DKIM-Signature", " v=1; d=example.org"), .. queued.Headers, new("Message-Id", " <made@example.org>")],
            },
            "bob@example.net");

        Assert.NotNull(Decrypt(result, bob).Content);
        // The signature was over another body.
        Assert.DoesNotContain(result.Headers, header => header.Is("DKIM-Signature"));
    }

    // Each changes what is queued for bob; with what is not refused he would get it in clear, or signed for a stranger.
    public static TheoryData<string, Func<MtaMessage, MtaMessage>, string> Strangers => new()
    {
        { "no field at all", queued => queued with { Headers = [.. queued.Headers.Where(header => !header.Is(Field))] }, "it has no X-Postseal-Split field" },
        { "a field of its own", queued => queued with { Headers = [new(Field, " yes"), .. queued.Headers.Where(header => !header.Is(Field))] }, "is none that was made here" },
        { "the field twice", queued => queued with { Headers = [queued.Headers.First(header => header.Is(Field)), .. queued.Headers] }, "it has 2 X-Postseal-Split fields" },
        { "another body", queued => queued with { Body = "Pay Mallory\r\n"u8.ToArray() }, "or for another message" },
        { "another identifier", queued => queued with { Headers = [.. queued.Headers.Select(header => header.Is("Message-ID") ? new("Message-ID", " <2@example.org>") : header)] }, "or for another message" },
        { "two recipients", queued => queued with { Recipients = ["bob@example.net", "carol@example.net"] }, "it has 2 recipients: main.cf needs postseal-split_destination_recipient_limit = 1" },
    };

    [Theory]
    [MemberData(nameof(Strangers), DisableDiscoveryEnumeration = true)]
    public async Task Nothing_but_what_was_split_is_taken_at_the_second_smtpd(string _, Func<MtaMessage, MtaMessage> change, string why)
    {
        var queued = await FirstPassAsync(ToBobAndCarol);

        var result = await SendAsync(change(AtSecond(queued, "bob@example.net")));

        Assert.Equal(MtaVerdict.TempFailed, result.Verdict);
        Assert.StartsWith("451 4.", result.Reply, StringComparison.Ordinal);
        Assert.Contains(log.Lines, line => line.StartsWith("Warning 4ABCDEF012: refused at the second smtpd, from 127.0.0.1, with 451: ", StringComparison.Ordinal)
            && line.Contains(why, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(SplitMethod.None, "451 4.3.5 The settings of Postseal lack [Splitting] Method = Postfix", "the settings have [Splitting] Method = None")]
    [InlineData(SplitMethod.Reinject, "451 4.7.0 This is no copy that Postseal has made", "it is no copy that was made here")]
    public async Task What_was_split_before_the_settings_changed_waits(SplitMethod method, string reply, string logged)
    {
        var queued = await FirstPassAsync(ToBobAndCarol);
        options = options with { Splitting = new SplittingOptions { Method = method } };

        var result = await SecondPassAsync(queued, "bob@example.net");

        Assert.Equal(reply, result.Reply);
        Assert.Contains(log.Lines, line => line.Contains(logged, StringComparison.Ordinal));

        options = options with { Splitting = new SplittingOptions { Method = SplitMethod.Postfix } };
        Assert.NotNull(Decrypt(await SecondPassAsync(queued, "bob@example.net"), bob).Content);
    }

    [Fact]
    public async Task Without_a_key_the_message_waits_at_its_client_and_the_log_says_what_to_do()
    {
        File.WriteAllText(options.StatePath, "");

        var result = await SendAsync(ToBobAndCarol);

        Assert.StartsWith("451 4.3.0 ", result.Reply, StringComparison.Ordinal);
        Assert.Contains(log.Lines, line => line.StartsWith($"Error 4ABCDEF012: cannot be split, and fails temporarily: {options.StatePath}/split.key cannot be made: ", StringComparison.Ordinal)
            && line.Contains("let [State] Path be a directory that the daemon can write, with room on its disk", StringComparison.Ordinal));

        File.Delete(options.StatePath);
        Assert.Equal(MtaVerdict.Accepted, (await SendAsync(ToBobAndCarol)).Verdict);
    }

    [Fact]
    public async Task Where_the_MTA_is_not_set_up_to_split_the_message_waits_and_does_not_leave_in_clear()
    {
        var result = await SendAsync(ToBobAndCarol with { Macros = new Dictionary<string, string>() });

        Assert.StartsWith("451 4.3.0 ", result.Reply, StringComparison.Ordinal);
        Assert.Contains(log.Lines, line => line.StartsWith("Error 4ABCDEF012: cannot be split, and fails temporarily: main.cf has not the lines", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_that_is_gone_between_the_passes_holds_the_message_until_it_is_back()
    {
        var queued = await FirstPassAsync(ToBobAndCarol);
        var key = Path.Combine(options.StatePath, "split.key");
        File.Move(key, key + ".away");

        Assert.StartsWith("451 4.3.0 ", (await SecondPassAsync(queued, "bob@example.net")).Reply, StringComparison.Ordinal);
        Assert.False(File.Exists(key));

        File.Move(key + ".away", key);
        Assert.NotNull(Decrypt(await SecondPassAsync(queued, "bob@example.net"), bob).Content);
    }

    [Fact]
    public async Task Another_host_with_the_same_key_takes_the_second_pass()
    {
        var queued = await FirstPassAsync(ToBobAndCarol);
        using var elsewhere = new TemporaryDirectory();
        File.Copy(Path.Combine(options.StatePath, "split.key"), elsewhere.File("split.key"));

        options = options with { StatePath = elsewhere.Path };
        Assert.NotNull(Decrypt(await SecondPassAsync(queued, "bob@example.net"), bob).Content);

        // A change of [State] takes effect with the next message: there is no key there.
        options = options with { StatePath = elsewhere.File("none") };
        Assert.StartsWith("451 4.3.0 ", (await SecondPassAsync(queued, "bob@example.net")).Reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_went_between_the_passes_never_means_clear_text_under_Required()
    {
        options = options with { Encryption = new EncryptionRules { Mode = EncryptionMode.Required, Missing = MissingCertificate.Bounce } };
        _ = Correspondent("carol@example.net");
        var queued = await FirstPassAsync(ToBobAndCarol with { Headers = [.. ToBobAndCarol.Headers.Where(header => !header.Is("To"))] });
        File.Delete(folder.File("carol@example.net.crt"));

        var toCarol = await SecondPassAsync(queued, "carol@example.net");

        Assert.Equal(MtaVerdict.Rejected, toCarol.Verdict);
        Assert.Contains("carol@example.net", toCarol.Reply, StringComparison.Ordinal);
        Assert.NotNull(Decrypt(await SecondPassAsync(queued, "bob@example.net"), bob).Content);
    }

    // Whoever sends it, by whatever way, in whatever form: no mail leaves with the field.
    [Theory]
    [InlineData("X-Postseal-Split: v1", true)]
    [InlineData("x-postSEAL-split:v1; t=1", true)]
    [InlineData("X-Postseal-Split:", true)]
    [InlineData("X-Postseal-Split : folded\r\n\tand more", true)]
    [InlineData("X-Postseal-Split: one\r\nX-Other: y\r\nX-Postseal-Split: two", true)]
    [InlineData("X-Postseal-Split: v1", false)]
    [InlineData("X-Postseal-Split : folded\r\n\tand more", false)]
    [InlineData("x-postSEAL-split:v1; t=1\r\nX-Postseal-Split:", false)]
    public async Task A_field_that_a_client_made_leaves_with_no_mail(string field, bool ours)
    {
        foreach (var method in Enum.GetValues<SplitMethod>())
        {
            options = options with { Splitting = new SplittingOptions { Method = method } };

            var result = await SendAsync(Message($"{field}\r\nFrom: alice@example.org\r\nTo: bob@example.net\r\nSubject: Hello") with
            {
                Recipients = ["bob@example.net"],
                ClientAddress = ours ? IPAddress.Loopback : IPAddress.Parse("192.0.2.7"),
            });

            Assert.Equal(MtaVerdict.Accepted, result.Verdict);
            Assert.DoesNotContain(result.Headers, header => Encoding.ASCII.GetString(header.Name.Span).Trim().Equals(Field, StringComparison.OrdinalIgnoreCase));
            Assert.Contains(result.Headers, header => header.Is("Subject"));
        }
    }

    [Fact]
    public async Task A_forged_field_in_a_message_that_is_split_gives_way_to_the_one_that_counts()
    {
        var queued = await FirstPassAsync(ToBobAndCarol with { Headers = [new(Field, " v1; forged"), .. ToBobAndCarol.Headers, new("x-postseal-split", " too")] });

        Assert.NotNull(Decrypt(await SecondPassAsync(queued, "bob@example.net"), bob).Content);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        log.Dispose();
        state.Dispose();
        folder.Dispose();
    }

    /// <summary>Sends a message that has to be split, and returns it as it lies in the queue.</summary>
    private async Task<MtaMessage> FirstPassAsync(MtaMessage message)
    {
        var result = await SendAsync(message);
        Assert.True(result.Verdict == MtaVerdict.Accepted, result.Reply);
        Assert.Single(result.Headers, header => header.Is(Field));
        return message with { Headers = result.Headers, Body = result.Body };
    }

    private Task<MtaResult> SecondPassAsync(MtaMessage queued, string recipient) => SendAsync(AtSecond(queued, recipient));

    private static MtaMessage AtSecond(MtaMessage queued, string recipient) =>
        queued with
        {
            Macros = new Dictionary<string, string> { ["daemon_name"] = "POSTSEAL-SPLIT" },
            Recipients = [recipient],
            Mailers = new Dictionary<string, string>(),
        };

    private async Task<MtaResult> SendAsync(MtaMessage message)
    {
        if (server is null)
        {
            var logs = LoggerFactory.Create(builder => builder.AddProvider(log));
            server = MilterDaemon.CreateServer(new() { Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } }, () => options, logs, time);
            await server.StartAsync(Cancel);
        }

        await using var mta = await MtaDouble.ConnectAsync(server.Endpoints[0], MtaKind.Postfix, Cancel);
        return await mta.SendAsync(message, Cancel);
    }

    /// <summary>Issues a certificate to somebody elsewhere: his key is not here.</summary>
    private IssuedCertificate Correspondent(string address)
    {
        var issued = folder.Ca.Issue(new TestCaRequest(address) { Key = "RSA-2048" });
        folder.Write(address + ".crt", issued.CertificatePem);
        return issued;
    }

    private static (string? Content, string Errors) Decrypt(MtaResult result, IssuedCertificate recipient)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllBytes(directory.File("mail"), result.ToBytes());
        var (exitCode, _, errors) = OpenSsl.Run(
            "cms", "-decrypt", "-in", directory.File("mail"), "-recip", directory.Write("crt", recipient.CertificatePem),
            "-inkey", directory.Write("key", recipient.KeyPem), "-out", directory.File("content"));
        return (exitCode == 0 ? Encoding.ASCII.GetString(File.ReadAllBytes(directory.File("content"))) : null, errors);
    }

    private static byte[] Without(MtaMessage queued) => new MtaResult
    {
        Headers = [.. queued.Headers.Where(header => !header.Is(Field))],
        Body = queued.Body,
    }.ToBytes();

    private static MtaMessage Message(string headers) => MtaMessage.FromBytes(Encoding.UTF8.GetBytes($"{headers}\r\n\r\nHello\r\n\r\nBob\r\n"))
        with
    { Macros = new Dictionary<string, string> { ["postseal_split"] = "yes" } };
}
