using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates.Formats;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>
/// Remembers to whom mail was encrypted, in the file <c>correspondents</c> of the state directory: one address a line, read once
/// and then only added to, by any number of processes. What cannot be written is tried again with the next address, told once, and
/// holds up no mail. Safe for any number of threads.
/// </summary>
internal sealed partial class CorrespondentMemory : ICorrespondentMemory
{
    /// <summary>The most addresses that are remembered: some tens of megabytes.</summary>
    internal const int MaxAddresses = 200_000;

    private const long MaxLength = 64 << 20;
    private const string Name = "correspondents";

    private readonly string? path;
    private readonly int maxAddresses;
    private readonly bool isReadOnly;
    private readonly ILogger logger;
    private readonly Lock writing = new();
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly StringBuilder unwritten = new();
    private bool isRead;
    private bool isTold;

    /// <summary>Opens the memory; the file is read when somebody asks for it, and made with the first address.</summary>
    /// <param name="directory">The state directory. One that is not absolute, as settings that were not read from a file have
    /// it, is not written to: it is remembered for as long as the program runs.</param>
    /// <param name="logger">Takes a warning when something cannot be kept.</param>
    /// <param name="maxAddresses">The most addresses it takes.</param>
    /// <param name="isReadOnly">Whether the file is left as it is.</param>
    public CorrespondentMemory(
        string? directory = null, ILogger? logger = null, int maxAddresses = MaxAddresses, bool isReadOnly = false)
    {
        this.isReadOnly = isReadOnly;
        path = Path.IsPathFullyQualified(directory ?? "") ? Path.Combine(directory!, Name) : null;
        this.logger = logger ?? NullLogger.Instance;
        this.maxAddresses = maxAddresses;
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The file is there and cannot be read: what it knows is not nothing.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    public bool Knows(MailAddress address)
    {
        lock (writing)
        {
            Read();
            return known.Contains(address.CanonicalText);
        }
    }

    /// <inheritdoc/>
    public void Remember(MailAddress address)
    {
        var line = address.CanonicalText;
        lock (writing)
        {
            // A control character is no part of an address that a certificate names, and would be of the file's form.
            if (known.Contains(line) || line.Any(char.IsControl))
                return;
            try
            {
                Read();
                if (known.Count >= maxAddresses)
                    throw new IOException($"'{path}' has {maxAddresses} addresses and takes no more; remove those that are not written to any longer");
                if (!known.Add(line) || path is null || isReadOnly)
                    return;
                unwritten.Append(line).Append('\n');
                AppendedFile.Append(path, unwritten.ToString());
                unwritten.Clear();
                isTold = false;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Whatever was written of the line is ended by the line end before the next try.
                if (unwritten.Length > 0 && unwritten[0] != '\n')
                    unwritten.Insert(0, '\n');
                if (!isTold)
                    LogWarning($"it is not remembered to whom mail was encrypted: {e.Message}");
                isTold = true;
            }
        }
    }

    private void Read()
    {
        if (isRead)
            return;
        try
        {
            if (path is not null)
                Read(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // Nothing was encrypted yet.
        }

        isRead = true;
    }

    private void Read(string path)
    {
        using var file = RegularFile.Open(path);
        var length = RandomAccess.GetLength(file);
        if (length > MaxLength)
            throw new IOException($"'{path}' is larger than {MaxLength >> 20} MiB; it cannot be a list of addresses");
        using var reader = new StreamReader(new FileStream(file, FileAccess.Read), Encoding.UTF8);
        while (known.Count < maxAddresses && reader.ReadLine() is { } line)
        {
            if (MailAddress.TryParse(line, out var address))
                known.Add(address.CanonicalText);
        }

        // A process may have been stopped within its last line.
        var last = new byte[1];
        if (length > 0 && RandomAccess.Read(file, last, length - 1) == 1 && last[0] != (byte)'\n')
            unwritten.Append('\n');
    }

    [LoggerMessage(EventId = 101, Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void LogWarning(string warning);
}
