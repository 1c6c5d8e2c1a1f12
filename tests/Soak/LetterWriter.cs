using System.Net;
using Milter;
using Milter.Testing;

namespace Postseal.Soak;

/// <summary>Writes the messages of one connection: which ones depends on its random numbers alone.</summary>
/// <param name="random">The random numbers.</param>
/// <param name="name">What its messages' names begin with.</param>
internal sealed class LetterWriter(Random random, string name)
{
    private const int Kilobyte = 1024;
    private const int Megabyte = 1024 * Kilobyte;

    private static readonly IPAddress Outside = IPAddress.Parse("203.0.113.9");

    /// <summary>How large, and how often of a thousand. 64 KiB is where a body comes in a second chunk.</summary>
    private static readonly (int Size, int Share)[] Sizes =
    [
        (0, 50), (Kilobyte, 300), (4 * Kilobyte, 450), ((64 * Kilobyte) - 1, 50), (64 * Kilobyte, 50),
        ((64 * Kilobyte) + 1, 50), (Megabyte, 46), (10 * Megabyte, 3), (13 * Megabyte, 1),
    ];

    private int count;

    public Letter Next() => random.Next(20) switch
    {
        0 => FromOutside(),
        1 => ToBeUnchanged("without a certificate", Senders.Stranger),
        2 => ToBeUnchanged("of Mode = Never", Senders.Silent.Address),
        3 => AlreadySigned(),
        4 or 5 => Of(Pick(Senders.Visitors)),
        _ => Of(Pick(Senders.Residents)),
    };

    /// <summary>A message that is to be signed.</summary>
    public Letter Of(Sender sender)
    {
        var (shape, message) = Message(sender.Address);
        return new Letter(shape, message, sender);
    }

    /// <summary>It claims to be a sender's of ours.</summary>
    private Letter FromOutside() => new("from outside", Message(Senders.Residents[0].Address).Message with
    {
        ClientName = "mx.elsewhere.example",
        ClientAddress = Outside,
    }, null);

    private Letter ToBeUnchanged(string kind, string address) => new(kind, Message(address).Message, null);

    /// <summary>Its signature is the least that is one: a SignedData with a signer that says nothing.</summary>
    private Letter AlreadySigned() => new("already signed", Envelope(Senders.Residents[0].Address) with
    {
        Headers = [.. Fields(Senders.Residents[0].Address, "multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b")],
        Body = "--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\nMCUGCSqGSIb3DQEHAqAYMBYCAQExADALBgkqhkiG9w0BBwExAjAA\r\n--b--\r\n"u8.ToArray(),
    }, null);

    private (string Shape, MtaMessage Message) Message(string address)
    {
        var size = Size();
        var message = Envelope(address);
        var mark = message.QueueId;
        return random.Next(4) switch
        {
            0 => ("plain text", message with
            {
                Headers = [.. Fields(address, null)],
                Body = Text.Ascii(size, mark),
            }),
            1 => ("8-bit text", message with
            {
                Headers = [.. Fields(address, "text/plain; charset=utf-8"), new("Content-Transfer-Encoding", " 8bit")],
                Body = Text.EightBit(size, mark),
            }),
            2 => ("with many headers", message with
            {
                Headers = [.. ManyFields(), .. Fields(address, "text/plain")],
                Body = Text.Ascii(size, mark),
            }),
            _ => ("nested multipart", message with
            {
                Headers = [.. Fields(address, $"multipart/mixed;\n boundary=\"{Text.OuterBoundary(mark)}\"")],
                Body = Text.Nested(size, mark, random),
            }),
        };
    }

    private MtaMessage Envelope(string address) => new()
    {
        Sender = address,
        Recipients = ["bob@example.net", "carol@example.net"],
        QueueId = $"{name}N{++count}",
    };

    private IEnumerable<MilterHeader> Fields(string address, string? contentType)
    {
        yield return new("From", $" Somebody <{address}>");
        yield return new("To", " bob@example.net,\n carol@example.net");
        yield return new("Subject", $" message {count} of {name}");
        yield return new("Message-ID", $" <{name}.{count}@example.org>");
        if (contentType is null)
            yield break;
        yield return new("MIME-Version", " 1.0");
        yield return new("Content-Type", " " + contentType);
    }

    private IEnumerable<MilterHeader> ManyFields() =>
        Enumerable.Range(0, random.Next(50, 300)).Select(i => new MilterHeader(
            i % 3 == 0 ? "Received" : $"X-Field-{i % 40}", $" from hop{i}.example.org by hop{i + 1}.example.org\n\twith ESMTP id {count}"));

    private int Size()
    {
        var at = random.Next(Sizes.Sum(size => size.Share));
        return Sizes.First(size => (at -= size.Share) < 0).Size;
    }

    private T Pick<T>(IReadOnlyList<T> list) => list[random.Next(list.Count)];
}
