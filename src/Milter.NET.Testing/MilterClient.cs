using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Milter.Testing;

/// <summary>Holds a frame from the filter: its first byte and its payload.</summary>
/// <param name="Response">The first byte.</param>
/// <param name="Payload">The bytes after it.</param>
public sealed record MilterResponseFrame(MilterResponse Response, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Gets the payload up to its first NUL, as text.</summary>
    public string Text => Encoding.UTF8.GetString(Payload.Span).Split('\0')[0];
}

/// <summary>Plays the MTA's side of the wire, command by command, with nothing between the test and the filter: any
/// command in any order, and every reply. For whole messages see <see cref="MtaDouble"/>.</summary>
public sealed class MilterClient : IAsyncDisposable
{
    private const int MaxReplyFrame = 16 * 1024 * 1024;

    private readonly Stream stream;
    private readonly FrameReader input;

    /// <summary>Creates a client on a connection, which it owns.</summary>
    public MilterClient(Stream stream)
    {
        this.stream = stream;
        input = new FrameReader(PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true)), MaxReplyFrame);
    }

    /// <summary>Gets what was agreed; before <see cref="NegotiateAsync"/>, nothing.</summary>
    public MilterNegotiation Agreed { get; private set; } = new(
        MilterNegotiation.MinVersion, MilterActions.None, MilterSteps.None);

    /// <summary>Connects to a server.</summary>
    public static async Task<MilterClient> ConnectAsync(
        MilterEndpoint endpoint, CancellationToken cancellationToken = default) =>
        new(await OpenAsync(endpoint, cancellationToken).ConfigureAwait(false));

    /// <summary>Offers a negotiation and receives the answer.</summary>
    public async Task<MilterNegotiation> NegotiateAsync(
        MilterNegotiation offer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(offer);
        var frame = new ArrayBufferWriter<byte>();
        offer.Write(frame);
        await stream.WriteAsync(frame.WrittenMemory, cancellationToken).ConfigureAwait(false);
        var answer = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (answer.Response != MilterResponse.Negotiate)
            throw new MilterProtocolException($"the negotiation was answered with {answer.Response}");
        return Agreed = MilterNegotiation.ParseChoice(new ReadOnlySequence<byte>(answer.Payload));
    }

    /// <summary>Sends macros for a command; names of several letters in braces, as MTAs do.</summary>
    public Task SendMacrosAsync(
        MilterCommand command,
        IReadOnlyDictionary<string, string> macros,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(macros);
        var strings = macros.SelectMany(macro => new[] { Braced(macro.Key), macro.Value });
        byte[] payload = [(byte)command, .. Strings([.. strings])];
        return SendAsync(MilterCommand.Macro, payload, cancellationToken);
    }

    /// <summary>Sends a command with its payload as it is.</summary>
    public async Task SendAsync(
        MilterCommand command, ReadOnlyMemory<byte> payload = default, CancellationToken cancellationToken = default)
    {
        var frame = new ArrayBufferWriter<byte>(payload.Length + 8);
        FrameWriter.Write(frame, (byte)command, payload.Span);
        await stream.WriteAsync(frame.WrittenMemory, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a command and receives its reply.</summary>
    public async Task<MilterResponseFrame> AskAsync(
        MilterCommand command, ReadOnlyMemory<byte> payload = default, CancellationToken cancellationToken = default)
    {
        await SendAsync(command, payload, cancellationToken).ConfigureAwait(false);
        return await ReceiveAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Receives the next frame, progress included.</summary>
    /// <exception cref="EndOfStreamException">The filter has closed the connection.</exception>
    public async Task<MilterResponseFrame> ReceiveAsync(CancellationToken cancellationToken = default) =>
        await input.ReadAsync(cancellationToken).ConfigureAwait(false) is { } frame
            ? new MilterResponseFrame((MilterResponse)frame.Code, frame.Payload.ToArray())
            : throw new EndOfStreamException("The filter closed the connection.");

    /// <summary>Sends bytes that need not be a frame.</summary>
    public Task SendRawAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default) =>
        stream.WriteAsync(bytes, cancellationToken).AsTask();

    /// <summary>Returns the payload of strings, each with its NUL.</summary>
    public static byte[] Strings(params IReadOnlyList<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Encoding.UTF8.GetBytes(string.Concat(values.Select(value => value + '\0')));
    }

    /// <summary>Returns the payload of <see cref="MilterCommand.Connect"/>.</summary>
    /// <param name="hostName">The client's name.</param>
    /// <param name="address">Its address; null for an unknown family.</param>
    /// <param name="port">Its port.</param>
    public static byte[] ClientInfo(string hostName, IPAddress? address, int port)
    {
        if (address is null)
            return [.. Strings(hostName), (byte)MilterFamily.Unknown];
        var family = address.AddressFamily == AddressFamily.InterNetworkV6 ? MilterFamily.IPv6 : MilterFamily.IPv4;
        return [.. Strings(hostName), (byte)family, (byte)(port >> 8), (byte)port, .. Strings(address.ToString())];
    }

    /// <summary>Returns the payload of <see cref="MilterCommand.Header"/>, with the leading space if that was
    /// agreed.</summary>
    public byte[] Header(MilterHeader header)
    {
        var eatsSpace = !Agreed.Steps.HasFlag(MilterSteps.HeaderLeadingSpace) && header.Value.Span is [(byte)' ', ..];
        return [.. header.Name.Span, 0, .. header.Value.Span[(eatsSpace ? 1 : 0)..], 0];
    }

    /// <summary>Closes the connection, without SMFIC_QUIT.</summary>
    public ValueTask DisposeAsync() => stream.DisposeAsync();

    internal static async Task<Stream> OpenAsync(MilterEndpoint endpoint, CancellationToken cancellationToken)
    {
        EndPoint target = endpoint switch
        {
            MilterInetEndpoint { Host: null } inet =>
                new IPEndPoint(inet.IPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, inet.Port),
            MilterInetEndpoint inet => new DnsEndPoint(
                inet.Host, inet.Port, inet.IPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork),
            MilterUnixEndpoint unix => new UnixDomainSocketEndPoint(unix.Path),
            _ => throw new ArgumentException($"There is no way to connect to {endpoint}.", nameof(endpoint)),
        };
        var protocol = target is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp;
        var socket = new Socket(target.AddressFamily, SocketType.Stream, protocol);
        // Macros and their command are two small writes: without this the second waits 40 ms for the first one's ACK.
        if (protocol == ProtocolType.Tcp)
            socket.NoDelay = true;
        await socket.ConnectAsync(target, cancellationToken).ConfigureAwait(false);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static string Braced(string name) => name.Length > 1 && name[0] != '{' ? $"{{{name}}}" : name;
}
