using System.Collections.Concurrent;
using MailKit;
using MailKit.Net.Smtp;
using MimeKit;
using Postseal.MailKit.Tests.Support;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests;

/// <summary>A subclass of the client is told of the message that its program handed in, and MailKit's defaults still hold.</summary>
public sealed class OverrideTests : IDisposable
{
    private readonly Office office = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("alice@example.org", false)]
    [InlineData("alice@example.org", true)]
    [InlineData("stranger@example.com", false)]
    public async Task Every_override_gets_the_very_message_that_was_handed_in(string from, bool pipelining)
    {
        await using var server = new SmtpServerDouble(pipelining ? ["8BITMIME", "DSN", "PIPELINING"] : ["8BITMIME", "DSN"]) { Refuses = "refused@example.net" };
        using var client = new TellingClient(office.Signer());
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        var message = Letters.Plain(from);
        message.Cc.Add(new MailboxAddress("", "refused@example.net"));

        await client.SendAsync(message, Cancel);
        client.Send(message, Cancel);

        Assert.All(client.Told, told => Assert.Same(message, told.Message));
        Assert.Equal(
            ["GetDeliveryStatusNotifications", "GetEnvelopeId", "OnRecipientAccepted", "OnRecipientNotAccepted", "OnSenderAccepted"],
            client.Told.Select(told => told.By).Distinct().Order(StringComparer.Ordinal));
        Assert.Contains("ENVID=1", server.Messages.First().Mail, StringComparison.Ordinal);
        Assert.Contains("NOTIFY=NEVER", server.Messages.First().Recipients[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_nobody_is_taken_the_override_gets_the_message_too()
    {
        await using var server = new SmtpServerDouble("8BITMIME") { Refuses = "bob@example.net" };
        using var client = new TellingClient(office.Signer());
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        var message = Letters.Plain();

        await Assert.ThrowsAsync<SmtpCommandException>(() => client.SendAsync(message, Cancel));

        Assert.Same(message, client.Told.Single(told => told.By == "OnNoRecipientsAccepted").Message);
    }

    [Theory]
    [InlineData("bob@example.net", SmtpErrorCode.RecipientNotAccepted)]
    [InlineData("alice@example.org", SmtpErrorCode.SenderNotAccepted)]
    public async Task Without_overrides_a_refusal_is_MailKits_exception(string refused, SmtpErrorCode code)
    {
        await using var server = new SmtpServerDouble("8BITMIME") { Refuses = refused };
        using var client = office.Client();
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        var thrown = await Assert.ThrowsAsync<SmtpCommandException>(() => client.SendAsync(Letters.Plain(), Cancel));

        Assert.Equal((code, refused), (thrown.ErrorCode, thrown.Mailbox!.Address));
    }

    public void Dispose() => office.Dispose();

    private sealed class TellingClient(SmimeSigner signer) : SmimeSmtpClient(signer)
    {
        public ConcurrentQueue<(string By, MimeMessage Message)> Told { get; } = new();

        protected override string? GetEnvelopeId(MimeMessage message)
        {
            Told.Enqueue((nameof(GetEnvelopeId), message));
            return message.MessageId;
        }

        protected override DeliveryStatusNotification? GetDeliveryStatusNotifications(MimeMessage message, MailboxAddress mailbox)
        {
            Told.Enqueue((nameof(GetDeliveryStatusNotifications), message));
            return DeliveryStatusNotification.Never;
        }

        protected override void OnSenderAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response)
        {
            Told.Enqueue((nameof(OnSenderAccepted), message));
            base.OnSenderAccepted(message, mailbox, response);
        }

        protected override void OnRecipientAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response)
        {
            Told.Enqueue((nameof(OnRecipientAccepted), message));
            base.OnRecipientAccepted(message, mailbox, response);
        }

        protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
            Told.Enqueue((nameof(OnRecipientNotAccepted), message));

        protected override void OnNoRecipientsAccepted(MimeMessage message)
        {
            Told.Enqueue((nameof(OnNoRecipientsAccepted), message));
            base.OnNoRecipientsAccepted(message);
        }
    }
}
