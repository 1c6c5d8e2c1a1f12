using System.Formats.Asn1;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Postseal.Sources.Tests.Ldap;

/// <summary>A directory server on this machine that answers as the test says, right or wrong. It shares no code with what it tests.</summary>
internal sealed class LdapServerDouble : IAsyncDisposable
{
    public const int Bind = 0, Search = 3, Extended = 23;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly Func<LdapRequestSeen, Stream, CancellationToken, Task> answer;
    private readonly Task serving;

    public LdapServerDouble(Func<LdapRequestSeen, Stream, CancellationToken, Task> answer)
    {
        this.answer = answer;
        listener.Start();
        serving = ServeAsync();
    }

    /// <summary>Answers each request with these messages, binds with success.</summary>
    public LdapServerDouble(Func<LdapRequestSeen, byte[][]> answers)
        : this(async (request, stream, cancellation) =>
        {
            foreach (var message in request.Operation == Bind ? [Result(request.Id, 1, 0)] : answers(request))
                await stream.WriteAsync(message, cancellation);
        })
    {
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public Uri Url => new($"ldap://localhost:{Port}");

    /// <summary>What it was asked, in order.</summary>
    public List<LdapRequestSeen> Requests { get; } = [];

    /// <summary>How many connections there were.</summary>
    public int Connections { get; private set; }

    /// <summary>The certificate with which TLS begins at once, or after StartTLS.</summary>
    public X509Certificate2? Certificate { get; init; }

    public bool IsLdaps { get; init; }

    /// <summary>Whether it hears nobody after the TCP handshake.</summary>
    public bool IsSilent { get; init; }

    /// <summary>What it sends in clear behind the answer to StartTLS.</summary>
    public byte[] BehindStartTls { get; init; } = [];

    /// <summary>What it says to StartTLS.</summary>
    public int StartTlsResult { get; init; }

    /// <summary>An answer with entries.</summary>
    public static byte[][] Answer(int id, params IEnumerable<byte[]> entries) => [.. entries, Result(id, 5, 0)];

    public static byte[] Entry(int id, string dn, params (string Name, byte[][] Values)[] attributes) => Message(id, writer =>
    {
        using var entry = writer.PushSequence(Tag(4));
        writer.WriteOctetString(Encoding.UTF8.GetBytes(dn));
        using var list = writer.PushSequence();
        foreach (var (name, values) in attributes)
        {
            using var attribute = writer.PushSequence();
            writer.WriteOctetString(Encoding.UTF8.GetBytes(name));
            using var set = writer.PushSetOf();
            foreach (var value in values)
                writer.WriteOctetString(value);
        }
    });

    public static byte[] Reference(int id, string url) => Message(id, writer =>
    {
        using var reference = writer.PushSequence(Tag(19));
        writer.WriteOctetString(Encoding.UTF8.GetBytes(url));
    });

    public static byte[] Result(int id, int operation, int code, string diagnostic = "", string? referral = null) => Message(id, writer =>
    {
        using var result = writer.PushSequence(Tag(operation));
        writer.WriteEncodedValue([0x0A, 1, (byte)code]);
        writer.WriteOctetString([]);
        writer.WriteOctetString(Encoding.UTF8.GetBytes(diagnostic));
        if (referral is not null)
        {
            using var referrals = writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 3));
            writer.WriteOctetString(Encoding.UTF8.GetBytes(referral));
        }
    });

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await serving;
        stopping.Dispose();
    }

    private static byte[] Message(int id, Action<AsnWriter> operation)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(id);
            operation(writer);
        }

        return writer.Encode();
    }

    private static Asn1Tag Tag(int operation) => new(TagClass.Application, operation, isConstructed: true);

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stopping.Token);
                Connections++;
                connections.Add(ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                Stream stream = client.GetStream();
                if (IsSilent)
                    await Task.Delay(Timeout.Infinite, stopping.Token);
                if (IsLdaps)
                    stream = await EncryptAsync(stream);
                while (await ReadAsync(stream) is { } request)
                {
                    lock (Requests)
                        Requests.Add(request);
                    if (request.Operation == Extended)
                    {
                        await stream.WriteAsync((byte[])[.. Result(request.Id, 24, StartTlsResult), .. BehindStartTls], stopping.Token);
                        if (StartTlsResult == 0)
                            stream = await EncryptAsync(stream);
                    }
                    else
                    {
                        await answer(request, stream, stopping.Token);
                    }
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or AsnContentException or AuthenticationException or ObjectDisposedException)
            {
                // The other side has gone, which is what most tests are about.
            }
        }
    }

    private async Task<Stream> EncryptAsync(Stream stream)
    {
        var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, stopping.Token);
        return tls;
    }

    private async Task<LdapRequestSeen?> ReadAsync(Stream stream)
    {
        var message = new List<byte>();
        var octet = new byte[1];
        while (!AsnDecoder.TryReadEncodedValue([.. message], AsnEncodingRules.BER, out _, out _, out _, out _))
        {
            if (await stream.ReadAsync(octet, stopping.Token) == 0)
                return null;
            message.Add(octet[0]);
        }

        var reader = new AsnReader(message.ToArray(), AsnEncodingRules.BER).ReadSequence();
        var id = (int)reader.ReadInteger();
        return new LdapRequestSeen(id, reader.PeekTag().TagValue, reader.ReadEncodedValue().ToArray());
    }
}

/// <summary>A request that the double was asked.</summary>
/// <param name="Id">Its message ID.</param>
/// <param name="Operation">Its tag.</param>
/// <param name="Encoded">The operation.</param>
internal sealed record LdapRequestSeen(int Id, int Operation, byte[] Encoded)
{
    /// <summary>Gets the octets as text, in which passwords and filters stand as they are.</summary>
    public string Text => Encoding.Latin1.GetString(Encoded);
}
