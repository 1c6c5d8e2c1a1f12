using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Postseal.TestKit;

/// <summary>A message as the server got it.</summary>
/// <param name="Mail">The MAIL command with its parameters.</param>
/// <param name="Recipients">The RCPT commands.</param>
/// <param name="Bytes">The message, dots unstuffed.</param>
/// <param name="ByBdat">Whether it came with BDAT (RFC 3030) and not with DATA.</param>
public sealed record ReceivedMessage(string Mail, IReadOnlyList<string> Recipients, byte[] Bytes, bool ByBdat);

/// <summary>An SMTP server on a loopback port with the extensions a test wants; it keeps what it hears.</summary>
public sealed class SmtpServerDouble : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly string[] extensions;
    private readonly Task accepting;

    public SmtpServerDouble(params string[] extensions)
    {
        this.extensions = extensions;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync();
    }

    public int Port { get; }

    public ConcurrentQueue<ReceivedMessage> Messages { get; } = new();

    /// <summary>Every command line of every connection, in their order.</summary>
    public ConcurrentQueue<string> Commands { get; } = new();

    /// <summary>An address that is refused, as sender and as recipient.</summary>
    public string? Refuses { get; init; }

    /// <summary>Answers a command, or the end of the data as <c>.</c>, in the server's place: <see langword="null"/> leaves it to the
    /// server, an empty text hangs up.</summary>
    public Func<string, string?> Instead { get; set; } = static _ => null;

    /// <summary>Whether messages are kept. Not where ten thousand come and memory is measured.</summary>
    public bool Keeps { get; init; } = true;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            client.NoDelay = true;
            var stream = new LineStream(client.GetStream());
            try
            {
                await stream.WriteAsync("220 double ESMTP\r\n", stop.Token);
                await new Session(this, stream).RunAsync(stop.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The client hung up, or the test is over.
            }
        }
    }

    private void Note(string command)
    {
        if (Keeps)
            Commands.Enqueue(command);
    }

    private void Take(ReceivedMessage message)
    {
        if (Keeps)
            Messages.Enqueue(message);
    }

    private sealed class Session(SmtpServerDouble server, LineStream stream)
    {
        private string mail = "";
        private readonly List<string> recipients = [];
        private readonly List<byte> chunks = [];

        public async Task RunAsync(CancellationToken cancel)
        {
            while (await stream.ReadLineAsync(cancel) is { } line)
            {
                server.Note(line);
                var verb = line.Split(' ', 2)[0].ToUpperInvariant();
                if (verb == "QUIT")
                {
                    await stream.WriteAsync("221 2.0.0 bye\r\n", cancel);
                    return;
                }

                var answer = server.Instead(line) ?? await AnswerAsync(verb, line, cancel);
                if (answer.Length == 0)
                    return;
                await stream.WriteAsync(answer, cancel);
            }
        }

        private async Task<string> AnswerAsync(string verb, string line, CancellationToken cancel)
        {
            switch (verb)
            {
                case "EHLO":
                    string[] lines = ["double", .. server.extensions];
                    return string.Concat(lines.Select((text, i) => $"250{(i == lines.Length - 1 ? ' ' : '-')}{text}\r\n"));
                case "MAIL" or "RCPT" when server.Refuses is { } refused && line.Contains($"<{refused}>", StringComparison.Ordinal):
                    return "550 5.1.1 no\r\n";
                case "MAIL":
                    mail = line;
                    recipients.Clear();
                    return "250 2.1.0 ok\r\n";
                case "RCPT":
                    recipients.Add(line);
                    return "250 2.1.5 ok\r\n";
                case "DATA":
                    await stream.WriteAsync("354 go on\r\n", cancel);
                    var data = await stream.ReadDataAsync(cancel);
                    if (server.Instead(".") is { } instead)
                        return instead;
                    server.Take(new ReceivedMessage(mail, [.. recipients], data, ByBdat: false));
                    return "250 2.0.0 queued\r\n";
                case "BDAT":
                    return await ChunkAsync(line.Split(' '), cancel);
                default:
                    return "250 2.0.0 ok\r\n";
            }
        }

        private async Task<string> ChunkAsync(string[] words, CancellationToken cancel)
        {
            chunks.AddRange(await stream.ReadBytesAsync(int.Parse(words[1], CultureInfo.InvariantCulture), cancel));
            if (words.Length > 2)
            {
                server.Take(new ReceivedMessage(mail, [.. recipients], [.. chunks], ByBdat: true));
                chunks.Clear();
            }

            return "250 2.0.0 ok\r\n";
        }
    }

    /// <summary>Lines and counted bytes from one stream.</summary>
    private sealed class LineStream(NetworkStream stream)
    {
        private readonly byte[] buffer = new byte[1 << 16];
        private int start;
        private int end;

        public ValueTask WriteAsync(string text, CancellationToken cancel) =>
            stream.WriteAsync(Encoding.ASCII.GetBytes(text), cancel);

        public async Task<string?> ReadLineAsync(CancellationToken cancel)
        {
            using var line = new MemoryStream();
            return await ReadLineAsync(line, cancel)
                ? Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length - 2)
                : null;
        }

        public async Task<byte[]> ReadDataAsync(CancellationToken cancel)
        {
            using var message = new MemoryStream();
            while (true)
            {
                var from = (int)message.Length;
                if (!await ReadLineAsync(message, cancel))
                    throw new IOException("The client hung up in its data.");
                var line = message.GetBuffer().AsSpan(from, (int)message.Length - from);
                if (line.SequenceEqual(".\r\n"u8))
                    return message.GetBuffer()[..from];
                if (line[0] == '.')
                {
                    line[1..].CopyTo(line);
                    message.SetLength(message.Length - 1);
                }
            }
        }

        public async Task<byte[]> ReadBytesAsync(int count, CancellationToken cancel)
        {
            var bytes = new byte[count];
            for (var filled = 0; filled < count;)
            {
                if (start == end && !await FillAsync(cancel))
                    throw new IOException("The client hung up in its chunk.");
                var piece = Math.Min(count - filled, end - start);
                buffer.AsSpan(start, piece).CopyTo(bytes.AsSpan(filled));
                (start, filled) = (start + piece, filled + piece);
            }

            return bytes;
        }

        /// <summary>Appends a line with its CRLF; false at the end.</summary>
        private async Task<bool> ReadLineAsync(MemoryStream line, CancellationToken cancel)
        {
            while (true)
            {
                if (start == end && !await FillAsync(cancel))
                    return false;
                var lf = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
                var length = lf < 0 ? end - start : lf + 1;
                line.Write(buffer, start, length);
                start += length;
                if (lf >= 0 && line.Length > 1 && line.GetBuffer()[line.Length - 2] == '\r')
                    return true;
            }
        }

        private async Task<bool> FillAsync(CancellationToken cancel)
        {
            (start, end) = (0, await stream.ReadAsync(buffer, cancel));
            return end > 0;
        }
    }
}
