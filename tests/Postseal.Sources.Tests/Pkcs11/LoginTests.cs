using System.Runtime.Versioning;
using Net.Pkcs11Interop.Common;

namespace Postseal.Sources.Tests.Pkcs11;

/// <summary>That a wrong PIN locks no token.</summary>
public sealed class LoginTests : IDisposable
{
    private readonly TokenRoom room = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wrong_PIN_is_tried_once_whoever_starts_and_however_often_it_is_asked()
    {
        room.WritePin("000000");
        var first = room.Open();
        Assert.Contains("refused the PIN", await WhyNotAsync(first), StringComparison.Ordinal);
        room.Time.Now += TimeSpan.FromHours(1);
        await WhyNotAsync(first);
        await first.DisposeAsync();
        Assert.Contains("refused the PIN", await WhyNotAsync(room.Open()), StringComparison.Ordinal);
        var report = await room.Open().ProbeAsync(Cancellation);
        Assert.Contains("write the right one there", report.Problem, StringComparison.Ordinal);
        Assert.Equal(1, room.Token.WrongPins);
    }

    [Theory]
    [InlineData(CKR.CKR_FUNCTION_FAILED)]
    [InlineData(CKR.CKR_GENERAL_ERROR)]
    [InlineData(CKR.CKR_DEVICE_ERROR)]
    [InlineData(CKR.CKR_ARGUMENTS_BAD)]
    public async Task A_wrong_PIN_of_which_the_library_says_only_that_something_failed_is_tried_once(CKR answer)
    {
        room.Token.WrongPin = answer;
        room.WritePin("000000");
        for (var i = 0; i < 3; i++)
            Assert.Contains("refused the PIN", await WhyNotAsync(room.Open()), StringComparison.Ordinal);
        Assert.Equal(1, room.Token.WrongPins);
    }

    [Fact]
    public async Task What_fails_at_a_login_without_a_word_of_the_PIN_is_not_done_again_at_once()
    {
        (room.Token.WrongPin, room.Token.TellsOfWrongPins) = (CKR.CKR_FUNCTION_FAILED, false);
        room.WritePin("000000");
        Assert.Contains("did not let us log in", await WhyNotAsync(room.Open()), StringComparison.Ordinal);
        Assert.Equal(1, room.Token.WrongPins);
    }

