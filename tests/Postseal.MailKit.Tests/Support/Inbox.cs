using System.Reflection;
using MailKit;

namespace Postseal.MailKit.Tests.Support;

/// <summary>A folder at an IMAP server with one message, of which nothing but the bytes can be fetched.</summary>
public class Inbox : DispatchProxy
{
    private byte[] message = [];

    public static IMailFolder With(byte[] message)
    {
        var inbox = Create<IMailFolder, Inbox>();
        ((Inbox)(object)inbox).message = message;
        return inbox;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name == nameof(IMailFolder.GetStreamAsync)
        ? Task.FromResult<Stream>(new MemoryStream(message))
        : throw new NotSupportedException(targetMethod.Name);
}
