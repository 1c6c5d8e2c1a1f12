using System.Security.Cryptography;
using Postseal.Cms;

namespace Postseal.Soak;

/// <summary>What of the settings a signature shows.</summary>
internal readonly record struct SigningForm(Digest Digest, bool IsOpaque);

/// <summary>postseal.ini, and what stood in it when.</summary>
internal sealed class Settings
{
    public const string Certificates = "certificates";
    public const string StrictDomain = "strict.example";
    public const string SilentAddress = "silent@example.org";

    /// <summary>Unix and TCP.</summary>
    public const int Sockets = 2;

    private readonly string directory;

    public Settings(string directory)
    {
        this.directory = directory;
        File.WriteAllText(Path.Combine(directory, "passphrase"), Passphrase + "\n");
        File.WriteAllText(IniFile, Text(Form.Current));
    }

    /// <summary>What may be wrong with the file: how it is made, and what the daemon must name.</summary>
    public static IReadOnlyList<(Func<string, string> Make, string Named)> Mistakes { get; } =
    [
        (text => text.Replace("Digest = SHA", "Digest = MD5-", StringComparison.Ordinal), "MD5"),
        (text => text + "[Singing]\nMode = Required\n", "Singing"),
        (text => text + "Mod = Required\n", "Mod"),
        (text => text + "this is no setting\n", "this is no setting"),
        (_ => "", "it is empty"),
    ];

    public static string Passphrase { get; } = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));

    public string IniFile => Path.Combine(directory, "postseal.ini");

    public Timeline<SigningForm> Form { get; } = new(new SigningForm(Digest.SHA256, IsOpaque: false));

    /// <summary>Changes the file, waits until the daemon says that it uses it.</summary>
    public async Task ChangeAsync(SigningForm form, DaemonLog log, CancellationToken cancellationToken)
    {
        var taken = log.ExpectAsync("postseal.ini was read again and is in use");
        Form.Begin(form);
        Replace(Text(form));
        await taken.WaitAsync(cancellationToken);
        Form.End();
    }

    /// <summary>Makes a mistake in the file, and returns what the daemon says of it.</summary>
    public async Task<string> SpoilAsync(Func<string, string> mistake, DaemonLog log, CancellationToken cancellationToken)
    {
        var refused = log.ExpectAsync("postseal.ini is wrong");
        // What stands around the mistake is different from what is in use, so that taking half of it over would show.
        var other = new SigningForm(Form.Current.Digest == Digest.SHA512 ? Digest.SHA256 : Digest.SHA512, !Form.Current.IsOpaque);
        Replace(mistake(Text(other)));
        return await refused.WaitAsync(cancellationToken);
    }

    private void Replace(string text)
    {
        File.WriteAllText(IniFile + ".new", text);
        File.Move(IniFile + ".new", IniFile, overwrite: true);
    }

    private string Text(SigningForm form) =>
        $"""
        [Milter]
        Socket = unix:{directory}/milter.sock, inet:0@127.0.0.1
        [Certificates]
        Path = {Certificates}
        PassphraseFile = passphrase
        [Signing]
        Digest = {form.Digest}
        Form = {(form.IsOpaque ? "Opaque" : "Detached")}
        MaxSize = 1G
        [Sender:{SilentAddress}]
        Mode = Never
        [Sender:@{StrictDomain}]
        Mode = Required

        """;
}
