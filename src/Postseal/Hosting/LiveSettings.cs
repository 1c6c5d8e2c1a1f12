using Microsoft.Extensions.Logging;
using Postseal.Certificates.Formats;
using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.Settings;

namespace Postseal.Program.Hosting;

/// <summary>
/// The settings of a file that may change while the program runs, and the file of <see cref="SenderLogins"/> it names.
/// A valid change is taken over; a wrong one is refused with a line in the log, and what was there before stays. Safe
/// for any number of threads.
/// </summary>
/// <remarks>
/// The files are looked at when somebody asks, at most once a second, by their time stamps: nothing runs in between,
/// and no event can be lost. They have to have rested for a second before they are read, since the first half of a
/// configuration is often a valid one. While they are wrong they are read at each look: what mends them may not show in
/// their time stamps, as new permissions do not, or lie in a file that only the refused settings name.
/// </remarks>
internal sealed partial class LiveSettings
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private readonly string path;
    private readonly Func<MilterSettings> load;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly MilterSettings atStart;
    private readonly Lock reading = new();
    private volatile MilterSettings current;
    private Stamps stamps;
    private string? refused;
    private long lastLook;

    /// <summary>Reads the settings.</summary>
    /// <param name="path">The file that is watched.</param>
    /// <param name="load">Reads it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes a line for each change.</param>
    /// <exception cref="ConfigurationException">The settings are wrong from the beginning.</exception>
    public LiveSettings(string path, Func<MilterSettings> load, TimeProvider time, ILogger logger)
    {
        this.path = path;
        this.load = load;
        this.time = time;
        this.logger = logger;
        lastLook = time.GetTimestamp();
        var stamp = FileStamp.Of(path);
        current = atStart = load();
        stamps = new Stamps(stamp, StampOf(current.Mail.Originating.SenderLogins));
    }

    /// <summary>Raised right after new settings took effect.</summary>
    public event Action<MilterSettings>? Changed;

    /// <summary>Gets the settings as they are now; the same object as long as nothing changed.</summary>
    public MilterSettings Current
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

    /// <summary>Reads the files now, changed or not, and logs the result: what a daemon does on SIGHUP.</summary>
    public void Reload()
    {
        lock (reading)
        {
            refused = null; // an explicit reload logs the errors again
            if (!Read(LookAtFiles()))
                LogBeingWritten(path);
        }
    }

    private void Look()
    {
        lock (reading)
        {
            var now = LookAtFiles();
            if ((now != stamps || refused is not null) && !IsBeingWritten(now.Settings) && !IsBeingWritten(now.SenderLogins))
                Read(now);
        }
    }

    /// <summary>
    /// Reads the files. False: one of them was written meanwhile, so what was read may be half of it.
    /// </summary>
    private bool Read(Stamps now)
    {
        var (loaded, problem) = Load(now.Settings);
        if (LookAtFiles() != now)
            return false;
        var changed = now.Settings == stamps.Settings && now != stamps ? current.Mail.Originating.SenderLogins!.Path : path;
        if (loaded is null)
            Refuse(changed, problem, now);
        else
            Take(changed, loaded, now.Settings);
        return true;
    }

    private Stamps LookAtFiles() =>
        new(FileStamp.Of(path), current.Mail.Originating.SenderLogins is { } logins ? FileStamp.Of(logins.Path) : default);

    /// <summary>
    /// Reads the file. An empty one would be valid, and nothing would be required any more: but it is what a writer
    /// leaves who was interrupted or found the disk full.
    /// </summary>
    private (MilterSettings? Loaded, string Problem) Load(FileStamp now)
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

    private void Refuse(string changed, string problem, Stamps now)
    {
        // Read again as it was, a file is not wrong anew; saved again it is, also with the same mistake.
        if (problem != refused || now != stamps)
            LogRefused(changed, problem);
        (stamps, refused) = (now, problem);
    }

    private void Take(string changed, MilterSettings loaded, FileStamp settings)
    {
        current = loaded;
        stamps = new Stamps(settings, StampOf(loaded.Mail.Originating.SenderLogins));
        refused = null;
        Changed?.Invoke(loaded);
        LogTaken(changed);
        if (loaded.ServerText != atStart.ServerText)
            LogNeedsRestart(path);
    }

    private static FileStamp StampOf(SenderLogins? logins) => logins?.Stamp ?? default;

    private bool IsBeingWritten(FileStamp now)
    {
        var age = time.GetUtcNow().UtcDateTime - now.Changed;
        return age >= TimeSpan.Zero && age < Rest;
    }

    /// <summary>What the files were like when they were read.</summary>
    private readonly record struct Stamps(FileStamp Settings, FileStamp SenderLogins);

    [LoggerMessage(200, LogLevel.Information, "{Path} was read again and is in use")]
    private partial void LogTaken(string path);

    [LoggerMessage(201, LogLevel.Warning, "{Path} differs in [Milter] from what was there at the start: that takes effect at the next start")]
    private partial void LogNeedsRestart(string path);

    [LoggerMessage(202, LogLevel.Error, "{Path} is wrong, and the settings before it stay in use: {Errors}")]
    private partial void LogRefused(string path, string errors);

    [LoggerMessage(203, LogLevel.Information, "{Path} is being written: it is read when it has rested for a second")]
    private partial void LogBeingWritten(string path);
}
