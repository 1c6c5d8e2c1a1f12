using System.Collections.Concurrent;
using Net.Pkcs11Interop.Common;
using Postseal.Pkcs11.Module;

namespace Postseal.Sources.Tests.Pkcs11;

/// <summary>A PKCS #11 library without a device, which does what a test tells it, also what no library should.</summary>
internal sealed class ModuleDouble : IModule
{
    private readonly ConcurrentDictionary<ulong, TokenDouble> sessions = [];
    private ulong lastSession;
    private bool isStarted;

    public List<TokenDouble> Tokens { get; } = [];

    /// <summary>What happens before each call of a function, by its name.</summary>
    public Action<string> Before { get; set; } = _ => { };

    /// <summary>The functions that were called.</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    /// <summary>How many sessions it allows.</summary>
    public int MaxSessions { get; set; } = int.MaxValue;

    public int Count(string function) => Calls.Count(call => call == function);

    public void Start()
    {
        Called("C_Initialize");
        isStarted = !isStarted ? true : throw new Pkcs11Exception("C_Initialize", CKR.CKR_CRYPTOKI_ALREADY_INITIALIZED);
    }

    public void Stop()
    {
        Called("C_Finalize");
        EndSessions();
        isStarted = false;
    }

    /// <summary>Ends all sessions behind everybody's back.</summary>
    public void EndSessions()
    {
        sessions.Clear();
        Tokens.ForEach(token => token.IsLoggedIn = false);
    }

    public IReadOnlyList<ulong> GetSlots()
    {
        Called("C_GetSlotList");
        return [.. Tokens.Where(token => token.IsThere).Select(token => (ulong)Tokens.IndexOf(token))];
    }

    public TokenInfo GetToken(ulong slot)
    {
        Called("C_GetTokenInfo");
        var token = Tokens[(int)slot];
        return token.IsThere ? new TokenInfo(token.Name, slot, token.Flags) : throw new Pkcs11Exception("C_GetTokenInfo", CKR.CKR_TOKEN_NOT_PRESENT);
    }

    public bool Supports(ulong slot, CKM mechanism, ulong flags) => Tokens[(int)slot].Mechanisms.Contains(mechanism);

    public ulong OpenSession(ulong slot)
    {
        Called("C_OpenSession");
        if (sessions.Count >= MaxSessions)
            throw new Pkcs11Exception("C_OpenSession", CKR.CKR_SESSION_COUNT);
        var session = Interlocked.Increment(ref lastSession);
        sessions[session] = Tokens[(int)slot];
        return session;
    }

    public void CloseSession(ulong session)
    {
        Called("C_CloseSession");
        if (sessions.TryRemove(session, out var token) && !sessions.Values.Contains(token))
            token.IsLoggedIn = false; // PKCS #11: with the last session
    }

    public bool IsLoggedIn(ulong session) => In(session, "C_GetSessionInfo").IsLoggedIn;

    public void Login(ulong session, CKU user, byte[]? pin) => In(session, user == CKU.CKU_USER ? "C_Login" : "C_Login again").Login(pin, user);

    public IReadOnlyList<ulong> Find(ulong session, CKO kind, byte[]? id, int limit) => In(session, "C_FindObjects").Find(kind, id);

    public byte[]?[] GetAttributes(ulong session, ulong item, params CKA[] attributes) =>
        In(session, "C_GetAttributeValue").Attributes(item, attributes);

    public byte[] Sign(ulong session, Mechanism mechanism, ulong key, byte[] data, int maxLength, byte[]? pin)
    {
        var token = In(session, "C_Sign");
        if (pin is not null)
            Login(session, CKU.CKU_CONTEXT_SPECIFIC, pin);
        return token.Sign(mechanism, key, data);
    }

    public byte[] Decrypt(ulong session, Mechanism mechanism, ulong key, byte[] data, int maxLength, byte[]? pin) =>
        In(session, "C_Decrypt").Decrypt(mechanism, key, data);

    public byte[] Derive(ulong session, Mechanism mechanism, ulong key, int length) => In(session, "C_DeriveKey").Derive(mechanism, key);

    private TokenDouble In(ulong session, string function)
    {
        Called(function);
        if (!sessions.TryGetValue(session, out var token))
            throw new Pkcs11Exception(function, CKR.CKR_SESSION_HANDLE_INVALID);
        return token.IsThere ? token : throw new Pkcs11Exception(function, CKR.CKR_DEVICE_REMOVED);
    }

    private void Called(string function)
    {
        Calls.Enqueue(function);
        Before(function);
        if (!isStarted && function != "C_Initialize")
            throw new Pkcs11Exception(function, CKR.CKR_CRYPTOKI_NOT_INITIALIZED);
    }
}
