using System.Text;
using System.Text.Json;
using Milter.Testing;

namespace Milter.Integration;

/// <summary>What the double says an MTA makes of a filter's answers, for the test that asks the real MTA.</summary>
internal static class Prediction
{
    /// <summary>Takes messages from standard input, each ended by a NUL, and writes the results to standard output, as
    /// JSON. Each message has a connection of its own.</summary>
    public static async Task PrintAsync(MtaKind kind, MilterEndpoint filter, string sender, string[] recipients)
    {
        using var input = new StreamReader(Console.OpenStandardInput(), Encoding.Latin1);
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartArray();
        foreach (var text in (await input.ReadToEndAsync()).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            var message = MtaMessage.FromBytes(Encoding.Latin1.GetBytes(text)) with
            {
                Helo = "client.example.org", // what harness/smtp.py says
                Sender = sender,
                Recipients = recipients,
            };
            await using var mta = await MtaDouble.ConnectAsync(filter, kind);
            Write(json, await mta.SendAsync(message));
        }
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, MtaResult result)
    {
        json.WriteStartObject();
        json.WriteString("verdict", result.Verdict.ToString());
        json.WriteString("reply", result.Reply);
        json.WriteString("sender", result.Sender.Address);
        json.WriteStartArray("recipients");
        foreach (var recipient in result.Recipients)
            json.WriteStringValue(recipient.Address);
        json.WriteEndArray();
        json.WriteBase64String("message", result.ToBytes());
        json.WriteEndObject();
    }
}
