using Milter;
using Milter.Testing;

namespace Postseal.Soak;

/// <summary>Pieces of a dialogue, for those who break it off.</summary>
internal static class Dialogue
{
    private const int Chunk = 65535;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Hands in a message up to its end, or up to the middle of its body, every step with its reply.</summary>
    public static async Task HandInAsync(this MilterClient client, MtaMessage message, bool wholeBody)
    {
        await client.AskAsync(MilterCommand.Connect, MilterClient.ClientInfo(message.ClientName, message.ClientAddress, 40000));
        await client.AskAsync(MilterCommand.Mail, MilterClient.Strings($"<{message.Sender}>"));
        await client.AskAsync(MilterCommand.Recipient, MilterClient.Strings($"<{message.Recipients[0]}>"));
        foreach (var header in message.Headers)
            await client.AskAsync(MilterCommand.Header, client.Header(header));
        await client.AskAsync(MilterCommand.EndOfHeaders);
        var end = wholeBody ? message.Body.Length : message.Body.Length / 2;
        for (var at = 0; at < end; at += Chunk)
            await client.AskAsync(MilterCommand.Body, message.Body.Slice(at, Math.Min(Chunk, end - at)));
    }

    /// <summary>Reads until the daemon closes the connection.</summary>
    /// <exception cref="TimeoutException">It does not.</exception>
    public static async Task BeCutOffAsync(this MilterClient client)
    {
        try
        {
            while (true)
                await client.ReceiveAsync().WaitAsync(Timeout);
        }
        catch (IOException)
        {
            // The end of the stream, or a reset: closed either way.
        }
    }
}
