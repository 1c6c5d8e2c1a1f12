using System.Buffers;
using System.Text.Json;
using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Mime;
using Postseal.Smime;
using Postseal.TestKit;
using Postseal.Tests.Cms.Enveloped;
using Postseal.Tests.Mime;

namespace Postseal.Tests.Smime;

/// <summary>Encrypted mail of other projects, opened with their keys.</summary>
public class OpenedCorpusTests
{
    private const string Thunderbird = "thunderbird-smime/mailnews/test/data/smime/";

    private static readonly string Folder = Repository.File("../shared/corpora");

    [Fact]
    public async Task What_was_in_Thunderbirds_is_clean_and_can_be_delivered()
    {
        Assert.SkipUnless(Directory.Exists(Folder), "../shared/corpora is not there");
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "thunderbird-smime/expected.json")));
        var opened = 0;
        foreach (var entry in expected.RootElement.EnumerateArray())
        {
            var file = "thunderbird-smime/" + entry.GetProperty("file").GetString()!;
            var reader = entry.GetProperty("openssl").EnumerateArray().Select(verdict => verdict.GetString()!).FirstOrDefault(verdict => verdict.StartsWith("dec:", StringComparison.Ordinal));
            if (reader is null || ReceivedEnvelope.TryRead(new(CorpusEnvelopeTests.CmsIn(file))) is not { } envelope)
                continue;
            using var who = CorpusEnvelopeTests.Open(Thunderbird + reader["dec:smime_".Length..] + ".p12", "", "nss", envelope);
            if (await envelope.DecryptAsync([who.OpenDecryptionKey()], readsTripleDes: true, TestContext.Current.CancellationToken) is not DecryptedContent content)
                continue;
            var outer = MailMessage.Parse(File.ReadAllBytes(Path.Combine(Folder, file)));
            var inside = content.Content.ToArray();

            var composed = OpenedMail.Compose(outer, new(inside), out var why);

            Assert.True(composed is not null, $"{file}: {why}");
            SevenBit.AssertIs(composed.Body);
            Assert.Null(CleanMime.FindProblem(new(inside)));
            // Those written on Unix have the line ends that were signed; some are text without a header.
            byte[] expectedEntity = inside.AsSpan().StartsWith("Content-"u8) ? UnixLines.Mend(new(inside)).ToArray() : [.. "Content-Type: text/plain\r\n\r\n"u8, .. inside];
            Assert.Equal(MimeLeaf.Of(expectedEntity), MimeLeaf.Of(TestMail.BytesOf(composed)), ReaderJudgeTests.AreTheSame);
            Assert.Equal(file.Contains(".dsig.", StringComparison.Ordinal), ReceivedLayer.Of(new ReadOnlySequence<byte>(inside)) is ReceivedLayer.Signed { IsDetached: true });
            opened++;
        }

        Assert.InRange(opened, 14, 100);
    }
}
