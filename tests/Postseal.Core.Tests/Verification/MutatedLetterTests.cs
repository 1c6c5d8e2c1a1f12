using System.Text;
using Fuzzing;
using Postseal.TestKit;

namespace Postseal.Tests.Verification;

/// <summary>Letters with lines and bytes where they do not belong. (tests/Fuzzing does the same for longer.)</summary>
public sealed class MutatedLetterTests(LetterRoom room) : IClassFixture<LetterRoom>
{
    [Fact]
    public void Whatever_a_letter_is_like_what_passes_is_what_openssl_finds_signed()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not installed");
        var letters = new MutatedLetter(room);
        var random = new Random(1);

        for (var i = 0; i < 1000; i++)
        {
            var letter = letters.Make(random);
            var broken = Record.Exception(() => MimeFuzz.Check(room, Encoding.Latin1.GetBytes(letter)));
            Assert.True(broken is null, $"{letter}\n{broken}");
        }
    }
}
