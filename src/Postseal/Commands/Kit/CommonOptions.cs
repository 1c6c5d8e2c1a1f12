using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Mail;
using Postseal.Program.Keys;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands.Kit;

/// <summary>Options and arguments that several commands have.</summary>
internal static class CommonOptions
{
    public static Option<bool> Force() => new("--force") { Description = "Replace existing files." };

    public static Option<string?> Output(string description) => new("--output", "-o") { Description = description, HelpName = "FILE" };

    public static Option<string?> Directory() => new("--directory", "-d")
    {
        Description = "Where the new files go. Without it: here.",
        HelpName = "DIR",
    };

    public static Option<string?> Name() => new("--name")
    {
        Description = "The name of the person in the certificate. Without it: the address.",
        HelpName = "NAME",
    };

    public static Argument<string> Address() => new("ADDRESS") { Description = "The mail address." };

    public static Option<string?> KeyFile() => new("--key") { Description = "Use this key instead of a new one.", HelpName = "FILE" };

    /// <summary>The option <c>--type</c>.</summary>
    /// <param name="keys">What it is the kind of: key or keys.</param>
    public static Option<string> KeyTypeOf(string keys)
    {
        var type = new Option<string>("--type", "-t")
        {
            Description = $"The kind of {keys}: {string.Join(", ", KeyType.Recommended)}.",
            HelpName = "TYPE",
            DefaultValueFactory = _ => KeyType.Default,
        };
        type.AcceptOnlyFromAmong([.. KeyType.Recommended]);
        return type;
    }

    /// <exception cref="CommandException">The name does not fit into a certificate.</exception>
    public static CertificateRequest Request(MailAddress address, string? name, AsymmetricAlgorithm key)
    {
        try
        {
            return MailCertificateRequest.Create(address, name, key);
        }
        catch (ArgumentException e)
        {
            throw new CommandException(ExitCode.UsageError, $"{e.Message}; give another with --name");
        }
    }

    /// <exception cref="CommandException">It is not an address.</exception>
    public static MailAddress ParseAddress(string text) => ParseAddress(text, where: "");

    /// <param name="text">The address.</param>
    /// <param name="where">What an error begins with: <c>--sender: </c>.</param>
    /// <exception cref="CommandException">It is not an address.</exception>
    public static MailAddress ParseAddress(string text, string where) =>
        MailAddress.TryParse(text, out var address)
            ? address
            : throw new CommandException(ExitCode.UsageError, $"{where}'{text}' is not a mail address");
}
