using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Net.Pkcs11Interop.Common;
using Postseal.Cms;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Pkcs11;

/// <summary>What keys in a token do.</summary>
public sealed class KeyTests : IDisposable
{
    private readonly TokenRoom room = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("rsa", SignatureAlgorithm.RsaPkcs1, Digest.SHA256)]
    [InlineData("rsa", SignatureAlgorithm.RsaPkcs1, Digest.SHA512)]
    [InlineData("rsa", SignatureAlgorithm.RsaPss, Digest.SHA256)]
    [InlineData("rsa", SignatureAlgorithm.RsaPss, Digest.SHA384)]
    [InlineData("ec", SignatureAlgorithm.Ecdsa, Digest.SHA256)]
    [InlineData("ec", SignatureAlgorithm.Ecdsa, Digest.SHA512)]
    public async Task A_signature_is_what_the_platform_takes(string label, SignatureAlgorithm algorithm, Digest digest)
    {
        var certificate = await TokenRoom.CertificateAsync(room.Open(), label);
        var hash = RandomNumberGenerator.GetBytes(digest.Length());
        var signature = await certificate.DecryptionKey.Key.SignHashAsync(hash, new SignatureScheme(algorithm, digest), Cancellation);
        var padding = algorithm == SignatureAlgorithm.RsaPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        Assert.True(certificate.Certificate.GetRSAPublicKey()?.VerifyHash(hash, signature, digest.HashName(), padding)
            ?? certificate.Certificate.GetECDsaPublicKey()!.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence));
    }

    [Fact]
    public async Task Of_two_keys_with_the_same_names_each_signs_for_its_certificate()
    {
        byte[] id = [7];
        foreach (var key in new[] { ECDsa.Create(ECCurve.NamedCurves.nistP256), ECDsa.Create(ECCurve.NamedCurves.nistP256) })
        {
            room.Token.AddKey("twin", key, id, showsPoint: true);
            room.Token.AddCertificate("twin", TokenDouble.CertificateOf("twin", key), id);
        }

        var twins = await room.Open().FindAsync("pkcs11:object=twin", Cancellation);

        Assert.Equal(2, twins.Count);
        foreach (var twin in twins)
            Assert.NotEmpty(await TokenRoom.SignAsync(twin.DecryptionKey.Key));
    }

    [Theory]
    [InlineData("rsa")]
    [InlineData("ec")]
    public async Task A_wrong_signature_does_not_leave(string label)
    {
        var key = await TokenRoom.KeyAsync(room.Open(), label);
        room.Token.Signed = signature => [.. signature[..^1], (byte)(signature[^1] ^ 1)];
        var error = await Assert.ThrowsAsync<CryptographicException>(async () => await TokenRoom.SignAsync(key));
        Assert.Contains("CKR_SIGNATURE_INVALID", error.Message, StringComparison.Ordinal);
        room.Token.Signed = _ => [];
        await Assert.ThrowsAsync<CryptographicException>(async () => await TokenRoom.SignAsync(key));
        room.Token.Signed = signature => signature;
        await TokenRoom.SignAsync(key);
    }

    [Theory]
    [MemberData(nameof(FormTests.Paddings), MemberType = typeof(FormTests))]
    public async Task OAEP_is_opened_by_the_bare_operation(string hash, string maskHash, string label)
    {
        var certificate = await TokenRoom.CertificateAsync(room.Open(), "rsa");
        using var publicKey = certificate.Certificate.GetRSAPublicKey()!;
        var parameters = FormTests.ParametersOf(hash, maskHash, label);
        byte[] plain = [1, 2, 3];
        var encrypted = OddOaep.Encrypt(publicKey, plain, parameters);
        Assert.Equal(plain, await certificate.DecryptionKey.Key.DecryptKeyAsync(encrypted, parameters, Cancellation));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_key_is_decrypted_with_and_without_the_bare_operation(bool isRaw, bool isOaep)
    {
        if (!isRaw)
            room.Token.Mechanisms.Remove(CKM.CKM_RSA_X_509);
        var certificate = await TokenRoom.CertificateAsync(room.Open(), "rsa");
        using var publicKey = certificate.Certificate.GetRSAPublicKey()!;
        byte[] plain = [1, 2, 3];
        var encrypted = publicKey.Encrypt(plain, isOaep ? RSAEncryptionPadding.OaepSHA256 : RSAEncryptionPadding.Pkcs1);
        Assert.Equal(plain, await certificate.DecryptionKey.Key.DecryptKeyAsync(encrypted, isOaep ? OaepParameters.Sha256 : null, Cancellation));
    }

    [Theory]
    [InlineData(true, CKR.CKR_OK)]
    [InlineData(false, CKR.CKR_ENCRYPTED_DATA_INVALID)]
    [InlineData(false, CKR.CKR_GENERAL_ERROR)]
    [InlineData(false, CKR.CKR_DEVICE_ERROR)]
    public async Task A_wrong_padding_is_no_error_and_no_line_in_the_log(bool isRaw, CKR answer)
    {
        if (!isRaw)
            room.Token.Mechanisms.Remove(CKM.CKM_RSA_X_509);
        room.Token.WrongPadding = answer;
        var key = await TokenRoom.KeyAsync(room.Open(), "rsa");
        var before = room.Log.Lines.Count;
        var wrong = new byte[256];
        wrong[100] = 1;
        Assert.Null(await key.DecryptKeyAsync(wrong, null, Cancellation));
        Assert.Null(await key.DecryptKeyAsync(wrong, OaepParameters.Sha256, Cancellation));
        Assert.Equal(before, room.Log.Lines.Count);
        // Nor does it take another round trip than a right one.
        Assert.Equal(2, room.Module.Count("C_Decrypt"));
    }

    [Fact]
    public async Task A_number_that_is_too_large_is_not_shown_to_the_token()
    {
        var key = await TokenRoom.KeyAsync(room.Open(), "rsa");
        var tooLarge = new byte[256];
        Array.Fill(tooLarge, (byte)0xFF);
        Assert.Null(await key.DecryptKeyAsync(tooLarge, null, Cancellation));
        Assert.Null(await key.DecryptKeyAsync(new byte[257], null, Cancellation));
        Assert.Equal(0, room.Module.Count("C_Decrypt"));
    }

    [Fact]
    public async Task A_device_that_fails_to_decrypt_is_an_error_and_no_wrong_padding()
    {
        room.Token.Mechanisms.Remove(CKM.CKM_RSA_X_509);
        var key = await TokenRoom.KeyAsync(room.Open(), "rsa");
        room.Module.Before = function => room.Token.IsThere &= function != "C_Decrypt";
        await Assert.ThrowsAsync<CryptographicException>(async () => await key.DecryptKeyAsync(new byte[256], null, Cancellation));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Keys_are_agreed_upon_whatever_form_of_a_point_the_token_wants(bool wantsOctetString)
    {
        var token = new TokenDouble("agreeing") { WantsOctetString = wantsOctetString };
        var certificate = token.Add("carol", ECDsa.Create(ECCurve.NamedCurves.nistP384));
        room.Module.Tokens[0] = token;
        var key = await TokenRoom.KeyAsync(room.Open(), "carol");
        using var publicKey = certificate.GetECDiffieHellmanPublicKey()!;
        for (var i = 0; i < 3; i++)
        {
            using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
            var point = ephemeral.ExportParameters(false).Q;
            Assert.Equal(
                ephemeral.DeriveRawSecretAgreement(publicKey.PublicKey), await key.AgreeAsync((byte[])[4, .. point.X!, .. point.Y!], Cancellation));
        }

        Assert.Equal(wantsOctetString ? 4 : 3, room.Module.Count("C_DeriveKey"));
    }

    [Fact]
    public async Task A_point_off_the_curve_is_not_shown_to_the_token()
    {
        var key = await TokenRoom.KeyAsync(room.Open(), "ec");
        var point = OddKeys.PointOn("1.2.840.10045.3.1.7");
        point[^1] ^= 1;
        Assert.Null(await key.AgreeAsync(point, Cancellation));
        Assert.Null(await key.AgreeAsync(OddKeys.PointOn("1.3.132.0.34"), Cancellation));
        Assert.Equal(0, room.Module.Count("C_DeriveKey"));
    }

    [Fact]
    public async Task A_key_that_always_asks_gets_the_PIN_each_time()
    {
        room.Token.Add("careful", TestKeys.Create("RSA-2048", 1), alwaysAsks: true);
        var key = await TokenRoom.KeyAsync(room.Open(), "careful");
        await TokenRoom.SignAsync(key);
        await TokenRoom.SignAsync(key);
        Assert.Equal(2, room.Module.Count("C_Login again"));
    }

    [Fact]
    public async Task A_key_that_always_asks_gets_a_wrong_PIN_once()
    {
        room.Token.Add("careful", TestKeys.Create("RSA-2048", 1), alwaysAsks: true);
        var key = await TokenRoom.KeyAsync(room.Open(), "careful");
        room.WritePin("000000");
        var attempts = Enumerable.Range(0, 20).Select(_ => TokenRoom.SignAsync(key).AsTask()).ToList();
        foreach (var attempt in attempts)
            Assert.Contains("refused the PIN", (await Assert.ThrowsAsync<CryptographicException>(() => attempt)).Message, StringComparison.Ordinal);
        Assert.Equal(1, room.Token.WrongPins);
        room.WritePin(TokenDouble.RightPin);
        await TokenRoom.SignAsync(key);
    }

    [Fact]
    public async Task A_key_that_may_not_sign_says_so()
    {
        room.Token.Forbid("rsa", CKA.CKA_SIGN);
        var key = await TokenRoom.KeyAsync(room.Open(), "rsa");
        var error = await Assert.ThrowsAsync<CryptographicException>(async () => await TokenRoom.SignAsync(key));
        Assert.Contains("may not sign", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => room.Dispose();
}
