using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Bytes;

namespace Postseal.Tests.Bytes;

public sealed class Base64LinesTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(56, 1)]
    [InlineData(57, 1)]
    [InlineData(58, 7)]
    [InlineData(113, 56)]
    [InlineData(114, 57)]
    [InlineData(10_000, 13)]
    public void Content_in_pieces_is_encoded_as_dotnet_encodes_it_whole(int length, int piece)
    {
        var content = new byte[length];
        Random.Shared.NextBytes(content);
        var rope = new ByteRope();
        for (var start = 0; start < length; start += piece)
            rope.Append(content.AsMemory(start, Math.Min(piece, length - start)));

        var lines = Encoding.ASCII.GetString(Base64Lines.Encode(rope.ToSequence()).ToArray());

        var whole = Convert.ToBase64String(content, Base64FormattingOptions.InsertLineBreaks);
        Assert.Equal(length == 0 ? "" : whole + "\r\n", lines);
    }

    [Fact]
    public void Bytes_written_into_the_array_itself_become_the_same_lines() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(Gen.Choose(0, 3000).ToArbitrary(), length =>
        {
            var content = RandomNumberGenerator.GetBytes(length);

            var lines = Base64Lines.Encode(length, content, static (output, content) => content.CopyTo(output));

            return lines.ToArray().AsSpan().SequenceEqual(Base64Lines.Encode(new ReadOnlySequence<byte>(content)).ToArray());
        }));
}
