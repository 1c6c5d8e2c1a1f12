using System.Buffers;
using System.Security.Cryptography;
using Postseal.Bytes;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands.Kit;

/// <summary>A message from standard input that leaves, changed or not, by standard output.</summary>
internal sealed class MessageFilter
{
    private readonly byte[] original;
    private readonly CommandOutput output;

    private MessageFilter(byte[] original, CommandOutput output) =>
        (this.original, this.output, Message) = (original, output, MailMessage.Parse(original));

    /// <summary>Gets what came in.</summary>
    public MailMessage Message { get; }

    /// <summary>Reads all of standard input.</summary>
    /// <exception cref="CommandException">It is longer than the limit.</exception>
    public static async Task<MessageFilter> ReadAsync(CommandOutput output, long limit, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>();
        int read;
        while ((read = await output.Streams.InputBytes.ReadAsync(buffer.GetMemory(1 << 16), cancellationToken)) > 0)
        {
            buffer.Advance(read);
            if (buffer.WrittenCount > limit)
                throw new CommandException(ExitCode.Failure, $"the message is larger than [Milter] MaxMessageSize, {limit} bytes");
        }

        return new MessageFilter(buffer.WrittenSpan.ToArray(), output);
    }

    /// <summary>Has the message processed.</summary>
    /// <param name="processor">Who does it.</param>
    /// <param name="envelope">What a mail system would say of it; one without a sender counts as from the address in From.</param>
    /// <param name="what">What is to become of it, for an error: <c>signed</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandException">It cannot be done now.</exception>
    public async Task<Outcome> ProcessAsync(
        IMailProcessor processor, Envelope envelope, string what, CancellationToken cancellationToken)
    {
        try
        {
            return await processor.ProcessAsync(
                Message, envelope with { Sender = envelope.Sender ?? Author.Find(Message.Headers) }, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandException(ExitCode.Failure, $"cannot be {what} now: {e.Message}");
        }
    }

    /// <summary>Writes the message byte for byte as it came.</summary>
    public void WriteOriginal() => output.Streams.OutputBytes.Write(original);

    /// <summary>Writes another in its place. The lines end as those of the original, as in a Unix pipe.</summary>
    public void Write(MailMessage message) => message.WriteTo(output.Streams.OutputBytes, LineEndings.Of(original));
}
