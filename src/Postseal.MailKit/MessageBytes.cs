using System.Runtime.CompilerServices;
using MailKit.Net.Smtp;
using MimeKit;

namespace Postseal.MailKit;

/// <summary>
/// A message as the bytes that MailKit sends to a server with 8BITMIME (RFC 6152), which every MTA with milter support is:
/// what the milter would see of it. From the same bytes the core makes the same signature, whatever this server can take.
/// </summary>
internal static class MessageBytes
{
    /// <summary>Gets the options that MailKit writes with where none are given: without the fields that are not for the recipients.</summary>
    public static FormatOptions DefaultOptions { get; } = CreateDefaultOptions();

    // Changing the body of a message that carries one of these is left to whoever signed it: MailKit has the same rule.
    private static readonly HeaderId[] TransportSignatures =
        [HeaderId.DomainKeySignature, HeaderId.DkimSignature, HeaderId.ArcSeal];

    // Writing a message moves the streams of its parts, and some get another encoding for as long as it lasts.
    private static readonly ConditionalWeakTable<MimeMessage, Lock> Writing = [];

    private static FormatOptions CreateDefaultOptions()
    {
        var options = FormatOptions.Default.Clone();
        options.HiddenHeaders.Add(HeaderId.Bcc);
        options.HiddenHeaders.Add(HeaderId.ResentBcc);
        options.HiddenHeaders.Add(HeaderId.ContentLength);
        return options;
    }

    /// <summary>Returns how MailKit writes a message for a server of these capabilities.</summary>
    public static FormatOptions FormatFor(FormatOptions options, SmtpCapabilities capabilities)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.International || capabilities.HasFlag(SmtpCapabilities.UTF8))
            return options;
        var format = options.Clone();
        format.International = false;
        return format;
    }

    /// <summary>
    /// Writes a message, the fields that <paramref name="options"/> hides left out. The message is afterwards what it
    /// was before. Any number of threads may ask for the same message; they are served one after another.
    /// </summary>
    public static ReadOnlyMemory<byte> Of(MimeMessage message, FormatOptions options, CancellationToken cancellationToken)
    {
        var format = options.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.EnsureNewLine = true;
        using var stream = new MemoryStream();
        lock (Writing.GetOrCreateValue(message))
        {
            using var encoding = new TemporaryEncoding();
            if (TransportSignatures.Any(message.Headers.Contains))
                format.International = false;
            else
                encoding.Prepare(message);
            message.WriteTo(format, stream, cancellationToken);
        }

        return stream.GetBuffer().AsMemory(0, (int)stream.Length);
    }
}
