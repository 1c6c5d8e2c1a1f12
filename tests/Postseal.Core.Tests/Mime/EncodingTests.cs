using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Bytes;
using Postseal.Mime;
using Postseal.Mime.Canonical;

namespace Postseal.Tests.Mime;

public class EncodingTests
{
    private static readonly Arbitrary<byte[]> Contents = Gen.Elements(
        "\r\n", "\r", "\n", "=", " ", "\t", ".", "--", "From ", "F", "\0", "\xFF", "\x7F", "\x1B", "abc", new string('x', 37)).ListOf()
        .Select(parts => Text.Bytes(string.Concat(parts))).ToArbitrary();

    [Theory]
    [InlineData("", "")]
    [InlineData("a b\tc=\x7F", "a b\tc=3D=7F")]
    [InlineData("a \r\n\t\r\n ", "a=20\r\n=09\r\n=20")]
    [InlineData("\r\r\n\n", "=0D\r\n=0A")]
    [InlineData("From x\r\nFrom\r\n.\r\n--b", "=46rom x\r\nFrom\r\n=2E\r\n=2D-b")]
    public void Text_is_quoted_printable(string text, string expected) => Assert.Equal(expected, Quoted(Text.Bytes(text)));

    [Theory]
    [InlineData(76, "", 1)]
    [InlineData(77, "", 2)]
    [InlineData(73, "\xFF", 1)]
    [InlineData(74, "\xFF", 2)]
    [InlineData(75, " ", 2)]
    [InlineData(72, "\xFFx", 1)]
    [InlineData(73, "\xFFx", 2)]
    public void Quoted_printable_line_is_filled_up_to_76(int length, string end, int lines) =>
        Assert.Equal(lines, Quoted(Text.Bytes(new string('x', length) + end)).Split("\r\n").Length);

    [Theory]
    [InlineData("a= \t\r\nb", "ab")]
    [InlineData("a=3db=3D=", "a=b=")]
    [InlineData("a=\nb\nc", "ab\r\nc")]
    [InlineData("a=G0=4", "a=G0=4")]
    [InlineData("=", "")]
    [InlineData("a \r\n", "a \r\n")]
    public void Quoted_printable_is_read_leniently(string encoded, string expected) =>
        Assert.Equal(expected, Text.Of(DecodedQuoted(encoded)));

    [Theory]
    [InlineData("YQ==", "a")]
    [InlineData("YQ", "a")]
    [InlineData("YR==", "a")]
    [InlineData("YWI", "ab")]
    [InlineData("YWFhY", "aaa")]
    [InlineData(" Y!W\xFF\r\nFh", "aaa")]
    [InlineData("=YWFh", "aaa")]
    [InlineData("Y=WFh", "aaa")]
    [InlineData("YQ==YWFh", "a")]
    [InlineData("", "")]
    public void Base64_is_read_leniently(string encoded, string expected) =>
        Assert.Equal(expected, Text.Of(DecodedBase64(encoded)));

    [Fact]
    public void Quoted_printable_survives_the_way() => Prop.ForAll(Contents, content =>
    {
        var encoded = Quoted(content);
        return Array.TrueForAll(encoded.Split("\r\n"), line => line.Length <= 76 && !line.EndsWith(' ') && !line.StartsWith('.'))
            && DecodedQuoted(encoded).AsSpan().SequenceEqual(content);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Base64_survives_the_way() => Prop.ForAll(Contents, content =>
    {
        var encoded = Based(content);
        return Array.TrueForAll(encoded.Split("\r\n"), line => line.Length <= 76)
            && DecodedBase64(encoded).AsSpan().SequenceEqual(content);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_pieces_that_content_comes_in_do_not_matter() => Prop.ForAll(Contents, content =>
    {
        var text = Text.Of(content) + "= \t" + new string(' ', 300) + "\r\n" + Text.Of(content);
        return Enumerable.Range(1, 5).Append(77).All(length =>
            Quoted(content, length) == Quoted(content) && Based(content, length) == Based(content)
            && DecodedQuoted(text, length).AsSpan().SequenceEqual(DecodedQuoted(text))
            && DecodedBase64(text, length).AsSpan().SequenceEqual(DecodedBase64(text))
            && WithCrLf(content, length) == WithCrLf(content));
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("a\nb\r\nc\r\r\n\n", "a\r\nb\r\nc\r\r\n\r\n")]
    [InlineData("\n", "\r\n")]
    [InlineData("\r", "\r")]
    public void A_bare_LF_becomes_CRLF(string text, string expected) => Assert.Equal(expected, WithCrLf(Text.Bytes(text)));

    private static string Quoted(byte[] content, int pieceLength = int.MaxValue)
    {
        var output = new ArrayBufferWriter<byte>();
        Send(content, pieceLength, new QuotedPrintableEncoder(output));
        return Text.Of(output.WrittenSpan);
    }

    private static string Based(byte[] content, int pieceLength = int.MaxValue)
    {
        var output = new ArrayBufferWriter<byte>();
        Send(content, pieceLength, new Base64Encoder(output));
        return Text.Of(output.WrittenSpan);
    }

    private static byte[] DecodedQuoted(string encoded, int pieceLength = int.MaxValue) =>
        Collected(encoded, pieceLength, next => new QuotedPrintableDecoder(next));

    private static byte[] DecodedBase64(string encoded, int pieceLength = int.MaxValue) =>
        Collected(encoded, pieceLength, next => new Base64Decoder(next));

    private static string WithCrLf(byte[] text, int pieceLength = int.MaxValue) =>
        Text.Of(Collected(Text.Of(text), pieceLength, next => new CrLfFilter(next)));

    private static byte[] Collected(string content, int pieceLength, Func<IContentSink, IContentSink> filter)
    {
        var output = new EntityOutput(new ByteSource(default));
        Send(Text.Bytes(content), pieceLength, filter(output));
        return output.ToSequence().ToArray();
    }

    private static void Send(byte[] content, int pieceLength, IContentSink sink)
    {
        for (var rest = content.AsSpan(); !rest.IsEmpty; rest = rest[Math.Min(rest.Length, pieceLength)..])
            sink.Write(rest[..Math.Min(rest.Length, pieceLength)]);
        sink.End();
    }
}
