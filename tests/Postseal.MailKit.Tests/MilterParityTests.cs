using Microsoft.Extensions.Logging.Abstractions;
using Milter;
using Milter.Testing;
using MimeKit;
using Postseal.MailKit.Tests.Support;
using Postseal.Program.Milter;
using Postseal.Settings;
using Postseal.Smime;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests;

/// <summary>
/// The two doors: a message sent by plain MailKit through an MTA with our milter, and the same message sent by
/// SmimeSmtpClient, arrive as the same bytes.
/// </summary>
public sealed class MilterParityTests : IDisposable
{
    private readonly Office office = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SignatureForm.Detached)]
    [InlineData(SignatureForm.Opaque)]
    public async Task Client_and_milter_make_the_same_message(SignatureForm form)
    {
        foreach (var make in new Func<MimeMessage>[] { () => Letters.Plain(), () => Letters.Rich() })
        {
            var byMilter = await ThroughMilterAsync(make(), Options(form));
            var byClient = await ThroughClientAsync(make(), Options(form));

            Assert.Equal(Letters.Text(byMilter), Letters.Text(byClient));
            Assert.Contains(form == SignatureForm.Detached ? "multipart/signed" : "smime-type=signed-data", Letters.Text(byClient), StringComparison.Ordinal);
        }
    }

    /// <summary>Encryption is random; what is read is not.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("Content = Aes256Gcm")]
    public async Task Client_and_milter_encrypt_the_same_message(string setting)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var bob = office.AddCorrespondent("bob@example.net", "RSA-2048");
        var options = office.Options($"[Encryption]\nMode = Required\n{setting}");
        foreach (var make in new Func<MimeMessage>[] { () => Letters.Plain(), () => Letters.Rich() })
        {
            var byMilter = await ThroughMilterAsync(make(), options);
            var byClient = await ThroughClientAsync(make(), options);

            Assert.Equal(Letters.Text(SecretMail.Open(byMilter, bob)), Letters.Text(SecretMail.Open(byClient, bob)));
            Assert.Equal(HeaderOf(byMilter), HeaderOf(byClient));
            Assert.Equal(byMilter.Length, byClient.Length);
        }
    }

    /// <summary>Broken, odd and old messages, read by MimeKit and sent on.</summary>
    [Fact]
    public async Task Every_message_of_our_corpus_and_of_mime4j_is_signed_as_the_core_signs_what_plain_MailKit_sends()
    {
        // Of a content that lies elsewhere plain MailKit sends how it would be encoded.
        var messages = Corpora.Own.Where(message => message.Name != "external-body.eml")
            .Concat(Corpora.Of("mime4j")).Where(IsReadable).ToList();
        await using var plainServer = new SmtpServerDouble("8BITMIME");
        await using var server = new SmtpServerDouble("8BITMIME");
        using var plain = new global::MailKit.Net.Smtp.SmtpClient();
        using var client = office.Client();
        await plain.ConnectAsync("127.0.0.1", plainServer.Port, cancellationToken: Cancel);
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        var signed = 0;
        var different = new List<string>();
        foreach (var message in messages)
        {
            await plain.SendAsync(Load(message), Alice, [Alice], Cancel);
            await client.SendAsync(Load(message), Alice, [Alice], Cancel);

            var (sent, received) = (Take(plainServer), Take(server));
            var isSigned = Letters.Text(received.Bytes).Contains("smime.p7s", StringComparison.Ordinal);
            signed += isSigned ? 1 : 0;
            var expected = isSigned ? office.SignedByCore(sent.Bytes) : sent.Bytes;
            if (!expected.AsSpan().SequenceEqual(received.Bytes))
                different.Add(message.Name);
        }

        Assert.Empty(different);
        Assert.InRange(signed, messages.Count * 3 / 4, messages.Count);
    }

    public void Dispose() => office.Dispose();

    private static MailboxAddress Alice => new("", "alice@example.org");

    private static ReceivedMessage Take(SmtpServerDouble server) =>
        server.Messages.TryDequeue(out var message) ? message : throw new InvalidOperationException("Nothing arrived.");

    private static MimeMessage Load(CorpusMessage file)
    {
        using var stream = new MemoryStream(file.Bytes);
        var message = MimeMessage.Load(stream, Cancel);
        message.From.Clear();
        message.From.Add(Alice);
        return message;
    }

    private static bool IsReadable(CorpusMessage file)
    {
        try
        {
            return Load(file).Body is not null;
        }
        catch (FormatException)
        {
            return false; // without a header it is no message to MimeKit
        }
    }

    private static string HeaderOf(byte[] mail) => Letters.Text(mail).Split("\r\n\r\n", 2)[0];

    private PostsealOptions Options(SignatureForm form) => office.Options() with { Signing = new() { Form = form } };

    private async Task<byte[]> ThroughMilterAsync(MimeMessage message, PostsealOptions options)
    {
        var atTheMta = (await Office.SentByMailKitAsync(message, "8BITMIME")).Bytes;
        await using var server = MilterDaemon.CreateServer(
            new() { Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } }, () => options, NullLoggerFactory.Instance, office.Time);
        await server.StartAsync(Cancel);
        await using var mta = await MtaDouble.ConnectAsync(server.Endpoints[0], MtaKind.Postfix, Cancel);
        return (await mta.SendAsync(MtaMessage.FromBytes(atTheMta) with { Recipients = ["bob@example.net"] }, Cancel)).ToBytes();
    }

    private async Task<byte[]> ThroughClientAsync(MimeMessage message, PostsealOptions options)
    {
        await using var server = new SmtpServerDouble("8BITMIME");
        using var client = new SmimeSmtpClient(new SmimeSigner(options, time: office.Time));
        await Office.SendAsync(client, server, message);
        return Assert.Single(server.Messages).Bytes;
    }
}
