namespace Postseal.Certificates.Store;

/// <summary>
/// The certificates in one set of files, without or with their keys, each read again when the files change. While what is
/// there cannot be used, half written or not fitting together, what was good before stays in use.
/// </summary>
/// <param name="files">The files.</param>
/// <param name="before">What read the same certificate file when its key lay in another one.</param>
internal sealed class KeyFileReader(KeyFileSet files, KeyFileReader? before)
{
    private readonly View closed = new(files, opensKeys: false, before?.closed.Last);
    private readonly View open = new(files, opensKeys: true, before?.open.Last);

    private volatile string? toldProblem;

    public KeyFileSet Files => files;

    /// <summary>Warns that the key in this file cannot be used, again only when the reason changes.</summary>
    public void Tell(Rejection problem, Action<string> warn)
    {
        if (toldProblem == problem.Message)
            return;
        toldProblem = problem.Message;
        warn($"no mail is opened with it: {problem.Message}");
    }

    /// <summary>Reads the certificates. No key is opened.</summary>
    /// <param name="time">The clock time stamps are held against.</param>
    /// <param name="warn">Takes a sentence for each change that should be looked at.</param>
    public KeyFileReading Look(TimeProvider time, Action<string> warn) => closed.Current(time, warn);

    /// <summary>Reads the certificates whose keys are here, and opens these.</summary>
    /// <inheritdoc cref="Look"/>
    public KeyFileReading Open(TimeProvider time, Action<string> warn) => open.Current(time, warn);

    private sealed class View(KeyFileSet files, bool opensKeys, KeyFileReading? before)
    {
        private readonly Lock reading = new();
        private volatile KeyFileReading? known;

        public KeyFileReading? Last => known ?? before;

        public KeyFileReading Current(TimeProvider time, Action<string> warn)
        {
            if (known is { } last && last.IsCurrent(time))
                return last;
            lock (reading)
            {
                if (known is { } meanwhile && meanwhile.IsCurrent(time))
                    return meanwhile;
                var now = KeyFileReading.Of(files, opensKeys, time, Last);
                if (now.Warning is { } warning && warning != known?.Warning)
                    warn(warning);
                return known = now;
            }
        }
    }
}
