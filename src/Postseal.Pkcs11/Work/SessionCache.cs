using Net.Pkcs11Interop.Common;
using Postseal.Pkcs11.Login;
using Postseal.Pkcs11.Module;

namespace Postseal.Pkcs11.Work;

/// <summary>A session at a token.</summary>
/// <param name="Module">The library.</param>
/// <param name="Handle">Its handle.</param>
/// <param name="Token">The token.</param>
/// <param name="Generation">When the library was started.</param>
internal sealed record Session(IModule Module, ulong Handle, TokenInfo Token, int Generation)
{
    /// <summary>Gets the handles of keys that were found in it.</summary>
    public Dictionary<object, ulong> Keys { get; } = [];
}

/// <summary>The sessions of one thread, one for each token.</summary>
/// <param name="module">The library.</param>
/// <param name="login">Logs in.</param>
/// <param name="stopping">Ends what waits.</param>
internal sealed class SessionCache(LoadedModule module, TokenLogin login, CancellationToken stopping)
{
    private readonly Dictionary<TokenName, Session> open = [];

    /// <summary>Gets the library.</summary>
    public LoadedModule Module => module;

    /// <summary>Gets whether a session is open.</summary>
    public bool HasAny => open.Count > 0;

    /// <summary>Gets what logs in.</summary>
    public TokenLogin Login => login;

    /// <summary>Does something in a session, logged in. What fails since the session is over or the token was away is done once
    /// more in a new one: nothing that is done here leaves a trace in the token.</summary>
    /// <exception cref="IOException">The token is not there, nobody is logged in to it, or it did not do it. The message begins with the
    /// token.</exception>
    public T In<T>(TokenName token, Func<Session, T> work)
    {
        try
        {
            try
            {
                return Once(token, work);
            }
            catch (Pkcs11Exception e) when (e.IsSessionLost())
            {
                Drop(token);
                return Once(token, work);
            }
        }
        catch (Pkcs11Exception e)
        {
            Drop(token);
            if (e.RV == CKR.CKR_SESSION_COUNT)
                throw;
            throw new IOException($"{token} did not do it: {e.Describe()}", e);
        }
        catch (LoginException e)
        {
            throw new IOException($"{token} {e.Message}", e);
        }
    }

    /// <summary>Ends all of them.</summary>
    public void Close()
    {
        foreach (var token in open.Keys.ToArray())
            Drop(token);
    }

    private T Once<T>(TokenName token, Func<Session, T> work) => module.Use(library =>
    {
        if (open.TryGetValue(token, out var session) && session.Generation != module.Generation)
            open.Remove(token);
        if (!open.TryGetValue(token, out session))
            open[token] = session = Open(library, token);
        return work(session);
    });

    private Session Open(IModule library, TokenName name)
    {
        var token = Find(library, name)
            ?? throw new IOException($"{name} is not there: put it back in, or see that its device can be reached");
        var handle = library.OpenSession(token.Slot);
        try
        {
            lock (module.Login)
                login.Ensure(library, handle, token, stopping);
            return new Session(library, handle, token, module.Generation);
        }
        catch
        {
            library.CloseSession(handle);
            throw;
        }
    }

    private static TokenInfo? Find(IModule library, TokenName name)
    {
        foreach (var slot in library.GetSlots())
        {
            try
            {
                if (library.GetToken(slot) is { IsInitialized: true } token && token.Name == name)
                    return token;
            }
            catch (Pkcs11Exception e) when (e.IsSessionLost())
            {
                // Pulled while it was asked; another slot may have the one.
            }
        }

        return null;
    }

    private void Drop(TokenName token)
    {
        if (!open.Remove(token, out var session) || session.Generation != module.Generation)
            return;
        try
        {
            module.Use(library =>
            {
                library.CloseSession(session.Handle);
                return true;
            });
        }
        catch (Exception e) when (e is Pkcs11Exception or IOException)
        {
            // It is over in any case.
        }
    }
}
