using System.Formats.Asn1;
using Postseal.Ldap.Protocol;

namespace Postseal.Ldap.Connections;

/// <summary>Sends and receives messages over a stream. Lengths are checked before anything is read or kept.</summary>
/// <param name="stream">The stream; disposed of with this.</param>
/// <param name="label">What the server is called in errors.</param>
internal sealed class LdapStream(Stream stream, string label) : IAsyncDisposable
{
    private const byte Sequence = 0x30;
    private const int MaxHeader = 6; // the identifier, and a length of up to four octets
    private const int ChunkSize = 16 << 10;

    private byte[] buffer = new byte[ChunkSize];
    private int start, end;

    /// <summary>Gets the stream underneath, to put TLS on it.</summary>
    /// <exception cref="IOException">The server has sent what it may not have: before the handshake, somebody else may have written it
    /// (RFC 4511 section 4.14.2).</exception>
    public Stream Bare => !HasMore ? stream : throw new IOException($"{label} sent something in clear behind its answer to StartTLS");

    /// <summary>Gets whether something was received that nobody has read.</summary>
    public bool HasMore => start < end;

    /// <summary>Sends a message.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        try
        {
            await stream.WriteAsync(message, cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new ConnectionClosedException($"{label} broke the connection: {e.Message}", e);
        }
    }

    /// <summary>Receives a message.</summary>
    /// <param name="maxLength">The longest that is taken, in bytes.</param>
    /// <param name="bound">What has that length, for the error.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The message and its length in bytes.</returns>
    /// <exception cref="IOException">The connection is closed, or the message is longer, or none.</exception>
    public async ValueTask<(LdapMessage Message, int Length)> ReceiveAsync(long maxLength, string bound, CancellationToken cancellationToken)
    {
        long length;
        while ((length = LengthOfNext()) < 0)
            await FillAsync(MaxHeader, cancellationToken).ConfigureAwait(false);
        if (length > maxLength)
            throw new AnswerTooLargeException($"{label} answered with more than {bound}");
        while (end - start < length)
            await FillAsync((int)length, cancellationToken).ConfigureAwait(false);
        // What was read of the message refers to these bytes.
        var encoded = buffer.AsMemory(start, (int)length).ToArray();
        start += encoded.Length;
        try
        {
            return (LdapMessage.Read(encoded), encoded.Length);
        }
        catch (AsnContentException e)
        {
            throw new IOException($"{label} answered with something that is no LDAP", e);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => stream.DisposeAsync();

    /// <summary>Reads the header of the next message; negative while more of it is needed. LDAP has definite lengths alone (RFC 4511 section
    /// 5.1).</summary>
    private long LengthOfNext()
    {
        var ready = buffer.AsSpan(start, end - start);
        if (ready.Length > 0 && ready[0] != Sequence)
            throw new IOException($"{label} answered with something that is no LDAP");
        if (ready.Length < 2)
            return -1;
        if (ready[1] < 0x80)
            return 2 + ready[1];
        var octets = ready[1] & 0x7F;
        if (octets is 0 or > 4)
            throw new IOException($"{label} answered with something that is no LDAP");
        if (ready.Length < 2 + octets)
            return -1;
        long length = 0;
        foreach (var octet in ready.Slice(2, octets))
            length = length << 8 | octet;
        return 2 + octets + length;
    }

    /// <summary>Reads what has come, into a buffer that grows with it and not with what was announced.</summary>
    private async ValueTask FillAsync(int wanted, CancellationToken cancellationToken)
    {
        if (start > 0)
        {
            buffer.AsSpan(start..end).CopyTo(buffer);
            (start, end) = (0, end - start);
        }

        if (end == buffer.Length)
            Array.Resize(ref buffer, Math.Min(Math.Max(wanted, ChunkSize), buffer.Length * 2));
        int count;
        try
        {
            count = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new ConnectionClosedException($"{label} broke the connection: {e.Message}", e);
        }

        end += count > 0 ? count : throw new ConnectionClosedException($"{label} closed the connection");
    }
}
