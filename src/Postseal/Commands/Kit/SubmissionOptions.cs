using System.CommandLine;
using System.Net;
using Postseal.Policy;

namespace Postseal.Program.Commands.Kit;

/// <summary>The options <c>--sender</c> and <c>--auth</c>: what a mail system would say of a message that a command reads.</summary>
internal sealed class SubmissionOptions
{
    private readonly Option<string?> sender = new("--sender", "-f")
    {
        Description = "The envelope sender. Without it, the message counts as coming from the address in From.",
        HelpName = "ADDRESS",
    };

    private readonly Option<string?> user = new("--auth")
    {
        Description = "The name the client authenticated as. Without it: none; the client is in our networks.",
        HelpName = "USER",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(sender);
        command.Options.Add(user);
    }

    /// <summary>Returns the envelope of a message from whoever may read the keys: a client in our networks.</summary>
    /// <exception cref="Terminal.CommandException">What stands for the sender is no address.</exception>
    public Envelope Envelope(ParseResult arguments) => new()
    {
        Sender = arguments.GetValue(sender) is { } text ? CommonOptions.ParseAddress(text, "--sender: ") : null,
        ClientAddress = IPAddress.Loopback,
        AuthenticatedUser = arguments.GetValue(user),
    };
}
