namespace Postseal.Soak;

/// <summary>How a sender's certificate lies in the directory, and so how it is renewed.</summary>
internal enum FileForm
{
    /// <summary>Tattler's: key, certificate and chain in ADDRESS.pem.</summary>
    OnePem,

    /// <summary>ADDRESS.crt and ADDRESS.pem, links to files whose own links certbot points elsewhere, one by one.</summary>
    Links,

    /// <summary>ADDRESS.p12 with a passphrase.</summary>
    Pkcs12,
}

/// <summary>A sender, and which of its certificates was in the directory when.</summary>
/// <param name="Address">The address.</param>
/// <param name="Key">The kind of key.</param>
/// <param name="Form">How its files lie there.</param>
internal sealed record Sender(string Address, string Key, FileForm Form)
{
    /// <summary>Mail of this sender is refused while there is no certificate.</summary>
    public bool MustSign => Address.EndsWith("@" + Settings.StrictDomain, StringComparison.Ordinal);

    /// <summary>The SHA-256 of the certificate; <see langword="null"/> while there is none.</summary>
    public Timeline<string?> Certificate { get; } = new(null);
}

/// <summary>All who send.</summary>
internal static class Senders
{
    /// <summary>Those whose certificates are renewed: each kind of key in each form of files.</summary>
    public static IReadOnlyList<Sender> Residents { get; } =
    [
        .. from key in (string[])["RSA-2048", "P-256", "P-384"]
           from form in Enum.GetValues<FileForm>()
           select new Sender($"{key}.{form}@example.org".ToLowerInvariant(), key, form),
    ];

    /// <summary>Those whose certificates come and go.</summary>
    public static IReadOnlyList<Sender> Visitors { get; } =
    [
        new("first@visitors.example", "P-256", FileForm.OnePem),
        new("second@visitors.example", "P-384", FileForm.Pkcs12),
        new($"third@{Settings.StrictDomain}", "P-256", FileForm.OnePem),
    ];

    /// <summary>One who has a certificate, and Mode = Never.</summary>
    public static Sender Silent { get; } = new(Settings.SilentAddress, "P-256", FileForm.OnePem);

    /// <summary>One of whom there are no files at all.</summary>
    public const string Stranger = "stranger@elsewhere.example";
}
