using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.Settings;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>What <c>postseal check</c> says of splitting; tests/cli/check.txt and integration/ have the rest.</summary>
public sealed class SplittingCheckTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Theory]
    [InlineData(SplitMethod.None, false)]
    [InlineData(SplitMethod.Postfix, true)]
    [InlineData(SplitMethod.Reinject, true)]
    public void Nothing_is_said_where_there_is_nothing_to_mend(SplitMethod method, bool encrypts) =>
        Assert.Empty(SplittingCheck.Warnings(Options(method, directory.File("not/yet/there")), encrypts));

    public void Dispose() => directory.Dispose();

    private static PostsealOptions Options(SplitMethod method, string state) => new() { Splitting = new() { Method = method }, StatePath = state };
}
