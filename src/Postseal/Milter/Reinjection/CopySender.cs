using System.Net;
using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Milter;
using MimeKit;
using Postseal.Mail;
using Postseal.MailKit;
using Postseal.Policy;

using ReturnType = MailKit.Net.Smtp.DeliveryStatusNotificationType;

namespace Postseal.Program.Milter.Reinjection;

/// <summary>Hands copies of one message to the SMTP server of <c>[Splitting] Reinject</c>, over one connection, each for one recipient
/// and with the DSN parameters (RFC 3461) that the client gave for him.</summary>
internal sealed class CopySender(SplittingOptions options) : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private CopyClient? client;

    /// <summary>Gets whether the server can be asked to keep the text out of what it returns (RFC 3461), once connected.</summary>
    public bool KnowsDeliveryStatus => client?.Capabilities.HasFlag(SmtpCapabilities.Dsn) == true;

    /// <summary>Connects, where it is not connected yet.</summary>
    /// <returns><see langword="null"/> when the server is there; else a reply that says why it is not.</returns>
    public async ValueTask<SmtpReply?> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            client ??= await OpenAsync(cancellationToken);
            return null;
        }
        catch (SmtpCommandException e)
        {
            return ReplyOf(e);
        }
        catch (Exception e) when (IsLoss(e))
        {
            return Lost(e);
        }
    }

    /// <summary>Sends one copy.</summary>
    /// <returns><see langword="null"/> when the server has taken it; else its reply, or one that says why there is none.</returns>
    public async ValueTask<SmtpReply?> SendAsync(
        MailMessage copy, EnvelopeAddress sender, EnvelopeAddress recipient, CancellationToken cancellationToken)
    {
        try
        {
            client ??= await OpenAsync(cancellationToken);
            await client.SendAsync(copy, sender, recipient, cancellationToken);
            return null;
        }
        catch (SmtpCommandException e)
        {
            return ReplyOf(e);
        }
        catch (ParseException e)
        {
            return new SmtpReply(553, "5.1.3", $"The address cannot be written to a server: {e.Message.ReplaceLineEndings(" ")}");
        }
        catch (Exception e) when (IsLoss(e))
        {
            return Lost(e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (client is { IsConnected: true })
        {
            try
            {
                await client.DisconnectAsync(quit: true);
            }
            catch (Exception e) when (e is ProtocolException or IOException or SocketException or TimeoutException or SmtpCommandException)
            {
                // Every copy has its reply by now.
            }
        }

        client?.Dispose();
    }

    private async Task<CopyClient> OpenAsync(CancellationToken cancellationToken)
    {
        var made = new CopyClient { Timeout = (int)Timeout.TotalMilliseconds };
        try
        {
            // No certificate names 127.0.0.1 or localhost, and nobody is on the way there.
            var isHere = options.ReinjectHost.Equals("localhost", StringComparison.OrdinalIgnoreCase)
                || (IPAddress.TryParse(options.ReinjectHost, out var address) && IPAddress.IsLoopback(address));
            await made.ConnectAsync(
                options.ReinjectHost, options.ReinjectPort, isHere ? SecureSocketOptions.None : SecureSocketOptions.StartTlsWhenAvailable,
                cancellationToken);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    private static bool IsLoss(Exception e) => e is ProtocolException or ServiceNotConnectedException or IOException or SocketException
        or TimeoutException or AuthenticationException or SslHandshakeException;

    private SmtpReply Lost(Exception e)
    {
        client?.Dispose();
        client = null;
        return new SmtpReply(451, "4.4.1", $"The server that sends the copies of this mail does not answer: {e.Message.ReplaceLineEndings(" ")}");
    }

    private static SmtpReply ReplyOf(SmtpCommandException e)
    {
        var code = (int)e.StatusCode is >= 400 and < 600 and var reply ? reply : 451;
        return new SmtpReply(code, $"{code / 100}.0.0", e.Message.ReplaceLineEndings(" "));
    }

    /// <summary>MailKit's client, with the parameters of one copy.</summary>
    private sealed class CopyClient : SmtpClient
    {
        private string? envelopeId;
        private DeliveryStatusNotification? notify;

        public async Task SendAsync(MailMessage copy, EnvelopeAddress sender, EnvelopeAddress recipient, CancellationToken cancellationToken)
        {
            envelopeId = Parameter(sender, "ENVID");
            DeliveryStatusNotificationType = Parameter(sender, "RET")?.ToUpperInvariant() switch
            {
                "FULL" => ReturnType.Full,
                "HDRS" => ReturnType.HeadersOnly,
                _ => ReturnType.Unspecified,
            };
            notify = NotifyOf(recipient);
            var format = FormatOptions.Default.Clone();
            format.International = Capabilities.HasFlag(SmtpCapabilities.UTF8);
            using var message = RawMimeMessage.FromBytes(copy);
            await SendAsync(
                format, message, new MailboxAddress("", sender.Address), [new MailboxAddress("", recipient.Address)], cancellationToken);
        }

        protected override string? GetEnvelopeId(MimeMessage message) => envelopeId;

        protected override DeliveryStatusNotification? GetDeliveryStatusNotifications(MimeMessage message, MailboxAddress mailbox) => notify;

        /// <summary>notify-esmtp-value = "NEVER" / notify-list-element *( "," notify-list-element ) (RFC 3461 section 4.1)</summary>
        private static DeliveryStatusNotification? NotifyOf(EnvelopeAddress recipient)
        {
            if (Parameter(recipient, "NOTIFY") is not { } text)
                return null;
            var notify = DeliveryStatusNotification.Never;
            foreach (var element in text.Split(','))
            {
                notify |= element.ToUpperInvariant() switch
                {
                    "SUCCESS" => DeliveryStatusNotification.Success,
                    "FAILURE" => DeliveryStatusNotification.Failure,
                    "DELAY" => DeliveryStatusNotification.Delay,
                    _ => DeliveryStatusNotification.Never,
                };
            }

            return notify;
        }
    }

    /// <summary>Determines whether the sender asked for a report when a recipient has the message (NOTIFY=SUCCESS), in any of several
    /// such parameters: Postfix takes one alone, and which one counts elsewhere nobody knows.</summary>
    internal static bool ReportsSuccess(EnvelopeAddress recipient) => recipient.Parameters.Any(
        parameter => parameter.StartsWith("NOTIFY=", StringComparison.OrdinalIgnoreCase) && parameter.Contains("SUCCESS", StringComparison.OrdinalIgnoreCase));

    /// <summary>Finds the value of an ESMTP parameter.</summary>
    internal static string? Parameter(EnvelopeAddress address, string name) => address.Parameters
        .Where(parameter => parameter.StartsWith(name + "=", StringComparison.OrdinalIgnoreCase))
        .Select(parameter => parameter[(name.Length + 1)..])
        .FirstOrDefault();
}
