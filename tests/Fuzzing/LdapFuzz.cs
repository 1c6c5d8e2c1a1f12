using System.Formats.Asn1;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Ldap;
using Postseal.Ldap.Connections;
using Postseal.Ldap.Protocol;
using Postseal.TestKit;

namespace Fuzzing;

/// <summary>
/// Holds the reading of what directory servers answer to what it promises whatever they send: it is an answer or an error, in bounded time and
/// memory and alike in whatever pieces it comes; what an owner is said to read, he signed; and nothing of it moves a terminal.
/// </summary>
internal sealed class LdapFuzz
{
    private const long AllocatedAlways = 2 << 20;
    private const long AllocatedPerByte = 100;
    private const string Algorithm = "2.16.840.1.101.3.4.1.46"; // aes256-GCM

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private static readonly LdapSearch Search = new("dc=example,dc=org", "(mail=alice@example.org)", ["userSMIMECertificate"]);

    private readonly Correspondent[] people = [Correspondent.Create("P-256"), Correspondent.Create("P-256")];
    private readonly byte[][] values;
    private readonly MutatedCms changedValues;

    private LdapFuzz()
    {
        LetterSigner[] signers = [.. people.Select(SignerOf)];
        var announcing = new SignedLetter(signers[0]) { Attributes = [HarvestRoom.Capabilities(Algorithm)] };
        var preferring = new SignedLetter(signers[1]) { Attributes = [HarvestRoom.Preference(people[0].Certificate)] };
        values =
        [
            people[0].Certificate.RawData, people[1].Certificate.RawData, announcing.Sign(SignedLetter.Text, isDetached: true),
            preferring.Sign(SignedLetter.Text, isDetached: true), (announcing with { Signers = signers }).Sign(SignedLetter.Text, isDetached: false),
            signers[0].Certificate.Export(X509ContentType.Pkcs12),
        ];
        changedValues = new MutatedCms(values[..5]);
    }

    /// <summary>Fuzzes for that long, and prints how many inputs it was.</summary>
    public static int Run(TimeSpan duration, int seed)
    {
        var fuzz = new LdapFuzz();
        return FuzzLoop.Run("ldap", duration, seed, fuzz.Make, fuzz.Check);
    }

    /// <summary>Makes an answer: an entry or two and the result, of which something is changed.</summary>
    private byte[] Make(Random random)
    {
        var entries = Enumerable.Range(0, random.Next(1, 3)).Select(_ => Message(writer =>
        {
            using var entry = writer.PushSequence(Tag(LdapOperations.SearchResultEntry));
            writer.WriteOctetString("uid=alice\u001b[2J\u202e"u8);
            using var list = writer.PushSequence();
            using var attribute = writer.PushSequence();
            writer.WriteOctetString("userSMIMECertificate;binary"u8);
            using var set = writer.PushSetOf();
            for (var left = random.Next(4); left > 0; left--)
                writer.WriteOctetString(random.Next(2) == 0 ? random.GetItems(values, 1)[0] : changedValues.Make(random));
        }));
        byte[][] messages = [.. entries, Message(writer =>
        {
            using var result = writer.PushSequence(Tag(LdapOperations.SearchResultDone));
            writer.WriteEncodedValue([0x0A, 1, (byte)random.GetItems([0, 0, 0, 4, 32], 1)[0]]);
            writer.WriteOctetString([]);
            writer.WriteOctetString("\u001b[2J"u8);
        })];
        if (random.Next(3) == 0)
        {
            var at = random.Next(messages.Length);
            messages[at] = new MutatedCms([messages[at]]).Make(random);
        }

        return [.. messages.SelectMany(message => message)];
    }

    private string Check(byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var finding = "";
        var time = CpuTime.Of(() => finding = Find([input]));
        if (time > Longest)
            throw new InvalidOperationException($"it took {time.TotalSeconds:0.0} s");
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > AllocatedAlways + (AllocatedPerByte * input.Length))
            throw new InvalidOperationException($"{allocated} bytes allocated for {input.Length}");
        var inPieces = Find([.. input.Chunk(1 + (input.Length % 97)).Select(piece => new ReadOnlyMemory<byte>(piece))]);
        return inPieces == finding ? finding : throw new InvalidOperationException($"in one piece {finding}, in pieces {inPieces}");
    }

    private string Find(IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        var connection = new LdapConnection(socket, new LdapStream(new ScriptedStream(pieces), "ldap:fuzz"), "ldap:fuzz");
        try
        {
            // It completes at once, as the stream does.
            var answer = connection.SearchAsync(Search, CancellationToken.None).GetAwaiter().GetResult();
            var found = new EntryReader("ldap:fuzz", ["userSMIMECertificate"], CheckText).Read(answer.Entries);
            CheckText(found.Problem ?? "");
            foreach (var certificate in found.Certificates)
                CheckCertificate(certificate);
            var announced = found.Certificates.Count(certificate => certificate.Abilities is not null);
            return $"{found.Certificates.Count} certificates, {announced} with abilities{(found.Problem is null ? "" : ", and a problem")}";
        }
        catch (IOException e)
        {
            CheckText(e.Message);
            return e is LdapException refused ? $"refused: {refused.Code}" : e.GetType().Name;
        }
    }

    private void CheckCertificate(MailCertificate certificate)
    {
        CheckText(certificate.Source);
        if (certificate.Abilities is not { } abilities)
            return;
        // The certificate may be changed: who has the key has signed, and a certificate that no CA issued is left to the caller.
        var key = certificate.Certificate.GetPublicKey();
        if (abilities.Algorithms is not [Algorithm] || !people.Any(person => person.Certificate.GetPublicKey().AsSpan().SequenceEqual(key)))
            throw new InvalidOperationException("it is said to read what nobody signed");
    }

    private static void CheckText(string text)
    {
        if (text.Any(c => char.IsControl(c) || c == '\u202e') || text.Length > 5000)
            throw new InvalidOperationException($"people are told: {text}");
    }

    private static LetterSigner SignerOf(Correspondent person) =>
        new(X509Certificate2.CreateFromPem(person.Certificate.ExportCertificatePem(), person.KeyPem), []);

    private static byte[] Message(Action<AsnWriter> operation)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            operation(writer);
        }

        return writer.Encode();
    }

    private static Asn1Tag Tag(int operation) => new(TagClass.Application, operation, isConstructed: true);
}
