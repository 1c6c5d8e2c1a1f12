using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates;

namespace Postseal.Configuration;

/// <summary>
/// The settings of a file that may change while the program runs. A valid change is taken over; a wrong one is refused
/// with a line in the log, and what was there before stays. Safe for any number of threads.
/// </summary>
/// <remarks>
/// The file is looked at when somebody asks, at most once a second, by its time stamp: nothing runs in between, and no
/// event can be lost. It has to have rested for a second before it is read, since the first half of a configuration is
/// often a valid one.
/// </remarks>
public sealed partial class ReloadingOptions
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private readonly string path;
    private readonly Func<PostsealOptions> load;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly PostsealOptions atStart;
    private readonly Lock reading = new();
    private volatile PostsealOptions current;
    private FileStamp stamp;
    private long lastLook;

    /// <summary>Reads the settings.</summary>
    /// <param name="path">The file that is watched.</param>
    /// <param name="load">Reads it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes a line for each change.</param>
    /// <exception cref="ConfigurationException">The settings are wrong from the beginning.</exception>
    public ReloadingOptions(string path, Func<PostsealOptions> load, TimeProvider time, ILogger? logger = null)
    {
        this.path = path;
        this.load = load;
        this.time = time;
        this.logger = logger ?? NullLogger.Instance;
        lastLook = time.GetTimestamp();
        stamp = FileStamp.Of(path);
        current = atStart = load();
    }

    /// <summary>Told of new settings right after they took effect.</summary>
    public event Action<PostsealOptions>? Changed;

    /// <summary>The settings as they are now; the same object as long as nothing changed.</summary>
    public PostsealOptions Current
    {
        get
        {
            var last = Interlocked.Read(ref lastLook);
            var isTime = time.GetElapsedTime(last) >= Interval;
            // One of the threads looks; the others go on with what there is.
            if (isTime && Interlocked.CompareExchange(ref lastLook, time.GetTimestamp(), last) == last)
                Look();
            return current;
        }
    }

    /// <summary>Reads the file now, changed or not, and tells in the log what came of it: what a daemon does on SIGHUP.</summary>
    public void Reload()
    {
        lock (reading)
        {
            if (!Read(FileStamp.Of(path)))
                LogBeingWritten(path);
        }
    }

    private void Look()
    {
        lock (reading)
        {
            var now = FileStamp.Of(path);
            if (now != stamp && !IsBeingWritten(now))
                Read(now);
        }
    }

    /// <summary>False: the file was written over meanwhile, so what was read may be half of it.</summary>
    private bool Read(FileStamp now)
    {
        var (loaded, problem) = Load(now);
        if (FileStamp.Of(path) != now)
            return false;
        stamp = now;
        if (loaded is null)
            LogRefused(path, problem);
        else
            Take(loaded);
        return true;
    }

    /// <summary>
    /// Reads the file. An empty one would be valid, and nothing would be required any more: but it is what a writer leaves
    /// who was interrupted or found the disk full.
    /// </summary>
    private (PostsealOptions? Loaded, string Problem) Load(FileStamp now)
    {
        if (now.Length == 0)
            return (null, "it is empty");
        try
        {
            return (load(), "");
        }
        catch (ConfigurationException e)
        {
            return (null, string.Join("; ", e.Errors));
        }
    }

    private void Take(PostsealOptions loaded)
    {
        current = loaded;
        Changed?.Invoke(loaded);
        LogTaken(path);
        if (!atStart.HasSameMilter(loaded))
            LogNeedsRestart(path);
    }

    private bool IsBeingWritten(FileStamp now)
    {
        var age = time.GetUtcNow().UtcDateTime - now.Changed;
        return age >= TimeSpan.Zero && age < Rest;
    }

    [LoggerMessage(200, LogLevel.Information, "{Path} was read again and is in use")]
    private partial void LogTaken(string path);

    [LoggerMessage(201, LogLevel.Warning, "{Path} differs in [Milter] from what was there at the start: that takes effect at the next start")]
    private partial void LogNeedsRestart(string path);

    [LoggerMessage(202, LogLevel.Error, "{Path} is wrong, and the settings before it stay in use: {Errors}")]
    private partial void LogRefused(string path, string errors);

    [LoggerMessage(203, LogLevel.Information, "{Path} is being written: it is read when it has rested for a second")]
    private partial void LogBeingWritten(string path);
}
