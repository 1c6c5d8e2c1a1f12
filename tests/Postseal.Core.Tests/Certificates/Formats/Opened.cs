using Postseal.Certificates.Formats;

namespace Postseal.Tests.Certificates.Formats;

/// <summary>Key files with all their keys open.</summary>
internal static class Opened
{
    public static KeyFile Read(string path, ReadOnlySpan<byte> passphrase = default, ReadOnlySpan<byte> secret = default) =>
        Parse(path, KeyFile.ReadBytes(path), passphrase, secret);

    public static KeyFile Parse(
        string path, ReadOnlySpan<byte> content, ReadOnlySpan<byte> passphrase = default, ReadOnlySpan<byte> secret = default)
    {
        var (opensKeys, opensMautic) = (passphrase.ToArray(), secret.ToArray());
        var file = KeyFile.Parse(path, content, () => [.. opensKeys], () => [.. opensMautic]);
        foreach (var key in file.Keys)
            key.Open();
        return file;
    }
}