    [Fact]
    public async Task Two_that_start_at_once_try_a_wrong_PIN_once()
    {
        room.WritePin("000000");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => WhyNotAsync(room.Open())));
        Assert.Equal(1, room.Token.WrongPins);
    }

    [Fact]
    public async Task The_right_PIN_in_the_file_is_tried_without_a_restart()
    {
        room.WritePin("000000");
        var token = room.Open();
        await WhyNotAsync(token);
        room.WritePin(TokenDouble.RightPin);
        room.Time.Now += TimeSpan.FromMinutes(2);
        Assert.Equal(2, (await token.ListAsync(Cancellation)).Count);
        Assert.Empty(Directory.GetFiles(room.State, "pkcs11-pin-*"));
    }

    [Fact]
    public async Task Two_wrong_PINs_are_the_last_until_somebody_has_looked()
    {
        foreach (var pin in (string[])["000000", "111111"])
        {
            room.WritePin(pin);
            await WhyNotAsync(room.Open());
        }

        room.WritePin(TokenDouble.RightPin);
        Assert.Contains("no more are tried", await WhyNotAsync(room.Open()), StringComparison.Ordinal);
        Assert.Equal(2, room.Token.WrongPins);
        File.Delete(Assert.Single(Directory.GetFiles(room.State, "pkcs11-pin-*")));
        Assert.Equal(2, (await room.Open().ListAsync(Cancellation)).Count);
    }

    [Fact]
    public async Task What_is_kept_has_neither_the_PIN_nor_anything_made_of_it()
    {
        room.WritePin("000000");
        await WhyNotAsync(room.Open());
        var kept = await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(room.State, "pkcs11-pin-*")), Cancellation);
        Assert.Matches("^refused [0-9]+ [0-9]+ [0-9]+\n$", kept);
        Assert.DoesNotContain("000000\n", kept, StringComparison.Ordinal);
        Assert.All(room.Log.Lines, line => Assert.DoesNotContain("000000", line, StringComparison.Ordinal));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task What_root_leaves_behind_can_be_read_by_the_service_whatever_roots_umask_is()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can leave something behind");
        const UnixFileMode All = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        Directory.CreateDirectory(room.State);
        var file = Path.Combine(room.State, "pkcs11-login.lock");
        await File.WriteAllTextAsync(file, "", Cancellation);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        room.WritePin("000000");
        await WhyNotAsync(room.Open());
        Assert.Equal(All, File.GetUnixFileMode(file));
        Assert.Equal(All, File.GetUnixFileMode(Assert.Single(Directory.GetFiles(room.State, "pkcs11-pin-*"))));
    }

    [Theory]
    [InlineData(CKF.CKF_USER_PIN_LOCKED, "locked PIN")]
    [InlineData(CKF.CKF_USER_PIN_FINAL_TRY, "one try left")]
    [InlineData(CKF.CKF_USER_PIN_FINAL_TRY | CKF.CKF_USER_PIN_COUNT_LOW, "one try left")]
    public async Task The_last_try_is_not_ours(ulong flags, string reason)
    {
        room.Token.Flags |= flags;
        Assert.Contains(reason, await WhyNotAsync(room.Open()), StringComparison.Ordinal);
        Assert.Equal(0, room.Module.Count("C_Login"));
    }

    [Fact]
    public async Task Somebody_elses_wrong_PIN_does_not_keep_ours_out()
    {
        room.Token.Flags |= CKF.CKF_USER_PIN_COUNT_LOW;
        Assert.Equal(2, (await room.Open().ListAsync(Cancellation)).Count);
    }

    [Fact]
    public async Task Without_a_place_to_remember_no_PIN_is_tried()
    {
        await File.WriteAllTextAsync(room.State, "a file where the directory should be", Cancellation);
        Assert.Contains("cannot be used", await WhyNotAsync(room.Open()), StringComparison.Ordinal);
        Assert.Equal(0, room.Module.Count("C_Login"));
    }

    [Fact]
    public async Task A_process_that_ended_while_it_tried_has_used_up_a_try()
    {
        room.Module.Before = function => _ = function == "C_Login" ? throw new InvalidOperationException("killed") : 0;
        for (var i = 0; i < 3; i++)
            await Assert.ThrowsAnyAsync<Exception>(async () => await room.Open().ListAsync(Cancellation));
        Assert.Equal(2, room.Module.Count("C_Login"));
    }

    [Fact]
    public async Task A_token_with_a_pin_pad_gets_no_PIN()
    {
        room.Token.Flags |= CKF.CKF_PROTECTED_AUTHENTICATION_PATH;
        Assert.Equal(2, (await room.Open(options => options with { PinFile = null }).ListAsync(Cancellation)).Count);
        Assert.Equal(0, room.Token.WrongPins);
    }

    [Fact]
    public async Task A_token_that_wants_a_PIN_says_which_setting_names_it() => Assert.Contains(
        "[Pkcs11] PinFile", await WhyNotAsync(room.Open(options => options with { PinFile = null })), StringComparison.Ordinal);

    [Fact]
    public async Task The_PIN_of_one_token_is_not_tried_on_another()
    {
        var other = new TokenDouble("other");
        room.Module.Tokens.Insert(0, other);
        Assert.Contains("several tokens ('other', 'mail')", await WhyNotAsync(room.Open()), StringComparison.Ordinal);
        Assert.Equal(2, (await room.Open(options => options with { Token = "pkcs11:token=mail" }).ListAsync(Cancellation)).Count);
        Assert.Equal(1, room.Module.Count("C_Login"));
        Assert.False(other.IsLoggedIn);
    }

    public void Dispose() => room.Dispose();

    private static async Task<string> WhyNotAsync(Postseal.Pkcs11.Pkcs11Token token) =>
        (await Assert.ThrowsAsync<IOException>(async () => await token.ListAsync(Cancellation))).Message;
}
