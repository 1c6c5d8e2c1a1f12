using System.Security.Cryptography;
using Net.Pkcs11Interop.Common;
using Postseal.Cms;
using Postseal.Pkcs11.Module;

namespace Postseal.Sources.Tests.Pkcs11;

/// <summary>Tokens that are pulled, slow, or hang.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly TokenRoom room = new();
    private readonly ManualResetEventSlim gate = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(CKR.CKR_SESSION_HANDLE_INVALID)]
    [InlineData(CKR.CKR_DEVICE_REMOVED)]
    [InlineData(CKR.CKR_USER_NOT_LOGGED_IN)]
    [InlineData(CKR.CKR_KEY_HANDLE_INVALID)]
    [InlineData(CKR.CKR_GENERAL_ERROR)]
    [InlineData(CKR.CKR_CRYPTOKI_NOT_INITIALIZED)]
    public async Task What_fails_with_its_session_is_done_once_more_in_a_new_one(CKR answer)
    {
        var key = await TokenRoom.KeyAsync(room.Open(), "rsa");
        await TokenRoom.SignAsync(key);
        var (before, failures) = (room.Module.Count("C_Sign"), 1);
        room.Module.Before = function =>
        {
            if (function == "C_Sign" && Interlocked.Decrement(ref failures) >= 0)
                throw new Pkcs11Exception(function, answer);
        };
        await TokenRoom.SignAsync(key);
        Assert.Equal(before + 2, room.Module.Count("C_Sign"));
        failures = 2;
        var error = await Assert.ThrowsAsync<CryptographicException>(async () => await TokenRoom.SignAsync(key));
        Assert.Contains($"token 'mail' did not do it: C_Sign answered {answer}", error.Message, StringComparison.Ordinal);
        await TokenRoom.SignAsync(key);
        Assert.Equal(0, room.Token.WrongPins);
    }

    [Fact]
    public async Task A_token_that_is_put_back_in_works_without_a_restart()
    {
        var key = await TokenRoom.KeyAsync(room.Open(), "rsa");
        room.Token.IsThere = false;
        var error = await Assert.ThrowsAsync<CryptographicException>(async () => await TokenRoom.SignAsync(key));
        Assert.Contains("put it back in", error.Message, StringComparison.Ordinal);
        Assert.IsType<IOException>(error.InnerException);
        room.Token.IsThere = true;
        await TokenRoom.SignAsync(key);
        room.Module.EndSessions();
        await TokenRoom.SignAsync(key);
    }

    [Fact]
    public async Task As_many_operations_run_at_once_as_there_are_sessions_and_no_thread_of_the_pool_waits()
    {
        var key = await TokenRoom.KeyAsync(room.Open(), "rsa");
        var (inside, most) = (0, 0);
        using var allIn = new CountdownEvent(8);
        room.Module.Before = function =>
        {
            if (function != "C_Sign")
                return;
            Assert.False(Thread.CurrentThread.IsThreadPoolThread);
            InterlockedMax(ref most, Interlocked.Increment(ref inside));
            if (!allIn.IsSet)
                allIn.Signal();
            gate.Wait(Cancellation);
            Interlocked.Decrement(ref inside);
        };
        var signatures = Enumerable.Range(0, 200).Select(_ => TokenRoom.SignAsync(key).AsTask()).ToList();
        allIn.Wait(Cancellation);
        Assert.DoesNotContain(signatures, signature => signature.IsCompleted);
        gate.Set();
        await Task.WhenAll(signatures);
        Assert.Equal(8, most);
    }

    [Fact]
    public async Task One_that_hangs_holds_nobody_else_up_and_does_not_stay_lost()
    {
        var key = await TokenRoom.KeyAsync(room.Open(options => options with { Sessions = 2, Timeout = TimeSpan.FromMilliseconds(300) }), "rsa");
        var hanging = 1;
        room.Module.Before = function =>
        {
            if (function == "C_Sign" && Interlocked.Decrement(ref hanging) >= 0)
                gate.Wait(Cancellation);
        };
        var lost = TokenRoom.SignAsync(key).AsTask();
        await TokenRoom.SignAsync(key);
        var error = await Assert.ThrowsAsync<CryptographicException>(() => lost);
        Assert.Contains("the token did not answer within 0.3 s ([Pkcs11] Timeout)", error.Message, StringComparison.Ordinal);
        await TokenRoom.SignAsync(key);
        gate.Set();
        await TokenRoom.SignAsync(key);
    }

    [Fact]
    public async Task When_all_hang_the_next_is_told_at_once()
    {
        var token = room.Open(options => options with { Sessions = 2, Timeout = TimeSpan.FromMilliseconds(300) });
        var key = await TokenRoom.KeyAsync(token, "rsa");
        room.Module.Before = function =>
        {
            if (function == "C_Sign")
                gate.Wait(Cancellation);
        };
        var lost = Enumerable.Range(0, 4).Select(_ => TokenRoom.SignAsync(key).AsTask()).ToList();
        var messages = new List<string>();
        foreach (var one in lost)
            messages.Add((await Assert.ThrowsAsync<CryptographicException>(() => one)).Message);
        Assert.Equal(2, messages.Count(message => message.Contains("its session is lost until it returns", StringComparison.Ordinal)));
        Assert.Equal(2, messages.Count(message => message.Contains("no session was free within 0.3 s", StringComparison.Ordinal)));
        var error = await Assert.ThrowsAsync<CryptographicException>(async () => await TokenRoom.SignAsync(key));
        Assert.Contains("all 2 sessions hang", error.Message, StringComparison.Ordinal);
        gate.Set();
        await token.DisposeAsync();
    }

    [Fact]
    public async Task Who_gives_up_in_the_queue_costs_the_token_nothing()
    {
        var key = await TokenRoom.KeyAsync(room.Open(options => options with { Sessions = 1 }), "rsa");
        room.Module.Before = function =>
        {
            if (function == "C_Sign")
                gate.Wait(Cancellation);
        };
        var before = room.Module.Count("C_Sign");
        var first = TokenRoom.SignAsync(key).AsTask();
        using var impatience = new CancellationTokenSource();
        var second = key.SignHashAsync(new byte[32], new(SignatureAlgorithm.RsaPkcs1, Digest.SHA256), impatience.Token).AsTask();
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        gate.Set();
        await first;
        await TokenRoom.SignAsync(key);
        Assert.Equal(before + 2, room.Module.Count("C_Sign"));
    }

    [Fact]
    public async Task Fewer_sessions_than_wanted_do_all_the_work()
    {
        room.Module.MaxSessions = 3; // one of them lists
        var key = await TokenRoom.KeyAsync(room.Open(), "rsa");
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => TokenRoom.SignAsync(key).AsTask()));
    }

    [Fact]
    public async Task A_library_is_started_once_and_stopped_with_its_last_user()
    {
        var module = new ModuleDouble();
        module.Tokens.Add(room.Token);
        var path = $"{Guid.NewGuid()}.so";
        var first = LoadedModule.Acquire(path, _ => module);
        var second = LoadedModule.Acquire(path, _ => throw new InvalidOperationException());
        await Task.WhenAll(new[] { first, second }.Select(one => Task.Run(() => one.Use(library => library.GetSlots()), Cancellation)));
        Assert.Equal(1, module.Count("C_Initialize"));
        first.Release();
        Assert.Equal(0, module.Count("C_Finalize"));
        second.Release();
        Assert.Equal(1, module.Count("C_Finalize"));
    }

    [Fact]
    public void A_library_that_somebody_else_started_is_not_stopped()
    {
        room.Module.Start();
        Assert.Single(room.Loaded.Use(library => library.GetSlots()));
        room.Loaded.Restart(room.Loaded.Generation);
        room.Loaded.Release();
        Assert.Equal(0, room.Module.Count("C_Finalize"));
    }

    public void Dispose()
    {
        gate.Set();
        room.Dispose();
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = most; value > seen;)
            seen = Interlocked.CompareExchange(ref most, value, seen);
    }
}
