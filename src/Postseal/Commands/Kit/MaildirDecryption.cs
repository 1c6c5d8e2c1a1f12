using System.Security.Cryptography;
using Postseal.Bytes;
using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Program.Files;
using Postseal.Program.Terminal;
using Postseal.Smime;

namespace Postseal.Program.Commands.Kit;

/// <summary>Opens the encrypted messages in a Maildir with its owners' keys, and counts what became of them.</summary>
/// <param name="mail">Opens a message.</param>
/// <param name="owners">Whose mail it is: only their keys are used.</param>
/// <param name="isTrial">Whether nothing is written.</param>
/// <param name="output">Takes a line for each message that is opened, or that cannot be opened.</param>
internal sealed class MaildirDecryption(IncomingMail mail, IReadOnlyList<MailAddress> owners, bool isTrial, CommandOutput output)
{
    // A message is held whole, and in clear a second time.
    private const int MaxSize = 512 * 1024 * 1024;

    private int opened, withoutKey, failed, vanished, other;

    /// <summary>Opens all messages of a Maildir.</summary>
    /// <returns>Whether nothing went wrong. That there is no key for a message is nothing wrong.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public async Task<bool> RunAsync(string path, CancellationToken cancellationToken)
    {
        var folders = 0;
        foreach (var folder in MaildirFolder.In(path, TimeProvider.System))
        {
            folders++;
            if (!isTrial)
                folder.CleanUp();
            foreach (var message in folder.Messages())
            {
                cancellationToken.ThrowIfCancellationRequested();
                await TryOpenAsync(message, cancellationToken);
            }
        }

        if (folders == 0)
            throw new CommandException(ExitCode.UsageError, $"'{path}' is no Maildir: it has not cur, new and tmp");
        output.Line(
            $"{(isTrial ? "would be opened" : "opened")}: {opened}, no key here: {withoutKey}, cannot be opened: {failed}, "
            + $"gone meanwhile: {vanished}, not encrypted: {other}");
        return failed == 0;
    }

    private async Task TryOpenAsync(MaildirMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await OpenAsync(message, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(message, e.Message);
        }
    }

    private async Task OpenAsync(MaildirMessage message, CancellationToken cancellationToken)
    {
        if (Read(message) is not { } bytes)
        {
            vanished++;
            return;
        }

        var parsed = MailMessage.Parse(bytes);
        if (!ReceivedLayer.MayBe(parsed.Headers))
        {
            other++;
            return;
        }

        var opening = await mail.OpenAsync(parsed, owners, cancellationToken);
        using var reading = opening.Reading;
        if (opening.IsOpened)
            Replace(message, opening, LineEndings.Of(bytes));
        else if (!reading.IsEncrypted)
            other++;
        else if (opening.Problem is { Kind: DecryptionFailure.NoKey })
            withoutKey++;
        else
            Fail(message, opening.Problem?.Reason ?? "it cannot be opened");
    }

    private void Replace(MaildirMessage message, Opening opening, LineEnding lineEnding)
    {
        using var clear = new MemoryStream();
        try
        {
            opening.Message.WriteTo(clear);
            var wireSize = clear.Length;
            if (lineEnding == LineEnding.Lf)
            {
                Clear(clear);
                opening.Message.WriteTo(clear, lineEnding);
            }

            if (!isTrial && !message.Folder.Replace(message, clear.GetBuffer().AsSpan(0, (int)clear.Length), wireSize))
            {
                vanished++;
                return;
            }

            opened++;
            output.Line($"{message.Path}: {(isTrial ? "would be opened" : "opened")}, integrity={DecryptionReport.Text(opening.Reading.Integrity)}");
        }
        finally
        {
            Clear(clear);
        }
    }

    private static void Clear(MemoryStream clear)
    {
        CryptographicOperations.ZeroMemory(clear.GetBuffer());
        clear.SetLength(0);
    }

    private void Fail(MaildirMessage message, string why)
    {
        failed++;
        output.Note($"{message.Path}: {why}");
    }

    /// <summary>Reads a message; <see langword="null"/> if it is gone, or is not a regular file.</summary>
    private static byte[]? Read(MaildirMessage message)
    {
        using var file = message.Open();
        if (file is null)
            return null;
        var size = RandomAccess.GetLength(file);
        if (size > MaxSize)
            throw new IOException($"it is larger than {MaxSize} bytes");
        var bytes = new byte[size];
        var read = 0;
        while (read < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(read), read) is > 0 and var more)
            read += more;
        return bytes[..read];
    }
}
