using System.Text;

namespace Postseal.Program.Hosting;

/// <summary>
/// Holds lines for a stream that may take none for a while: a pipe nobody reads, a full disk. Logging never waits for it.
/// Lines that do not fit are lost and counted, and the count is written once the stream takes lines again.
/// </summary>
internal sealed class LineQueue : IDisposable
{
    /// <summary>In characters: 2 MiB of memory, a second's lines of the busiest server.</summary>
    public const int DefaultCapacity = 1 << 20;

    private const int BatchSize = 16 * 1024;
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(1);

    private readonly Stream stream;
    private readonly Func<long, string> lostLines;
    private readonly int capacity;
    private readonly Thread writer;
    private readonly Queue<string> waiting = new();
    private int size;
    private long lost;
    private bool ended;

    /// <summary>Starts the thread that writes.</summary>
    /// <param name="stream">Where the lines go.</param>
    /// <param name="lostLines">Makes the line that reports how many were lost.</param>
    /// <param name="capacity">How many characters wait at most.</param>
    public LineQueue(Stream stream, Func<long, string> lostLines, int capacity = DefaultCapacity)
    {
        (this.stream, this.lostLines, this.capacity) = (stream, lostLines, capacity);
        writer = new Thread(Write) { IsBackground = true, Name = "log" };
        writer.Start();
    }

    /// <summary>Takes a line, with its line feed, and returns at once.</summary>
    public void Add(string line)
    {
        lock (waiting)
        {
            // After a lost line all are lost until those that wait are written, so that the count is where they would be.
            if (lost > 0 || size + line.Length > capacity)
            {
                lost++;
            }
            else
            {
                waiting.Enqueue(line);
                size += line.Length;
            }

            Monitor.Pulse(waiting);
        }
    }

    /// <summary>Gives what waits a second to be written: a stream that takes nothing does not hold up the end.</summary>
    public void Dispose()
    {
        lock (waiting)
        {
            ended = true;
            Monitor.Pulse(waiting);
        }

        writer.Join(EndLimit);
    }

    private void Write()
    {
        while (Next() is var (text, lines) && lines > 0)
        {
            try
            {
                stream.Write(Encoding.UTF8.GetBytes(text));
                stream.Flush();
            }
            catch (IOException)
            {
                // There is nowhere else to report it: the lines are counted as lost, should the stream take lines again.
                if (!Failed(lines))
                    return;
            }
        }
    }

    /// <summary>Waits for the next lines, or for the count of lost ones once all others are written; empty at the end.</summary>
    private (string Text, long Lines) Next()
    {
        lock (waiting)
        {
            while (waiting.Count == 0 && lost == 0 && !ended)
                Monitor.Wait(waiting);
            if (waiting.Count == 0 && lost > 0)
            {
                var count = lost;
                lost = 0;
                return (lostLines(count), count);
            }

            var text = new StringBuilder();
            var lines = 0;
            while (text.Length < BatchSize && waiting.TryDequeue(out var line))
            {
                text.Append(line);
                size -= line.Length;
                lines++;
            }

            return (text.ToString(), lines);
        }
    }

    /// <summary>Counts what could not be written, and waits for a line to try again with; false at the end.</summary>
    private bool Failed(long lines)
    {
        lock (waiting)
        {
            lost += lines;
            if (waiting.Count == 0 && !ended)
                Monitor.Wait(waiting);
            return !ended;
        }
    }
}
