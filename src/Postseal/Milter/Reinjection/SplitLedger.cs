using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postseal.Program.Files;

namespace Postseal.Program.Milter.Reinjection;

/// <summary>
/// Which recipients of a message have their copy already, in case the message comes again because others have not: a client that got
/// 451 repeats all of it. A message that went to everybody is struck out at once. So an entry lies here only between a half failure and
/// its repetition, at most for five days.
/// </summary>
/// <remarks>
/// A file of lines, <c>+ TIME DIGEST</c> and <c>- TIME DIGEST</c>, appended and flushed to disk before the next copy is sent. The
/// digest is of message and recipient: no address stands in it.
/// </remarks>
internal sealed class SplitLedger : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(5);

    private readonly Lock gate = new();
    private readonly Dictionary<string, DateTimeOffset> done = [];
    private readonly string path;
    private readonly TimeProvider time;
    private FileStream? file;

    /// <summary>Opens the ledger of a state directory. The file is read when it is first needed.</summary>
    /// <param name="stateDirectory">The directory: [State] Path.</param>
    /// <param name="time">The clock.</param>
    public SplitLedger(string stateDirectory, TimeProvider time) => (path, this.time) = (Path.Combine(stateDirectory, "ledger"), time);

    /// <summary>Makes sure that it can be written, before the first copy leaves.</summary>
    /// <exception cref="IOException">It cannot; the message says what to do.</exception>
    public void Open()
    {
        lock (gate)
        {
            try
            {
                file ??= Load();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Unusable(e);
            }
        }
    }

    /// <summary>Determines whether a recipient has his copy.</summary>
    /// <param name="message">The message: <see cref="KeyOf"/>.</param>
    /// <param name="recipient">The recipient, as the MTA gave him.</param>
    public bool IsDone(byte[] message, string recipient)
    {
        lock (gate)
            return done.TryGetValue(Entry(message, recipient), out var when) && time.GetUtcNow() - when < Lifetime;
    }

    /// <summary>Notes that a recipient has his copy.</summary>
    /// <exception cref="IOException">It cannot be written; it is known until the daemon ends.</exception>
    public void Add(byte[] message, string recipient)
    {
        lock (gate)
        {
            done[Entry(message, recipient)] = time.GetUtcNow();
            Append('+', [Entry(message, recipient)]);
        }
    }

    /// <summary>Strikes a message out that went to everybody.</summary>
    /// <exception cref="IOException">It cannot be written; it is struck out until the daemon ends.</exception>
    public void Complete(byte[] message, IEnumerable<string> recipients)
    {
        lock (gate)
        {
            var known = recipients.Select(recipient => Entry(message, recipient)).Where(done.Remove).ToList();
            if (known.Count > 0)
                Append('-', known);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
            file?.Dispose();
        file = null;
    }

    private static string Entry(byte[] message, string recipient) =>
        Convert.ToHexStringLower(SHA256.HashData([.. message, .. Encoding.UTF8.GetBytes(recipient)]));

    private void Append(char sign, IReadOnlyList<string> entries)
    {
        try
        {
            file ??= Load();
            var lines = new StringBuilder();
            foreach (var entry in entries)
                lines.Append(CultureInfo.InvariantCulture, $"{sign} {time.GetUtcNow().ToUnixTimeSeconds()} {entry}\n");
            file.Write(Encoding.ASCII.GetBytes(lines.ToString()));
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(e);
        }
    }

    /// <summary>Reads what there is, and writes the file anew with what still counts. A line that was cut off by a crash is none.</summary>
    private FileStream Load()
    {
        if (!OperatingSystem.IsWindows())
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, AtomicFile.Private | UnixFileMode.UserExecute);
        foreach (var line in File.Exists(path) ? File.ReadLines(path, Encoding.ASCII) : [])
        {
            if (line.Split(' ') is not [var sign, var seconds, { Length: 64 } entry]
                || !long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var when))
                continue;
            if (sign == "+")
                done[entry] = DateTimeOffset.FromUnixTimeSeconds(when);
            else
                done.Remove(entry);
        }

        var now = time.GetUtcNow();
        foreach (var old in done.Where(entry => now - entry.Value >= Lifetime).Select(entry => entry.Key).ToList())
            done.Remove(old);
        var text = string.Concat(done.Select(
            entry => string.Create(CultureInfo.InvariantCulture, $"+ {entry.Value.ToUnixTimeSeconds()} {entry.Key}\n")));
        AtomicFile.Write(path, Encoding.ASCII.GetBytes(text), AtomicFile.Private, replace: true);
        return new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
    }

    private IOException Unusable(Exception e) =>
        new($"{path} cannot be written: {e.Message}; let [State] Path be a directory that the daemon can write, with room on its disk", e);
}
