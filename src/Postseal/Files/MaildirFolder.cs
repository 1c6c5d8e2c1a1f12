using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

namespace Postseal.Program.Files;

/// <summary>
/// One folder of a Maildir, with its directories cur, new and tmp, which servers and other programs may be using too. No message is ever
/// lost: the new one is complete on disk and has its name before the old one is removed.
/// </summary>
internal sealed partial class MaildirFolder : IDisposable
{
    private const UnixFileMode Permissions = AtomicFile.Public | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite
        | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The age of a temporary file, in seconds, from which on no run can still be writing it.</summary>
    private const long AbandonedAfter = 15 * 60;

    private static readonly string[] Parts = ["tmp", "new", "cur"];

    private readonly TimeProvider time;
    private readonly OpenDirectory temporary;
    private readonly OpenDirectory[] places;
    private HashSet<string> listed = [];

    private MaildirFolder(string path, TimeProvider time, OpenDirectory temporary, params OpenDirectory[] places) =>
        (Path, this.time, this.temporary, this.places) = (path, time, temporary, places);

    /// <summary>Gets the path, for people.</summary>
    public string Path { get; }

    /// <summary>Finds the folders of a Maildir: itself, and all that are in it, as .Sent or Sent. Symbolic links are not followed.</summary>
    /// <param name="path">The Maildir.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">It is no directory, or cannot be read.</exception>
    public static IEnumerable<MaildirFolder> In(string path, TimeProvider time)
    {
        using var root = OpenDirectory.Open(path);
        foreach (var folder in In(root, time, depth: 0))
            yield return folder;
    }

    /// <summary>Lists the messages.</summary>
    public IReadOnlyList<MaildirMessage> Messages()
    {
        List<MaildirMessage> messages =
            [.. places.SelectMany(place => place.Names().Where(name => !name.StartsWith('.')).Select(name => new MaildirMessage(this, place, name)))];
        listed = [.. messages.Select(message => message.Name.Unique)];
        return messages;
    }

    /// <summary>Removes temporary files that interrupted runs left behind.</summary>
    public void CleanUp()
    {
        foreach (var name in temporary.Names())
        {
            if (Temporary().Match(name) is { Success: true } match
                && time.GetUtcNow().ToUnixTimeSeconds() - long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) > AbandonedAfter)
                temporary.Remove(name);
        }
    }

    /// <summary>Replaces a message with the opened one, which keeps its flags, date, owner and permissions.</summary>
    /// <param name="message">The message.</param>
    /// <param name="content">The opened message.</param>
    /// <param name="wireSize">The size of the opened message with CRLF line ends, in bytes.</param>
    /// <returns>Whether the message was still there. If somebody deleted it meanwhile, the opened one is removed too.</returns>
    /// <exception cref="IOException">The new one cannot be written; the old one is as it was.</exception>
    public bool Replace(MaildirMessage message, ReadOnlySpan<byte> content, long wireSize)
    {
        // An earlier run wrote the new one, and was interrupted before it removed the old one.
        if (listed.Contains(message.Name.OpenedUnique) && IsThere(message.Name.OpenedUnique))
            return message.Place.Remove($"{message.Name}");
        if (Write(message, content) is not { } name)
        {
            return Find(message.Name.Unique) is ({ } where, var renamed) && $"{renamed}" != $"{message.Name}"
                && Replace(new(this, where, $"{renamed}"), content, wireSize);
        }

        var (place, opened) = (message.Place, message.Name.Opened(content.Length, wireSize));
        try
        {
            temporary.Move(name, place, opened.ToString());
        }
        catch
        {
            temporary.Remove(name);
            throw;
        }

        place.Flush();
        return RemoveOld(message, place, opened);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        temporary.Dispose();
        foreach (var place in places)
            place.Dispose();
    }

    private static IEnumerable<MaildirFolder> In(OpenDirectory directory, TimeProvider time, int depth)
    {
        const int deepest = 20;
        if (Of(directory, time) is { } folder)
        {
            using (folder)
                yield return folder;
        }

        foreach (var name in depth < deepest ? directory.Names().Where(name => name is not ("cur" or "new" or "tmp")) : [])
        {
            using var below = directory.Subdirectory(name);
            foreach (var found in below is null ? [] : In(below, time, depth + 1))
                yield return found;
        }
    }

    private static MaildirFolder? Of(OpenDirectory directory, TimeProvider time)
    {
        var parts = Parts.Select(directory.Subdirectory).ToList();
        if (parts is [{ } temporary, { } fresh, { } seen])
            return new MaildirFolder(directory.Path, time, temporary, fresh, seen);
        parts.ForEach(part => part?.Dispose());
        return null;
    }

    /// <summary>Writes the new file to tmp.</summary>
    /// <returns>Its name; <see langword="null"/>: the message is gone.</returns>
    private string? Write(MaildirMessage message, ReadOnlySpan<byte> content)
    {
        using var old = message.Open();
        if (old is null)
            return null;
        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"{time.GetUtcNow().ToUnixTimeSeconds()}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.postseal");
        using var file = temporary.Create(name);
        try
        {
            // The owner first: changing it clears bits of the mode.
            FileOwner.Of(old)?.Own(file, $"{temporary.Path}/{name}");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file, File.GetUnixFileMode(old) & Permissions);
            RandomAccess.Write(file, content, 0);
            File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(old)); // INTERNALDATE of IMAP
            RandomAccess.FlushToDisk(file);
            return name;
        }
        catch
        {
            temporary.Remove(name);
            throw;
        }
    }

    /// <summary>Removes the old message, whatever its name is now: a server renames it when a flag changes, and moves it from new to
    /// cur.</summary>
    internal bool RemoveOld(MaildirMessage message, OpenDirectory place, MaildirName opened)
    {
        if (place.Remove($"{message.Name}"))
            return true;
        if (Find(message.Name.Unique) is not ({ } where, var renamed))
        {
            place.Remove($"{opened}");
            return false;
        }

        place.Move($"{opened}", where, $"{opened with { Info = renamed.Info }}");
        where.Flush();
        where.Remove($"{renamed}");
        return true;
    }

    private bool IsThere(string unique)
    {
        if (Find(unique) is not ({ } place, var name))
            return false;
        using var file = place.OpenFile($"{name}");
        return file is not null;
    }

    private (OpenDirectory Place, MaildirName Name)? Find(string unique)
    {
        foreach (var place in places)
        {
            if (place.Names().Select(MaildirName.Parse).FirstOrDefault(name => name.Unique == unique) is { } found)
                return (place, found);
        }

        return null;
    }

    [GeneratedRegex(@"^([0-9]{1,12})\.[0-9a-f]{16}\.postseal$", RegexOptions.CultureInvariant)]
    private static partial Regex Temporary();
}
