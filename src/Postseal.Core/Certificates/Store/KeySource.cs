namespace Postseal.Certificates.Store;

/// <summary>
/// The files of one certificate, read again when they change. While what is there cannot be used, half written or not
/// fitting together, what was good before stays in use.
/// </summary>
/// <param name="files">The files.</param>
/// <param name="before">What the same certificate file was read as when its key lay in another file.</param>
internal sealed class KeySource(SourceFiles files, LoadedSource? before)
{
    private readonly Lock loading = new();
    private volatile LoadedSource? loaded;

    public SourceFiles Files => files;

    /// <summary>What was read last.</summary>
    public LoadedSource? LastLoaded => loaded ?? before;

    /// <summary>What the files hold now.</summary>
    /// <param name="time">The clock time stamps are held against.</param>
    /// <param name="warn">Takes a sentence for each change that should be looked at.</param>
    public LoadedSource Current(TimeProvider time, Action<string> warn)
    {
        if (loaded is { } known && known.IsCurrent(time))
            return known;
        lock (loading)
        {
            if (loaded is { } meanwhile && meanwhile.IsCurrent(time))
                return meanwhile;
            var now = LoadedSource.Load(files, time, LastLoaded);
            if (now.Warning is { } warning && warning != loaded?.Warning)
                warn(warning);
            return loaded = now;
        }
    }
}
