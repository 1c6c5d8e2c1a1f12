using System.CommandLine;
using System.Text.Json;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Terminal;
using Postseal.Verification;

namespace Postseal.Program.Commands;

/// <summary><c>postseal verify</c>: whether a message was signed by its author, as the daemon would say of one that comes in.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var file = new Argument<string>("FILE") { Description = "The message, as it came; - for standard input." };
        var anchors = new Option<string?>("--anchors")
        {
            Description = "Trust the CAs in this file or directory, or System, instead of [Trust] Anchors. No configuration is read unless --config names one.",
            HelpName = "PATH",
        };
        var json = new Option<bool>("--json") { Description = "Write JSON for programs instead of a table." };
        var command = new DocumentedCommand(
            "verify",
            "Verify the signature of one message.",
            """
            The result is one of RFC 7281: none, pass, fail, policy (right, but not acceptable), neutral (cannot be processed), temperror,
            permerror. Only 'pass' says that the author, whom From names, signed exactly this message, and that a trusted CA stands behind
            it. The header itself is signed by nobody. What has to be fetched, such as a revocation list, is waited for.
            Exit code 0: pass; 1: anything else; 2: the command line or the configuration is wrong.
            """,
            """
            postseal verify message.eml
            postseal verify --anchors ca.crt --json - < message.eml
            """) { file, anchors, json, config };
        command.Handle(async (arguments, output, cancellationToken) =>
        {
            var path = arguments.GetValue(anchors);
            await using var reading = path is not null && arguments.GetResult(config) is null or { Implicit: true }
                ? IncomingMail.Of(path)
                : IncomingMail.Load(arguments.GetValue(config)!, path);
            var message = await IncomingMail.ReadAsync(arguments.GetValue(file)!, output, cancellationToken);
            var verdict = await reading.VerifyAsync(message, cancellationToken);
            if (arguments.GetValue(json))
                output.Text(JsonSerializer.Serialize(VerdictReport.Of(verdict), VerdictJson.Default.VerdictReport) + "\n");
            else
                Write(verdict, output);
            return verdict.Result == SmimeResult.Pass ? ExitCode.Success : ExitCode.Failure;
        });
        return command;
    }

    private static void Write(MailVerdict verdict, CommandOutput output)
    {
        output.Line($"{VerdictField.Text(verdict.Result)}: {verdict.Reason}");
        output.Line($"author: {verdict.Author?.ToString() ?? "not one, or not clear who"}");
        foreach (var layer in verdict.Layers)
        {
            output.Line();
            output.Line($"signature in part {layer.Part}: {VerdictField.Text(layer.Result)}, {layer.Reason}");
            if (layer.Beside is { } beside)
                output.Line($"beside it, signed by nobody: {beside}");
            if (layer.Signers.Count == 0)
                continue;
            Table.Write(
                output, ["SIGNER", "VERIFIED", "TRUSTED", "AUTHOR", "SIGNED AT", "CERTIFICATE"],
                layer.Signers.Select(signer => (string[])
                [
                    signer.Addresses.Count > 0 ? $"{signer.Addresses[0]}" : signer.Certificate?.Subject ?? "unknown",
                    YesOrNo(signer.IsVerified), YesOrNo(signer.IsTrusted), YesOrNo(signer.IsAuthor),
                    signer.SigningTime is { } time ? $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z" : "-",
                    signer.Certificate is { } certificate ? $"{certificate.Issuer}, serial {certificate.SerialNumber}" : signer.Name,
                ]));
            foreach (var signer in layer.Signers.Where(signer => signer.Result != SmimeResult.Pass && layer.Signers.Count > 1))
                output.Line($"{signer.Name}: {VerdictField.Text(signer.Result)}, {signer.Reason}");
        }
    }

    private static string YesOrNo(bool value) => value ? "yes" : "no";
}
