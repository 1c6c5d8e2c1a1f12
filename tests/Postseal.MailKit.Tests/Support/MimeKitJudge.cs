using MimeKit;
using MimeKit.Cryptography;
using Postseal.Smime;

namespace Postseal.MailKit.Tests.Support;

/// <summary>
/// Whether MimeKit, with Bouncy Castle, verifies a signed message. It hashes its own serialization of what its parser makes of
/// the signed entity, so it verifies only what it reads as we wrote it.
/// </summary>
internal sealed class MimeKitJudge : IDisposable
{
    private readonly TemporarySecureMimeContext context = new();

    /// <summary>Why it does not verify; <see langword="null"/> when it does.</summary>
    public string? WhyNot(byte[] mail)
    {
        using var stream = new MemoryStream(mail);
        using var message = MimeMessage.Load(stream);
        var signatures = message.Body switch
        {
            MultipartSigned detached => detached.Verify(context),
            ApplicationPkcs7Mime opaque => opaque.Verify(context, out _),
            _ => throw new InvalidOperationException($"MimeKit reads {message.Body?.ContentType}, which is not signed."),
        };
        try
        {
            // Chain and dates are for others to judge.
            return Assert.Single(signatures).Verify(verifySignatureOnly: true) ? null : "MimeKit's digest is another";
        }
        catch (DigitalSignatureVerifyException e)
        {
            return e.Message;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => context.Dispose();
}
