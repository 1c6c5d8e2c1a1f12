using System.Text;
using Postseal.Program.Hosting;

namespace Postseal.Tests;

/// <summary>The queue in front of standard error, with a stream that takes lines only when the test lets it.</summary>
public sealed class LineQueueTests : IDisposable
{
    private readonly GatedStream stream = new();

    [Fact]
    public void Lines_come_out_in_their_order_and_the_end_waits_for_them()
    {
        stream.Open();
        using (var queue = New(1000))
        {
            foreach (var line in Lines(0, 100))
                queue.Add(line);
        }

        Assert.Equal(string.Concat(Lines(0, 100)), stream.Text);
    }

    [Fact]
    public void Lines_that_nobody_reads_are_lost_and_counted_and_those_after_the_count_come_again()
    {
        using (var queue = New(capacity: 40)) // four lines of ten characters
        {
            queue.Add(Line(0));
            stream.WaitUntilWriting();
            foreach (var line in Lines(1, 8)) // 1 to 4 wait, 5 to 8 are lost
                queue.Add(line);
            stream.Open();
            stream.WaitFor("lost 4\n");
            queue.Add(Line(9));
        }

        Assert.Equal(string.Concat([.. Lines(0, 5), "lost 4\n", Line(9)]), stream.Text);
    }

    [Fact]
    public void A_stream_that_fails_is_tried_again_with_the_next_line()
    {
        stream.Open();
        stream.IsFull = true;
        using (var queue = New(1000))
        {
            queue.Add(Line(0));
            stream.WaitForFailure();
            stream.IsFull = false;
            queue.Add(Line(1));
            stream.WaitFor("lost");
            queue.Add(Line(2));
        }

        // The second line came out or was lost, according to whether it came before the failure was noticed.
        Assert.Contains(stream.Text, (string[])["lost 2\n" + Line(2), Line(1) + "lost 1\n" + Line(2)]);
    }

    [Fact]
    public void A_stream_that_takes_nothing_does_not_hold_up_the_end()
    {
        var queue = New(1000);
        queue.Add(Line(0));
        stream.WaitUntilWriting();

        queue.Dispose();

        Assert.Equal("", stream.Text);
        stream.Open();
    }

    public void Dispose() => stream.Dispose();

    private LineQueue New(int capacity) => new(stream, count => $"lost {count}\n", capacity);

    private static IEnumerable<string> Lines(int first, int count) => Enumerable.Range(first, count).Select(Line);

    private static string Line(int number) => $"line {number,4}\n";

    /// <summary>A stream that blocks until it is opened, and fails while it is full.</summary>
    private sealed class GatedStream : MemoryStream
    {
        private readonly ManualResetEventSlim gate = new();
        private readonly ManualResetEventSlim writing = new();
        private readonly ManualResetEventSlim failed = new();
        private readonly StringBuilder written = new();

        public volatile bool IsFull;

        public string Text
        {
            get
            {
                lock (written)
                    return written.ToString();
            }
        }

        public void Open() => gate.Set();

        public void WaitUntilWriting() => writing.Wait(TestContext.Current.CancellationToken);

        public void WaitForFailure() => failed.Wait(TestContext.Current.CancellationToken);

        public void WaitFor(string text)
        {
            lock (written)
            {
                while (!written.ToString().Contains(text, StringComparison.Ordinal))
                    Assert.True(Monitor.Wait(written, TimeSpan.FromMinutes(1)), $"'{text}' does not come after: {written}");
            }
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            writing.Set();
            gate.Wait();
            if (IsFull)
            {
                failed.Set();
                throw new IOException("No space left on device");
            }

            lock (written)
            {
                written.Append(Encoding.UTF8.GetString(buffer));
                Monitor.PulseAll(written);
            }
        }
    }
}
