using System.Security.Cryptography;
using Net.Pkcs11Interop.Common;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Pkcs11;

/// <summary>Which certificates a token has keys for.</summary>
public sealed class ListingTests : IDisposable
{
    private readonly TokenRoom room = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_certificate_of_anothers_key_is_not_taken_whatever_its_id()
    {
        room.Token.Add("thief", TestKeys.Create("RSA-2048", 1), certified: TestKeys.Create("RSA-2048", 2));
        room.Token.Add("curve", ECDsa.Create(ECCurve.NamedCurves.nistP256), certified: ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var token = room.Open();
        Assert.Equal(2, (await token.ListAsync(Cancellation)).Count);
        Assert.Empty(await token.FindAsync("pkcs11:object=thief", Cancellation));
        var report = await token.ProbeAsync(Cancellation);
        Assert.Contains(report.Warnings, warning => warning.Contains(
            "certificate 'thief' has no key in the token: the key with its id is another's", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_is_found_by_its_modulus_where_the_ids_differ()
    {
        var key = TestKeys.Create("RSA-2048", 1);
        room.Token.AddKey("odd", key, [9]);
        room.Token.AddCertificate("odd cert", TokenDouble.CertificateOf("odd", key), [8]);
        var found = Assert.Single(await room.Open().FindAsync("pkcs11:id=%09", Cancellation));
        Assert.Equal("odd@example.org", Assert.Single(found.Addresses).ToString());
    }

    [Fact]
    public async Task CAs_in_the_token_are_beside_the_certificate()
    {
        var authority = TokenDouble.CertificateOf("ca", TestKeys.Create("RSA-2048", 3), isCa: true);
        room.Token.AddCertificate("ca", authority, [7]);
        var listed = await room.Open().ListAsync(Cancellation);
        Assert.All(listed, certificate => Assert.Equal(authority.RawData, Assert.Single(certificate.Beside).RawData));
        Assert.Equal(2, listed.Count);
    }

    [Fact]
    public async Task The_objects_are_the_same_until_something_changes()
    {
        var token = room.Open();
        var first = await token.ListAsync(Cancellation);
        room.Time.Now += TimeSpan.FromMinutes(2);
        Assert.Same(first, await token.ListAsync(Cancellation));
        room.Token.Add("new", TestKeys.Create("RSA-2048", 1));
        room.Time.Now += TimeSpan.FromMinutes(2);
        var second = await token.ListAsync(Cancellation);
        Assert.Equal(3, second.Count);
        Assert.All(first, certificate => Assert.Contains(second, other => ReferenceEquals(certificate, other)));
    }

    [Fact]
    public async Task A_recent_list_asks_nothing_of_the_token()
    {
        var token = room.Open();
        await token.ListAsync(Cancellation);
        var calls = room.Module.Calls.Count;
        for (var i = 0; i < 100; i++)
            await token.FindAsync("pkcs11:object=rsa", Cancellation);
        Assert.Equal(calls, room.Module.Calls.Count);
    }

    [Fact]
    public async Task A_token_that_is_away_still_has_its_keys_and_one_that_never_was_there_has_nobody_knows_what()
    {
        var token = room.Open();
        var listed = await token.ListAsync(Cancellation);
        room.Token.IsThere = false;
        room.Time.Now += TimeSpan.FromMinutes(2);
        Assert.Same(listed, await token.ListAsync(Cancellation));
        Assert.Single(await token.FindAsync("pkcs11:object=rsa", Cancellation));
        await Assert.ThrowsAsync<IOException>(async () => await token.FindAsync("pkcs11:token=other;object=x", Cancellation));
        await Assert.ThrowsAsync<IOException>(async () => await room.Open().ListAsync(Cancellation));
        Assert.Contains(room.Log.Lines, line => line.Contains("token 'mail' is not there", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_object_that_a_token_does_not_have_is_not_there() =>
        Assert.Empty(await room.Open().FindAsync("pkcs11:token=mail;object=nobody", Cancellation));

    [Fact]
    public async Task A_library_that_lists_nothing_of_a_token_is_asked_again_from_the_beginning()
    {
        var token = room.Open();
        var listed = await token.ListAsync(Cancellation);
        // It learns when it is started that the token is not there.
        room.Token.ListsNothing = true;
        room.Module.Before = function => room.Token.IsThere &= function != "C_Finalize";
        room.Time.Now += TimeSpan.FromMinutes(2);
        Assert.Same(listed, await token.ListAsync(Cancellation));
        room.Module.Before = _ => { };
        (room.Token.ListsNothing, room.Token.IsThere) = (false, true);
        room.Time.Now += TimeSpan.FromMinutes(2);
        Assert.Same(listed, await token.ListAsync(Cancellation));
    }

    [Fact]
    public async Task What_a_key_proved_once_it_need_not_prove_again()
    {
        var token = room.Open();
        await token.ListAsync(Cancellation);
        var signed = room.Module.Count("C_Sign"); // the one on a curve, whose point nobody shows
        Assert.Equal(1, signed);
        room.Time.Now += TimeSpan.FromMinutes(2);
        await token.ListAsync(Cancellation);
        Assert.Equal(signed, room.Module.Count("C_Sign"));
    }

    [Fact]
    public async Task A_library_that_cannot_be_asked_from_the_beginning_is_not_believed_that_a_key_is_gone()
    {
        var token = room.Open();
        var listed = await token.ListAsync(Cancellation);
        var key = await TokenRoom.KeyAsync(token, "rsa");
        using var gate = new ManualResetEventSlim();
        using var inside = new ManualResetEventSlim();
        room.Module.Before = function =>
        {
            if (function != "C_Sign")
                return;
            inside.Set();
            gate.Wait(Cancellation);
        };
        var hanging = TokenRoom.SignAsync(key).AsTask();
        inside.Wait(Cancellation);
        room.Token.ListsNothing = true;
        room.Time.Now += TimeSpan.FromMinutes(2);
        Assert.Same(listed, await token.ListAsync(Cancellation));
        gate.Set();
        await hanging;
    }

    [Fact]
    public async Task A_key_that_was_deleted_is_gone()
    {
        var token = room.Open();
        await token.ListAsync(Cancellation);
        room.Token.Remove("ec");
        room.Time.Now += TimeSpan.FromMinutes(2);
        Assert.Single(await token.ListAsync(Cancellation));
    }

    [Fact]
    public async Task The_report_says_what_was_found_and_what_cannot_be_used()
    {
        room.Token.AddKey("lonely", TestKeys.Create("RSA-2048", 1), [5]);
        room.Token.Add("idle", TestKeys.Create("RSA-2048", 2));
        foreach (var use in (CKA[])[CKA.CKA_SIGN, CKA.CKA_DECRYPT])
            room.Token.Forbid("idle", use);
        var report = await room.Open().ProbeAsync(Cancellation);
        Assert.Null(report.Problem);
        Assert.Contains("token 'mail' (Maker Model, serial number", report.Found, StringComparison.Ordinal);
        Assert.Contains("logged in, rsa@example.org (RSA-2048, 944 days left)", report.Found, StringComparison.Ordinal);
        Assert.Collection(
            report.Warnings,
            warning => Assert.Contains("key 'lonely' has no certificate in the token: import it with the same id", warning, StringComparison.Ordinal),
            warning => Assert.Contains("key 'idle' may neither sign nor decrypt", warning, StringComparison.Ordinal));
    }

    public void Dispose() => room.Dispose();
}
