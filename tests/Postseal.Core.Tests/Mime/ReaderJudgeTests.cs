using FsCheck;
using FsCheck.Fluent;
using Postseal.Mime;

namespace Postseal.Tests.Mime;

/// <summary>Real and made-up messages, judged by another reader.</summary>
public class ReaderJudgeTests
{
    private static readonly Gen<string> Content = Gen.Elements(
        "\r\n", "\r\n", "\n", "\0", " ", "\t", "=3D", "=41", ".", "From ", "--", "-- b", "word ", "\xFC", "\xC3\xBC",
        new string('x', 999)).ListOf().Select(string.Concat);

    // Python takes a close delimiter right after a delimiter for a doubled one, and the epilogue for a part.
    private const string MisreadByPython = "multipartemptypart";

    [Fact]
    public void Corpus_messages_are_7bit_and_read_the_same()
    {
        var corpus = FindCorpus();
        if (corpus is null)
            Assert.Skip("../shared/corpora/mime4j is not there");
        var messages = Directory.EnumerateFiles(corpus, "*.msg", SearchOption.AllDirectories)
            .Select(file => Judged(Path.GetFileNameWithoutExtension(file), MailMessage.Parse(File.ReadAllBytes(file))))
            .ToList();

        Assert.NotEmpty(messages);
        Assert.All(messages, message => SevenBit.AssertIs(message.After.Content));
        if (!ReaderJudge.IsAvailable)
            Assert.Skip("python3 is not there to compare the parts");
        Assert.Equal("", ReaderJudge.Compare(messages.Where(message => message.Name != MisreadByPython)));
    }

    [Fact]
    public void Made_up_messages_read_the_same()
    {
        if (!ReaderJudge.IsAvailable)
            Assert.Skip("python3 is not there to compare the parts");
        var messages = Entity(depth: 3, boundary: "b").Sample(300, 30)
            .Select((text, i) => Judged($"{i}", Text.Message("MIME-Version: 1.0\r\n" + text))).ToList();

        Assert.Equal("", ReaderJudge.Compare(messages));
    }

    private static (string Name, MailMessage Before, CanonicalEntity After) Judged(string name, MailMessage message) =>
        (name, message, Text.Entity(message));

    private static Gen<string> Entity(int depth, string boundary)
    {
        var leaf = Gen.OneOf(TextLeaf, BinaryLeaf);
        if (depth == 0)
            return leaf;
        var parts = Entity(depth - 1, boundary + "c").ListOf().Where(list => list.Count > 0);
        var multipart = parts.Select(list =>
            $"Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\nContent-Transfer-Encoding: binary\r\n\r\npre\r\n"
            + string.Concat(list.Take(4).Select(part => $"--{boundary}\r\n{part}\r\n")) + $"--{boundary}--\r\n");
        var message = Entity(depth - 1, boundary + "d")
            .Select(inner => $"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n{inner}");
        return Gen.OneOf(leaf, multipart, message);
    }

    private static Gen<string> TextLeaf =>
        from charset in Gen.Elements("utf-8", "us-ascii", "koi8-r")
        from encoding in Gen.Elements("7bit", "8bit", "binary", "quoted-printable")
        from content in Content
        select $"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}";

    private static Gen<string> BinaryLeaf =>
        Content.Select(content => $"Content-Type: application/octet-stream\r\n\r\n{content}");

    private static string? FindCorpus()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "plugins.sln")))
                continue;
            var corpus = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "corpora", "mime4j"));
            return Directory.Exists(corpus) ? corpus : null;
        }
        return null;
    }
}
