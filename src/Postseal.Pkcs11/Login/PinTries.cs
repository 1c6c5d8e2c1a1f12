using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Postseal.Pkcs11.Module;

namespace Postseal.Pkcs11.Login;

/// <summary>
/// Which PIN files a token refused since it last took one: in a file of the state directory, so that no restart and no other command tries
/// again. It has the file's stamp, never the PIN or anything made of it: a PIN of six digits is found from its hash at once.
/// </summary>
/// <param name="statePath">The directory; <see langword="null"/> where there is none: then it is kept in the process.</param>
internal sealed class PinTries(string? statePath)
{
    private const int MaxLength = 4096;
    private const string LockName = "pkcs11-login.lock";
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(50);
    private static readonly ConcurrentDictionary<TokenName, string> InProcess = [];

    /// <summary>Returns the file of a token.</summary>
    public string? FileOf(TokenName token)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{token.Manufacturer}\0{token.Model}\0{token.Serial}")))[..8];
        var serial = string.Concat(token.Serial.Where(char.IsAsciiLetterOrDigit));
        return statePath is null ? null : System.IO.Path.Combine(statePath, $"pkcs11-pin-{serial}-{digest}");
    }

    /// <summary>Keeps other processes from trying too.</summary>
    /// <exception cref="LoginException">The state directory cannot be written to, or another process does not come to an end.</exception>
    public IDisposable Lock(CancellationToken stopping)
    {
        if (statePath is null)
            return new MemoryStream();
        for (var waited = TimeSpan.Zero; ; waited += LockPause)
        {
            try
            {
                Directory.CreateDirectory(statePath);
                // Readable is enough, as it may be there from a command that root called.
                var file = new FileStream(System.IO.Path.Combine(statePath, LockName), FileMode.OpenOrCreate, FileAccess.Read, FileShare.None);
                LetServiceRead(file);
                return file;
            }
            catch (IOException) when (waited < LockPatience && !stopping.IsCancellationRequested && Directory.Exists(statePath))
            {
                stopping.WaitHandle.WaitOne(LockPause);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw WhyNotKept(e);
            }
        }
    }

    /// <summary>Returns the tries since the last that succeeded, the oldest first.</summary>
    public IReadOnlyList<PinTry> Read(TokenName token)
    {
        try
        {
            var text = FileOf(token) is not { } path ? InProcess.GetValueOrDefault(token, "") : File.Exists(path) ? ReadStart(path) : "";
            return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(PinTry.Parse)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WhyNotKept(e);
        }
    }

    /// <summary>Replaces them.</summary>
    public void Write(TokenName token, IReadOnlyList<PinTry> tries)
    {
        var text = string.Concat(tries.Select(one => $"{one}\n"));
        try
        {
            if (FileOf(token) is not { } path)
                InProcess[token] = text;
            else if (tries.Count == 0)
                File.Delete(path);
            else
                WriteThrough(path, text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WhyNotKept(e);
        }
    }

    // Root's umask may leave the service's user no right to read what a command of root's made. There is no secret in it.
    private static void LetServiceRead(FileStream file)
    {
        if (!OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess)
        {
            File.SetUnixFileMode(
                file.SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
    }

    private static string ReadStart(string path)
    {
        using var stream = File.OpenRead(path);
        var bytes = new byte[MaxLength];
        return Encoding.UTF8.GetString(bytes, 0, stream.ReadAtLeast(bytes, MaxLength, throwOnEndOfStream: false));
    }

    // On the disk before the token hears of it: the machine may lose its power.
    private static void WriteThrough(string path, string text)
    {
        using (var stream = new FileStream(path + ".new", FileMode.Create, FileAccess.Write))
        {
            LetServiceRead(stream);
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    private LoginException WhyNotKept(Exception e) => new(
        $"was not logged in to, since {statePath} cannot be used ({e.Message.TrimEnd('.')}): a PIN is tried only where it can be written down "
        + "that it was wrong; let Postseal write there");
}

/// <summary>A try to log in.</summary>
/// <param name="WasRefused">Whether the token refused the PIN; <see langword="false"/>: what it said is not known, the process ended
/// before.</param>
/// <param name="Stamp">The stamp of the PIN's file.</param>
internal sealed record PinTry(bool WasRefused, string Stamp)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(WasRefused ? "refused" : "tried")} {Stamp}";

    public static PinTry Parse(string line) => new(!line.StartsWith("tried ", StringComparison.Ordinal), line[(line.IndexOf(' ') + 1)..]);
}
