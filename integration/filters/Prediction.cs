using System.Text.Json;
using Milter.Testing;

namespace Milter.Integration;

/// <summary>What the double says an MTA makes of a filter's answer, for the test that asks the real MTA.</summary>
internal static class Prediction
{
    /// <summary>Takes a message from standard input and writes the result to standard output, as JSON.</summary>
    public static async Task PrintAsync(MtaKind kind, MilterEndpoint filter, string sender, string[] recipients)
    {
        using var input = new MemoryStream();
        await Console.OpenStandardInput().CopyToAsync(input);
        await using var mta = await MtaDouble.ConnectAsync(filter, kind);
        var message = MtaMessage.FromBytes(input.ToArray()) with
        {
            Helo = "client.example.org", // what harness/smtp.py says
            Sender = sender,
            Recipients = recipients,
        };
        var result = await mta.SendAsync(message);

        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartObject();
        json.WriteString("verdict", result.Verdict.ToString());
        json.WriteString("reply", result.Reply);
        json.WriteString("quarantine", result.QuarantineReason);
        json.WriteString("sender", result.Sender.Address);
        json.WriteStartArray("recipients");
        foreach (var recipient in result.Recipients)
            json.WriteStringValue(recipient.Address);
        json.WriteEndArray();
        json.WriteBase64String("message", result.ToBytes());
        json.WriteEndObject();
    }
}
