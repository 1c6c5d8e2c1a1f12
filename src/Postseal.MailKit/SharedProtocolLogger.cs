using MailKit;

namespace Postseal.MailKit;

/// <summary>
/// One client's side of a protocol logger that the container owns: several clients may write to it at once, each hides its
/// own secrets, and it outlives them.
/// </summary>
/// <param name="logger">The logger the program registered.</param>
internal sealed class SharedProtocolLogger(IProtocolLogger logger) : IProtocolLogger
{
    /// <inheritdoc/>
    public IAuthenticationSecretDetector? AuthenticationSecretDetector { get; set; }

    /// <inheritdoc/>
    public void LogConnect(Uri uri)
    {
        lock (logger)
            logger.LogConnect(uri);
    }

    /// <inheritdoc/>
    public void LogClient(byte[] buffer, int offset, int count)
    {
        lock (logger)
        {
            logger.AuthenticationSecretDetector = AuthenticationSecretDetector;
            logger.LogClient(buffer, offset, count);
        }
    }

    /// <inheritdoc/>
    public void LogServer(byte[] buffer, int offset, int count)
    {
        lock (logger)
            logger.LogServer(buffer, offset, count);
    }

    /// <summary>Leaves the logger open: the container disposes it.</summary>
    public void Dispose()
    {
    }
}
