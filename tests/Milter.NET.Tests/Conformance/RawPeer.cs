using System.Buffers.Binary;
using System.Text;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests.Conformance;

/// <summary>
/// An MTA of literal bytes: a string is a frame, a character of it a byte. It shares no code with the library that is
/// tested, so that a mistake in a layout cannot cancel itself out.
/// </summary>
internal sealed class RawPeer(MilterServer server) : IAsyncDisposable
{
    private readonly Stream stream = MilterConnection.InMemory(server);

    /// <summary>What MTAs of these versions offer: Sendmail 8.11, 8.13 with its steps, and 8.14 to 8.18.</summary>
    public static string Offer(int version) => version switch
    {
        2 => "O\0\0\0\u0002" + "\0\0\0\u003f" + "\0\0\0\u007f",
        4 => "O\0\0\0\u0004" + "\0\0\0\u003f" + "\0\0\u0003\u00ff",
        _ => "O\0\0\0\u0006" + "\0\0\u0001\u00ff" + "\0\u001f\u00ff\u00ff",
    };

    public Task SendAsync(string frame)
    {
        var bytes = new byte[4 + frame.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, frame.Length);
        Encoding.Latin1.GetBytes(frame, bytes.AsSpan(4));
        return stream.WriteAsync(bytes, TestServer.Cancel).AsTask();
    }

    public async Task<string> ReceiveAsync() => await ReceiveOrEndAsync() ?? throw new EndOfStreamException();

    /// <summary>Everything the filter says until it closes.</summary>
    public async IAsyncEnumerable<string> RestAsync()
    {
        while (await ReceiveOrEndAsync() is { } frame)
            yield return frame;
    }

    private async Task<string?> ReceiveOrEndAsync()
    {
        var length = new byte[4];
        if (await stream.ReadAtLeastAsync(length, length.Length, throwOnEndOfStream: false, TestServer.Cancel) == 0)
            return null;
        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await stream.ReadExactlyAsync(frame, TestServer.Cancel);
        return Encoding.Latin1.GetString(frame);
    }

    public async Task<string> AskAsync(string frame)
    {
        await SendAsync(frame);
        return await ReceiveAsync();
    }

    /// <summary>The commands of a message that come before this one, each with its reply.</summary>
    public async Task RunToAsync(int version, char command)
    {
        await AskAsync(Offer(version));
        foreach (var frame in Message(version).TakeWhile(frame => frame[0] != command))
            Assert.Equal("c", await AskAsync(frame));
    }

    /// <summary>Whether the filter has closed the connection.</summary>
    public async Task<bool> IsClosedAsync() => await stream.ReadAsync(new byte[1], TestServer.Cancel) == 0;

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private static IEnumerable<string> Message(int version)
    {
        yield return "Cmx.example.net\u00004\0\u0019192.0.2.7\0";
        yield return "Hmx.example.net\0";
        yield return "M<alice@example.org>\0";
        yield return "R<bob@example.net>\0";
        if (version >= 4)
            yield return "T";
        yield return "LSubject\0x\0";
        yield return "N";
        yield return "Btext\r\n";
        yield return "E";
    }
}
