using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Mime;

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
        Assert.Equal(expected, Text.Of(QuotedPrintable.Decode(Text.Bytes(encoded))));

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
        Assert.Equal(expected, Text.Of(Base64Text.Decode(Text.Bytes(encoded))));

    [Fact]
    public void Quoted_printable_survives_the_way() => Prop.ForAll(Contents, content =>
    {
        var encoded = Quoted(content);
        return Array.TrueForAll(encoded.Split("\r\n"), line => line.Length <= 76 && !line.EndsWith(' ') && !line.StartsWith('.'))
            && QuotedPrintable.Decode(Text.Bytes(encoded)).AsSpan().SequenceEqual(content);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Base64_survives_the_way() => Prop.ForAll(Contents, content =>
    {
        var output = new ArrayBufferWriter<byte>();
        Base64Text.Encode(content, output);
        return Array.TrueForAll(Text.Of(output.WrittenSpan).Split("\r\n"), line => line.Length <= 76)
            && Base64Text.Decode(output.WrittenSpan).AsSpan().SequenceEqual(content);
    }).QuickCheckThrowOnFailure();

    private static string Quoted(byte[] content)
    {
        var output = new ArrayBufferWriter<byte>();
        QuotedPrintable.Encode(content, output);
        return Text.Of(output.WrittenSpan);
    }
}
