using Milter.Tests.Support;
using Postseal.Program.Milter;

namespace Postseal.Tests;

/// <summary>When the answer to mail that may be opened is given.</summary>
public sealed class EvenTimeTests
{
    private const long Mega = 1024 * 1024;

    private readonly FakeTime time = new();
    private readonly EvenTime even;

    public EvenTimeTests() => even = new EvenTime(time);

    [Theory]
    [InlineData(0, 0, 50)]
    [InlineData(0, 3, 50)]
    [InlineData(0, 49, 50)]
    [InlineData(0, 50, 50)]
    [InlineData(0, 51, 100)]
    [InlineData(0, 130, 200)]
    [InlineData(0, 201, 400)]
    [InlineData(0, 12_000, 12_800)]
    [InlineData(0, 13_000, 25_600)]
    [InlineData(0, 26_000, 38_400)]
    [InlineData(0, 240_000, 243_200)]
    [InlineData(4 * Mega, 3, 50)]
    [InlineData(5 * Mega, 3, 100)]
    [InlineData(30 * Mega, 3, 400)]
    [InlineData(30 * Mega, 401, 800)]
    [InlineData(long.MaxValue / 4, 3, 12_800)]
    public async Task It_is_given_at_the_first_of_the_times_by_which_the_work_is_done(long size, int took, int answered)
    {
        foreach (var fails in (bool[])[false, true])
        {
            var answer = even.RunAsync(size, () => Work(took, fails), CancellationToken.None).AsTask();
            if (answered > took)
            {
                time.Advance(TimeSpan.FromMilliseconds(answered - took - 1));
                Assert.False(answer.IsCompleted);
                time.Advance(TimeSpan.FromMilliseconds(1));
            }

            if (fails)
                await Assert.ThrowsAsync<InvalidOperationException>(() => answer);
            else
                Assert.Equal(7, await answer);
        }
    }

    [Fact]
    public async Task Part_of_a_millisecond_is_waited_for_too()
    {
        var answer = even.RunAsync(0, () => Work(0.25, fails: false), CancellationToken.None).AsTask();

        time.Advance(TimeSpan.FromMilliseconds(49.74));
        Assert.False(answer.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(0.26));
        Assert.Equal(7, await answer);
    }

    [Fact]
    public async Task Who_cancels_has_the_result_at_once_and_the_work_may_be_cancelled_too()
    {
        using var stop = new CancellationTokenSource();
        var answer = even.RunAsync(0, () => Work(1, fails: false), stop.Token).AsTask();
        Assert.False(answer.IsCompleted);

        await stop.CancelAsync();

        Assert.Equal(7, await answer);
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await even.RunAsync<int>(
            0, () => throw new OperationCanceledException(stop.Token), stop.Token));
    }

    private ValueTask<int> Work(double milliseconds, bool fails)
    {
        time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        return fails ? throw new InvalidOperationException() : ValueTask.FromResult(7);
    }
}
