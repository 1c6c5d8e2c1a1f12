using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Sources;
using Postseal.Ldap.Protocol;

namespace Postseal.Ldap.Connections;

/// <summary>
/// Says to servers who we are. After a refusal the same is not said again for a minute, and after each further one for four times as long,
/// unless its file changes: servers lock accounts that are refused again and again, many after five times in half an hour. Safe for any number
/// of threads.
/// </summary>
/// <param name="options">The settings of the source.</param>
/// <param name="time">The clock.</param>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing.")]
internal sealed class Authentication(LdapOptions options, TimeProvider time)
{
    /// <summary>How long what was refused is not said again, at first.</summary>
    internal static readonly TimeSpan PauseAfterRefusal = TimeSpan.FromMinutes(1);

    private const int Growth = 4;
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    // A bind that is under way, so that no others are refused before it is known that it was.
    private readonly SemaphoreSlim binding = new(1, 1);
    private volatile Refusal? refusal;

    /// <summary>Gets the file that holds what is said.</summary>
    private string? File => options.Bind == LdapBind.Simple ? options.BindFile : options.CertFile;

    /// <summary>Throws while it is no use to open a connection.</summary>
    /// <exception cref="BindRefusedException">It was refused, and nothing changed.</exception>
    public void Check()
    {
        if (refusal is { } last && time.GetElapsedTime(last.At) < last.Pause && last.Stamp == Stamp())
        {
            var orChange = File is { } file ? $", or when {file} changes" : "";
            throw new BindRefusedException($"{last.Message}; it is tried again {last.Pause.TotalMinutes:0} min later{orChange}");
        }
    }

    /// <summary>Binds (RFC 4511 section 4.2). An anonymous connection is one already (RFC 4513 section 5.1.1).</summary>
    /// <exception cref="BindRefusedException">The server did not accept it.</exception>
    /// <exception cref="IOException">The server did not answer, or the file cannot be read.</exception>
    public async Task BindAsync(LdapConnection connection, CancellationToken cancellationToken)
    {
        if (options.Bind == LdapBind.Anonymous)
            return;
        await binding.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Check();
            var stamp = Stamp();
            var result = await AskAsync(connection, cancellationToken).ConfigureAwait(false);
            if (result.Code is LdapResultCode.Busy or LdapResultCode.Unavailable)
                throw new LdapException($"{connection.Label} does not let anybody in: {result}", result.Code);
            var message = result.Code == LdapResultCode.Success ? null : Describe(connection, result);
            refusal = message is null ? null : new Refusal(message, time.GetTimestamp(), stamp, PauseAfter(refusal, stamp));
            if (message is not null)
                throw new BindRefusedException(message);
        }
        finally
        {
            binding.Release();
        }
    }

    private async Task<LdapResult> AskAsync(LdapConnection connection, CancellationToken cancellationToken)
    {
        const int Response = LdapOperations.BindResponse;
        if (options.Bind == LdapBind.External)
            return await connection.AskAsync(LdapRequests.ExternalBind(), Response, take: null, cancellationToken).ConfigureAwait(false);
        var password = ReadPassword();
        try
        {
            var bind = LdapRequests.SimpleBind(options.BindDn ?? "", password);
            var result = await connection.AskAsync(bind, Response, take: null, cancellationToken).ConfigureAwait(false);
            // What a server says goes into the log; the password must not, even if the server repeats it.
            var isEcho = result.Diagnostic.Contains(Encoding.Latin1.GetString(password), StringComparison.OrdinalIgnoreCase);
            return isEcho ? result with { Diagnostic = "" } : result;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(password);
        }
    }

    private byte[] ReadPassword()
    {
        try
        {
            // With an empty password a server takes the client for anonymous, and says that all is well (RFC 4513 section 5.1.2).
            return SecretFile.ReadFirstLine(options.BindFile) is { Length: > 0 } password
                ? password
                : throw new IOException($"ldap:{options.Name}: BindFile {options.BindFile} has no password on its first line");
        }
        catch (Exception e) when (e is CertificateFileException or UnauthorizedAccessException)
        {
            throw new IOException($"ldap:{options.Name}: BindFile cannot be read: {e.Message}", e);
        }
    }

    private string Describe(LdapConnection connection, LdapResult result) => options.Bind == LdapBind.Simple
        ? $"{connection.Label} does not accept BindDn {options.BindDn} with the password in {options.BindFile}: {result}"
        : $"{connection.Label} does not accept SASL EXTERNAL: {result}";

    private static TimeSpan PauseAfter(Refusal? before, FileStamp stamp) =>
        before is null || before.Stamp != stamp ? PauseAfterRefusal
        : before.Pause * Growth is var longer && longer < LongestPause ? longer : LongestPause;

    private FileStamp Stamp() => File is { } file ? FileStamp.Of(file) : default;

    private sealed record Refusal(string Message, long At, FileStamp Stamp, TimeSpan Pause);
}

/// <summary>A server did not accept who we say we are. Another server would not either.</summary>
/// <param name="message">What was refused, for the log; never a password.</param>
internal sealed class BindRefusedException(string message) : IOException(message);
