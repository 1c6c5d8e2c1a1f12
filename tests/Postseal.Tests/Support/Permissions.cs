namespace Postseal.Tests;

/// <summary>Permission bits in octal, as chmod(1) takes them.</summary>
internal static class Permissions
{
    public static string Of(string path) =>
        OperatingSystem.IsWindows() ? "600" : Convert.ToString((int)File.GetUnixFileMode(path), 8);

    public static void Set(string path, string mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(mode, 8));
    }
}
