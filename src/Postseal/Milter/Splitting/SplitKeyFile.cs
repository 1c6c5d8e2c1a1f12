using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Postseal.Certificates.Formats;
using Postseal.Program.Files;

namespace Postseal.Program.Milter.Splitting;

/// <summary>
/// The file of the key that a split message is known by in its second pass: 32 bytes in base64, made when it is first needed.
/// Hosts that split for each other have a copy of it. It is read each time, so that a copy put there is in use at once.
/// </summary>
/// <param name="stateDirectory">The directory it is in: [State] Path.</param>
/// <param name="logger">Takes a warning where others can read it.</param>
internal sealed partial class SplitKeyFile(string stateDirectory, ILogger logger)
{
    private const int KeyLength = 32;
    private const int MaxFileLength = 1024;
    private const UnixFileMode DirectoryMode = AtomicFile.Private | UnixFileMode.UserExecute;

    private int warned;

    /// <summary>Gets the file.</summary>
    public string Path { get; } = System.IO.Path.Combine(stateDirectory, "split.key");

    /// <summary>Gets whether there is a file: without one nothing was made with it.</summary>
    public bool IsThere => File.Exists(Path);

    /// <summary>Reads the key, and makes one where there is no file. Of several processes that make one at the same time, all use that
    /// of the first. Whoever gets the key clears it.</summary>
    /// <exception cref="IOException">There is none, and none can be made; or it cannot be read, or is no key.</exception>
    public byte[] ReadOrCreate()
    {
        if (!IsThere)
            Create();
        return Read();
    }

    /// <summary>Reads the key. Whoever gets it clears it.</summary>
    /// <exception cref="IOException">It is not there, cannot be read, or is no key; the message says what to do.</exception>
    public byte[] Read()
    {
        var content = new byte[MaxFileLength];
        try
        {
            int length;
            using (var file = RegularFile.Open(Path))
                length = RandomAccess.Read(file, content, 0);
            WarnOfMode();
            return Decode(content.AsSpan(0, length));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"{Path} must be readable for the daemon: {e.Message}", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Says that others can read it, who could then make fields of their own; <see langword="null"/>: they cannot.</summary>
    public string? WarnOfReaders() =>
        !OperatingSystem.IsWindows() && File.Exists(Path) && (File.GetUnixFileMode(Path) & UnixFileMode.OtherRead) != 0
            ? $"{Path} holds a secret that everyone can read; 'chmod o= {Path}'"
            : null;

    private byte[] Decode(ReadOnlySpan<byte> content)
    {
        var key = new byte[KeyLength];
        var text = content.Trim(" \t\r\n"u8);
        if (text.Length == Base64.GetMaxEncodedToUtf8Length(KeyLength)
            && Base64.DecodeFromUtf8(text, key, out _, out var written) == System.Buffers.OperationStatus.Done && written == KeyLength)
            return key;
        CryptographicOperations.ZeroMemory(key);
        throw new IOException(
            $"{Path} is not a key of {KeyLength} bytes in base64: copy it again from the host it is from; or, when no mail is in the queue, "
            + "delete it, and a new one is made");
    }

    private void Create()
    {
        var (key, text) = (RandomNumberGenerator.GetBytes(KeyLength), new byte[Base64.GetMaxEncodedToUtf8Length(KeyLength) + 1]);
        try
        {
            Base64.EncodeToUtf8(key, text, out _, out var length);
            text[length] = (byte)'\n';
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(stateDirectory);
            else
                Directory.CreateDirectory(stateDirectory, DirectoryMode);
            AtomicFile.Write(Path, text.AsSpan(0, length + 1), AtomicFile.Private, replace: false);
            LogMade(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process was faster: its key is the one.
            if (!IsThere)
            {
                throw new IOException(
                    $"{Path} cannot be made: {e.Message}; let [State] Path be a directory that the daemon can write, with room on its disk", e);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(text);
        }
    }

    private void WarnOfMode()
    {
        if (WarnOfReaders() is { } warning && Interlocked.Exchange(ref warned, 1) == 0)
            LogWarning(warning);
    }

    [LoggerMessage(300, LogLevel.Warning, "{Warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(301, LogLevel.Information, "{Path} was made: hosts that split mail for each other need the same")]
    private partial void LogMade(string path);
}
