using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Postseal.Certificates;
using Postseal.Dns;
using Postseal.Mail;
using Postseal.TestKit;

namespace Fuzzing;

/// <summary>
/// Holds the reading of what resolvers answer to what it promises whatever they send: it is an answer or an error, in bounded time; what is
/// secure has AD; and what is found was published or is no certificate of the address's owner. The resolver is on this machine, as the library
/// that reads answers reads them from nowhere else.
/// </summary>
internal sealed class DnsFuzz : IDisposable
{
    private const string Name = "a._smimecert.example.org";
    private const int HeaderLength = 12, OctetWithAd = 3, Ad = 0x20;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Resolver resolver;
    private readonly Correspondent person = Correspondent.Create("P-256");
    private byte[] answer = [];

    private DnsFuzz()
    {
        listener.Start();
        resolver = new Resolver((IPEndPoint)listener.LocalEndpoint);
        _ = ServeAsync();
    }

    /// <summary>Fuzzes for that long, and prints how many inputs it was.</summary>
    public static int Run(TimeSpan duration, int seed)
    {
        using var fuzz = new DnsFuzz();
        return FuzzLoop.Run("dns", duration, seed, fuzz.Make, fuzz.Check);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        listener.Stop();
        resolver.Dispose();
        person.Dispose();
    }

    /// <summary>Makes an answer, in which names point to the question's.</summary>
    private byte[] Make(Random random)
    {
        byte[] labels = [.. Name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. label.Select(c => (byte)c)])];
        byte[] question = [.. labels, 0, .. U16(SmimeaRecord.Type), .. U16(1)];
        byte[] certificate = [3, 0, 0, .. person.Certificate.RawData], issuer = [2, 0, 0, .. person.Certificate.RawData];
        byte[] digest = [3, 1, 1, .. new byte[32]];
        var records = random.GetItems([certificate, issuer, digest, []], random.Next(4)).Select(data => Record(SmimeaRecord.Type, data)).ToList();
        if (random.Next(4) == 0)
            records.Insert(random.Next(records.Count + 1), Record(5, [0xC0, HeaderLength])); // an alias of itself
        byte[] opt = [0, .. U16(41), .. U16(1232), 0, 0, 0, 0, .. U16(8), .. U16(15), .. U16(4), .. U16(random.Next(30)), 0x1b, 0x07];
        byte[] message =
        [
            0, 0, 0x81, (byte)(random.Next(2) == 0 ? 0x80 | Ad : 0x80), .. U16(1), .. U16(records.Count), .. U16(0), .. U16(1),
            .. question, .. records.SelectMany(record => record), .. opt,
        ];
        for (var left = random.Next(4); left > 0; left--)
        {
            // Mostly where names, types and lengths are.
            var at = random.Next(4) == 0 ? random.Next(message.Length) : random.Next(Math.Min(message.Length, 80));
            message = random.Next(4) switch
            {
                0 => [.. message[..at], .. message[Math.Min(at + random.Next(1, 9), message.Length)..]],
                1 => [.. message[..at], .. message[Math.Max(0, at - 20)..]],
                2 => [.. message[..at], random.GetItems<byte>([0, 1, 5, 12, 0x3F, 0x40, 0x80, 0xC0, 0xFF], 1)[0], .. message[(at + 1)..]],
                _ => [.. message[..at], (byte)(message[at] ^ (1 << random.Next(8))), .. message[(at + 1)..]],
            };
        }

        return message.Length > 0 ? message : [0];
    }

    private string Check(byte[] input)
    {
        answer = input;
        using var limit = new CancellationTokenSource(Longest);
        try
        {
            var read = resolver.AskAsync(Name, SmimeaRecord.Type, limit.Token).GetAwaiter().GetResult();
            if (read.IsSecure && (input[OctetWithAd] & Ad) == 0)
                throw new InvalidOperationException("it is secure, and the answer does not say so");
            if (read.HoldsFor < TimeSpan.FromSeconds(1) || read.HoldsFor > TimeSpan.FromDays(1))
                throw new InvalidOperationException($"it holds for {read.HoldsFor}");
            var found = new SmimeaRecords(new MailAddress("a", "example.org"), read.Records).ToFound(TimeProvider.System, read.HoldsFor);
            CheckText(found.Problem ?? "");
            foreach (var certificate in found.Certificates.Append(MailCertificate.OfCorrespondent(person.Certificate, "")))
                found.VouchesFor?.Invoke(certificate);
            var problem = found.Problem is null ? "" : " and a problem";
            return $"{(read.IsSecure ? "secure" : "insecure")}, {found.Certificates.Count} certificates{problem}";
        }
        catch (IOException e)
        {
            CheckText(e.Message);
            return e.Message.Length > 60 ? e.Message[..60] : e.Message;
        }
    }

    private static void CheckText(string text)
    {
        if (text.Any(char.IsControl) || text.Length > 5000)
            throw new InvalidOperationException($"people are told: {text}");
    }

    private async Task ServeAsync()
    {
        while (true)
            _ = ServeAsync(await listener.AcceptTcpClientAsync());
    }

    /// <summary>Gives the answer to whatever is asked, with the identifier of the question.</summary>
    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var (stream, length) = (client.GetStream(), new byte[2]);
                while (true)
                {
                    await stream.ReadExactlyAsync(length);
                    var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                    await stream.ReadExactlyAsync(question);
                    byte[] message = answer.Length < 2 ? answer : [.. question[..2], .. answer[2..]];
                    await stream.WriteAsync((byte[])[.. U16(message.Length), .. message]);
                }
            }
            catch (IOException)
            {
                // The other side has gone, as it does after what it cannot read.
            }
        }
    }

    private static byte[] Record(ushort type, byte[] data) =>
        [0xC0, HeaderLength, .. U16(type), .. U16(1), 0, 0, 14, 16, .. U16(data.Length), .. data];

    private static byte[] U16(int value) => [(byte)(value >> 8), (byte)value];
}
