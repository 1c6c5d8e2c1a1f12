using System.Diagnostics.CodeAnalysis;
using Net.Pkcs11Interop.Common;

namespace Postseal.Pkcs11.Module;

/// <summary>
/// A library that is loaded once in the process, for as long as somebody uses it: also while settings are read anew, when the old and the
/// new ones both do. It is started when it is first used.
/// </summary>
/// <param name="path">Its absolute path.</param>
/// <param name="load">Loads it.</param>
[SuppressMessage("Design", "CA1001", Justification = "Libraries stay loaded until the process ends: a thread may hang in one.")]
internal sealed class LoadedModule(string path, Func<string, IModule> load)
{
    // How long calls are kept out to stop and start it. One that hangs in the library keeps us from it.
    private static readonly TimeSpan RestartPatience = TimeSpan.FromMilliseconds(200);

    private static readonly Dictionary<string, LoadedModule> Loaded = [];

    private readonly ReaderWriterLockSlim calls = new();
    private readonly Lock starting = new();
    private IModule? module;
    private bool isStarted;
    private bool isOurs;
    private int users;
    private volatile int generation;

    /// <summary>Gets the path of the library.</summary>
    public string Path => path;

    /// <summary>Gets how often it was started: sessions do not outlive that.</summary>
    public int Generation => generation;

    /// <summary>Gets what has to be held to log in: it is the process that is logged in, not a session.</summary>
    public Lock Login { get; } = new();

    /// <summary>Returns the library at a path, loaded or to be loaded; the caller releases it.</summary>
    public static LoadedModule Acquire(string path, Func<string, IModule> load)
    {
        lock (Loaded)
        {
            if (!Loaded.TryGetValue(path, out var module))
                Loaded[path] = module = new LoadedModule(path, load);
            module.users++;
            return module;
        }
    }

    /// <summary>Stops it if nobody else uses it.</summary>
    public void Release()
    {
        lock (Loaded)
        {
            if (--users == 0 && calls.TryEnterWriteLock(RestartPatience))
            {
                Stop();
                calls.ExitWriteLock();
            }
        }
    }

    /// <summary>Calls it. Blocks for as long as it does.</summary>
    /// <exception cref="IOException">It cannot be loaded.</exception>
    /// <exception cref="Pkcs11Exception">What the library answered.</exception>
    public T Use<T>(Func<IModule, T> call)
    {
        calls.EnterReadLock();
        try
        {
            return call(Started());
        }
        catch (Pkcs11Exception e) when (e.RV == CKR.CKR_CRYPTOKI_NOT_INITIALIZED)
        {
            lock (starting)
                isStarted = false; // somebody else in the process stopped it
            throw;
        }
        finally
        {
            calls.ExitReadLock();
        }
    }

    /// <summary>Stops and starts it, as some libraries see only then what was put in; not while a call is under way.</summary>
    /// <param name="seen">The generation that the caller saw: when it is over, somebody has done that.</param>
    /// <returns><see langword="false"/> when calls were under way.</returns>
    public bool Restart(int seen)
    {
        if (!calls.TryEnterWriteLock(RestartPatience))
            return false;
        try
        {
            if (generation == seen && isOurs)
                Stop();
            return true;
        }
        finally
        {
            calls.ExitWriteLock();
        }
    }

    private IModule Started()
    {
        lock (starting)
        {
            module ??= load(path);
            if (!isStarted)
            {
                try
                {
                    module.Start();
                    isOurs = true;
                }
                catch (Pkcs11Exception e) when (e.RV == CKR.CKR_CRYPTOKI_ALREADY_INITIALIZED)
                {
                    isOurs = false; // whoever started it in this process stops it
                }

                isStarted = true;
                generation++;
            }

            return module;
        }
    }

    private void Stop()
    {
        if (isStarted && isOurs)
            module!.Stop();
        isStarted = false;
    }
}
