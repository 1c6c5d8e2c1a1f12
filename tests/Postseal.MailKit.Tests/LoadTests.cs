using MimeKit;
using Postseal.MailKit.Tests.Support;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests;

[Collection(nameof(Alone))]
public sealed class LoadTests : IDisposable
{
    private readonly Office office = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sixty_four_clients_at_once_share_one_signer()
    {
        await using var server = new SmtpServerDouble("8BITMIME", "PIPELINING");
        var signer = office.Signer();
        string[] senders = ["alice@example.org", "erin@example.org", "stranger@example.com"];

        await Task.WhenAll(Enumerable.Range(0, 64).Select(async i =>
        {
            using var client = new SmimeSmtpClient(signer);
            await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
            for (var n = 0; n < 2; n++)
                await client.SendAsync(Letters.Plain(senders[(i + n) % 3], $"Message {i} {n}"), Cancel);
        }));

        Assert.Equal(128, server.Messages.Count);
        using var context = new PostsealSecureMimeContext(signer.Certificates, [Office.Root]);
        var texts = new HashSet<string>();
        foreach (var received in server.Messages)
        {
            var message = MimeMessage.Load(new MemoryStream(received.Bytes), Cancel);
            var isStranger = message.From.Mailboxes.Single().Address == senders[2];
            Assert.Equal(!isStranger, message.Body is global::MimeKit.Cryptography.MultipartSigned);
            if (message.Body is global::MimeKit.Cryptography.MultipartSigned signed)
            {
                var signature = Assert.Single(signed.Verify(context, Cancel));
                Assert.True(signature.Verify());
                Assert.Equal(message.From.Mailboxes.Single().Address, signature.SignerCertificate!.Email);
                texts.Add(((TextPart)signed[0]).Text);
            }
            else
            {
                texts.Add(((TextPart)message.Body!).Text);
            }
        }

        Assert.Equal(128, texts.Count);
    }

    /// <summary>What is held grows with no message. It may grow once: pools keep buffers for each thread that comes to send.</summary>
    [Fact]
    public async Task Five_thousand_messages_leave_nothing_behind()
    {
        await using var server = new SmtpServerDouble("8BITMIME", "PIPELINING") { Keeps = false };
        using var client = office.Client();
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        await SendAsync(1_000);
        long[] held = [Held(), await SendAsync(2_000), await SendAsync(2_000)];

        Assert.InRange(Math.Min(held[1] - held[0], held[2] - held[1]), long.MinValue, 80_000); // 40 bytes a message

        // What hangs on a message's life in a weak table goes only after the finalizers have run.
        static long Held()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return GC.GetTotalMemory(forceFullCollection: true);
        }

        async Task<long> SendAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                using var message = Letters.Plain("erin@example.org");
                message.SetSigning(Policy.SigningMode.Required);
                await client.SendAsync(message, Cancel);
            }

            return Held();
        }
    }

    public void Dispose() => office.Dispose();
}
