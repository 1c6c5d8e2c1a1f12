using System.Security.Cryptography;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Cms;
using Postseal.Pkcs11;
using Postseal.Pkcs11.Module;
using Postseal.TestKit;

namespace Postseal.Sources.Tests.Pkcs11;

/// <summary>A token with a key of each kind, and what uses it.</summary>
internal sealed class TokenRoom : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public TokenRoom()
    {
        Token.Add("rsa", TestKeys.Create("RSA-2048"));
        Token.Add("ec", ECDsa.Create(ECCurve.NamedCurves.nistP256));
        Module.Tokens.Add(Token);
        WritePin(TokenDouble.RightPin);
        Loaded = new LoadedModule("token.so", _ => Module);
    }

    public ModuleDouble Module { get; } = new();

    public TokenDouble Token { get; } = new("mail");

    public LoadedModule Loaded { get; }

    public SettableTime Time { get; } = new(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));

    public LineCollector Log { get; } = new();

    public string PinFile => directory.File("pin");

    public string State => directory.File("state");

    /// <summary>Writes the PIN's file at another time than before.</summary>
    public void WritePin(string pin)
    {
        var before = File.Exists(PinFile) ? File.GetLastWriteTimeUtc(PinFile) : new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        directory.Write("pin", pin + "\n");
        File.SetLastWriteTimeUtc(PinFile, before.AddSeconds(3));
    }

    /// <summary>Opens the tokens as another process would.</summary>
    public Pkcs11Token Open(Func<Pkcs11Options, Pkcs11Options>? change = null)
    {
        var options = new Pkcs11Options { Module = "token.so", PinFile = PinFile, StatePath = State, Timeout = TimeSpan.FromMinutes(1) };
        return new Pkcs11Token(change is null ? options : change(options), Loaded, Time, Log);
    }

    /// <summary>Finds a key by the label of its certificate.</summary>
    public static async Task<MailCertificate> CertificateAsync(Pkcs11Token token, string label) =>
        Assert.Single(await token.FindAsync($"pkcs11:object={label}", TestContext.Current.CancellationToken));

    public static async Task<PrivateKey> KeyAsync(Pkcs11Token token, string label) => (await CertificateAsync(token, label)).DecryptionKey.Key;

    public static ValueTask<byte[]> SignAsync(PrivateKey key) => key.SignHashAsync(
        new byte[32], SignatureScheme.For(key.Kind, key.Size, Digest.SHA256, RsaPadding.Pkcs1), TestContext.Current.CancellationToken);

    public void Dispose() => directory.Dispose();
}
