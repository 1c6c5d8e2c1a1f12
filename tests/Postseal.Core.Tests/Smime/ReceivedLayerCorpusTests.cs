using System.Buffers;
using System.Text;
using Postseal.Mail;
using Postseal.Smime;
using Postseal.TestKit;

namespace Postseal.Tests.Smime;

/// <summary>Mail as odd as it comes, and mail made to cost time.</summary>
public sealed class ReceivedLayerCorpusTests
{
    private const string Signed = "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\r\n\r\n";
    private const string Opaque = "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n";

    public static IEnumerable<TheoryDataRow<CorpusMessage>> Messages => Corpora.All.Select(message => new TheoryDataRow<CorpusMessage>(message));

    // Start, what is repeated, end.
    public static TheoryData<string, string, string, string> Heavy => new()
    {
        { "lines that begin as a delimiter does", Signed, "--\r\n", "" },
        { "boundaries in the middle of lines", Signed, "x--b", "" },
        { "boundaries in one line", Signed, "--b", "" },
        { "delimiters", Signed, "--b\r\n", "" },
        { "lines", Signed + "--b\r\n", "x\r\n", "\r\n--b\r\n\r\n\r\n--b--\r\n" },
        { "empty lines", Signed, "\r\n", "" },
        { "multiparts in each other", Signed + "--b\r\n", "Content-Type: multipart/signed; boundary=c\r\n\r\n--c\r\n", "\r\n--b\r\n\r\n\r\n--b--\r\n" },
        { "fields of a part", Signed + "--b\r\n", "Content-Type: multipart/signed; boundary=c\r\n", "\r\n\r\n--b\r\n\r\n\r\n--b--\r\n" },
        { "Content-Type fields", "", "Content-Type: (c) multipart/signed\r\n", "\r\n" },
        { "a comment before the type", "Content-Type: ", "(", "\r\n\r\n" },
        { "parameters", "Content-Type: multipart/signed", "; boundary=b", "\r\n\r\n" },
        { "a long boundary", "Content-Type: multipart/signed; protocol=\"pkcs7\"; boundary=", "b", "\r\n\r\n--bbb\r\n" },
        { "padding of a delimiter", Signed + "--b", " ", "\r\n" },
        { "base64", Opaque, "MIIB", "" },
        { "pads", Opaque + "MI", "=", "" },
        { "indefinite lengths", Opaque, "MIAwgDCA", "" },
        { "octet strings in each other", Opaque, "JIAkgCSA", "" },
    };

    [Theory]
    [MemberData(nameof(Messages), DisableDiscoveryEnumeration = true)]
    public void A_message_of_the_corpora_is_what_it_says_or_broken(CorpusMessage message)
    {
        var parsed = MailMessage.Parse(message.Bytes);
        var protection = ProtectionClassifier.Classify(parsed);

        var layer = ReceivedLayer.Of(parsed);

        switch (protection.Kind)
        {
            case ProtectionKind.SmimeSigned or ProtectionKind.SmimeOpaque:
                Assert.Equal(protection.Kind == ProtectionKind.SmimeSigned, Assert.IsType<ReceivedLayer.Signed>(layer).IsDetached);
                break;
            case ProtectionKind.SmimeCertificates:
                Assert.IsType<ReceivedLayer.Certificates>(layer);
                break;
            case ProtectionKind.SmimeEnveloped or ProtectionKind.SmimeAuthEnveloped:
                Assert.IsType<ReceivedLayer.Encrypted>(layer);
                break;
            case ProtectionKind.SmimeCompressed:
                Assert.IsType<ReceivedLayer.Compressed>(layer);
                break;
            default:
                // A detached signature that brings a content of its own is told to who verifies.
                Assert.True(
                    layer is ReceivedLayer.NotSmime or ReceivedLayer.Broken or ReceivedLayer.Signed { IsDetached: true, SignedData.HasContent: true },
                    layer.ToString());
                break;
        }

        Assert.True(layer is ReceivedLayer.NotSmime || ReceivedLayer.MayBe(parsed.Headers));
    }

    [Theory]
    [MemberData(nameof(Heavy), DisableDiscoveryEnumeration = true)]
    public void A_message_of_twice_the_size_takes_twice_the_time(string name, string start, string repeated, string end) =>
        Assert.True(CpuTime.IsLinear(count => Reading(start, repeated, count, end), 1_000_000 / repeated.Length), name);

    [Fact]
    public void Ten_thousand_multiparts_in_each_other_are_one_layer()
    {
        var nested = new StringBuilder();
        for (var i = 0; i < 10_000; i++)
            nested.Append($"Content-Type: multipart/mixed; boundary=n{i}\r\n\r\n--n{i}\r\n");
        var message = Text.Message(Signed + "--b\r\n" + nested + "\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n");

        Assert.IsType<ReceivedLayer.Broken>(ReceivedLayer.Of(message));
    }

    private static Action Reading(string start, string repeated, int count, string end)
    {
        var raw = Text.Bytes($"{start}{new StringBuilder().Insert(0, repeated, count)}{end}");
        var inPieces = Text.InPieces(MailMessage.Parse(raw), 64 << 10);
        return () => ReceivedLayer.Of(MailMessage.Parse(raw) with { Body = inPieces.Body });
    }
}
