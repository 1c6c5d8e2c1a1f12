namespace Postseal.Benchmarks.Comparison;

/// <summary>Who is measured, by the names both the measuring and the reporting use.</summary>
internal static class Series
{
    public const string Rsa = "Postseal, RSA-2048";
    public const string P256 = "Postseal, P-256";
    public const string OpenDkim = "OpenDKIM, RSA-2048";
    public const string NoMilter = "no milter";
    public const string OpenSslRsa = "openssl speed, RSA-2048";
    public const string CoreRsa = "Postseal.Core, RSA-2048";
    public const string CoreP256 = "Postseal.Core, P-256";
    public const string MimeKitRsa = "MimeKit with Bouncy Castle, RSA-2048";
    public const string MimeKitP256 = "MimeKit with Bouncy Castle, P-256";
    public const string BareHash = "bare SHA-256";
}
