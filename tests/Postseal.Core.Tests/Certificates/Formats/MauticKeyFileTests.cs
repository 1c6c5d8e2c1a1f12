using System.Security.Cryptography;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Formats;

namespace Postseal.Tests.Certificates.Formats;

/// <summary>The format of Mautic's EncryptionHelper, statement by statement.</summary>
public sealed class MauticKeyFileTests
{
    private const string Secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    private const string Written =
        "Z1F4ZFB5RVFVcTE0R0pLZHNISDI2MzRxSzRTTFdTaEZBNnB1TUxEVndWSEo2K1gxbURVTDJsMHNGbUxJeWpkTmNrR3crZnJiOU9CMWZoNDVKSzNJ"
        + "NWtUWGZVbWw2YnhvL0Q4SVphaXRJK009|8PHy8/T19vf4+fr7/P3+/w==";

    private static byte[] Iv => [.. Enumerable.Range(0xF0, 16).Select(b => (byte)b)];

    [Fact]
    public void What_Mautic_wrote_is_read() => Assert.Equal("TESTKEY\n", Decrypt(Written, Secret));

    [Fact]
    public void What_is_written_is_what_Mautic_writes() =>
        Assert.Equal(Written, MauticKeyFile.Encrypt("TESTKEY\n"u8, Encoding.ASCII.GetBytes(Secret), Iv));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("abc")] // an odd digit is a high half
    [InlineData("00112233445566778899aabbccddeeff")] // zero-padded to 32 bytes
    [InlineData("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324")] // cut at 32 bytes
    [InlineData("not hexadecimal at all")]
    public void A_secret_of_any_length_opens_what_it_closed(string secret)
    {
        var text = MauticKeyFile.Encrypt("key"u8, Encoding.ASCII.GetBytes(secret));

        Assert.Equal("key", Decrypt(text, secret));
        Assert.NotEqual(text, MauticKeyFile.Encrypt("key"u8, Encoding.ASCII.GetBytes(secret)));
    }

    [Fact]
    public void A_digit_that_is_not_hexadecimal_counts_as_zero_and_case_does_not_count() => Assert.Equal(
        MauticKeyFile.Encrypt("key"u8, "AB0C"u8, Iv), MauticKeyFile.Encrypt("key"u8, "abgc"u8, Iv));

    [Fact]
    public void The_HMAC_key_is_of_the_uncut_secret() => Assert.NotEqual(
        MauticKeyFile.Encrypt("key"u8, Encoding.ASCII.GetBytes(Secret), Iv),
        MauticKeyFile.Encrypt("key"u8, Encoding.ASCII.GetBytes(Secret + "ff"), Iv));

    [Fact]
    public void Another_secret_is_refused() =>
        Assert.Equal(CertificateFileProblem.WrongPassphrase, Refused(Written, "ff" + Secret[2..]));

    [Fact]
    public void Any_changed_bit_of_the_ciphertext_is_refused()
    {
        var parts = Written.Split('|');
        var ciphertext = Convert.FromBase64String(Encoding.ASCII.GetString(Convert.FromBase64String(parts[0])));
        for (var i = 0; i < ciphertext.Length; i++)
        {
            var changed = (byte[])ciphertext.Clone();
            changed[i] ^= 1;
            var inner = Encoding.ASCII.GetBytes(Convert.ToBase64String(changed));
            Assert.Equal(CertificateFileProblem.WrongPassphrase, Refused($"{Convert.ToBase64String(inner)}|{parts[1]}", Secret));
        }
    }

    [Theory]
    [InlineData("O:8:\"stdClass\":0:{}")]
    [InlineData("s:7:\"TESTKEY\n\";")]
    [InlineData("s:9:\"TESTKEY\n\";")]
    [InlineData("s:-8:\"TESTKEY\n\";")]
    [InlineData("s:99999999999:\"TESTKEY\n\";")]
    [InlineData("s:8:\"TESTKEY\n\"")]
    [InlineData("s:8:\"TESTKEY\n\";i:1;")]
    [InlineData("a:1:{i:0;s:8:\"TESTKEY\n\";}")]
    [InlineData("s:\";")]
    [InlineData("")]
    public void Anything_but_a_serialized_string_is_refused_although_the_HMAC_is_right(string payload) =>
        Assert.Equal(CertificateFileProblem.NotACertificate, Refused(Sealed(payload), Secret));

    [Theory]
    [InlineData("")]
    [InlineData("|")]
    [InlineData("abc")]
    [InlineData("QUJD|QUJD")]
    [InlineData("!!!!|8PHy8/T19vf4+fr7/P3+/w==")]
    public void Text_of_another_form_is_damaged(string text) =>
        Assert.Equal(CertificateFileProblem.Damaged, Refused(text, Secret));

    private static string Decrypt(string text, string secret) => Encoding.ASCII.GetString(
        MauticKeyFile.Decrypt("a.pem.enc", Encoding.ASCII.GetBytes(text), Encoding.ASCII.GetBytes(secret)));

    private static CertificateFileProblem Refused(string text, string secret) =>
        Assert.Throws<CertificateFileException>(() => Decrypt(text, secret)).Kind;

    /// <summary>The format made a second time, from its description, around any payload.</summary>
    private static string Sealed(string payload)
    {
        var hmac = Convert.ToHexStringLower(
            HMACSHA256.HashData(Encoding.ASCII.GetBytes(Secret[^32..]), Encoding.ASCII.GetBytes(payload)));
        using var aes = Aes.Create();
        aes.Key = Convert.FromHexString(Secret);
        var inner = Convert.ToBase64String(aes.EncryptCbc(Encoding.ASCII.GetBytes(payload + hmac), Iv));
        return $"{Convert.ToBase64String(Encoding.ASCII.GetBytes(inner))}|{Convert.ToBase64String(Iv)}";
    }
}
