using Milter;

// For Postfix, in main.cf: smtpd_milters = inet:127.0.0.1:8891
var endpoint = MilterEndpoint.Parse(args is [var socket] ? socket : "inet:8891@127.0.0.1");
await using var server = new MilterServer(new MilterServerOptions { Endpoints = { endpoint } }, new Stamp());
await server.RunAsync(); // until SIGTERM or Ctrl-C; messages in flight are finished

/// <summary>Marks mail as internal, in its subject and in a field of its own, and keeps it inside.</summary>
sealed class Stamp : IMilterFilter
{
    public ValueTask<MilterDecision> FilterAsync(MilterMessage message, CancellationToken cancellationToken)
    {
        var outsiders = message.Recipients
            .Where(recipient => !recipient.Address.EndsWith("@example.org", StringComparison.OrdinalIgnoreCase))
            .ToList();
        if (outsiders.Count == message.Recipients.Count)
            return new(MilterDecision.Reply(550, "5.7.1", "This mail is for example.org only"));
        var headers = message.Headers
            .Select(header => header.Is("Subject") ? Marked(header) : header)
            .Append(new MilterHeader("X-Audience", " internal"));
        return new(MilterDecision.Replace([.. headers]) with { DeletedRecipients = outsiders });
    }

    // A value is all that follows the colon, so it begins with a space.
    private static MilterHeader Marked(MilterHeader subject) =>
        subject with { Value = (byte[])[.. " [internal]"u8, .. subject.Value.Span] };
}
