using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using Postseal.Certificates;
using Postseal.Configuration;
using Postseal.Mime;
using Postseal.Policy;
using Postseal.Program.Logging;

namespace Postseal.Program.Commands;

/// <summary><c>postseal check</c>: the configuration, and every certificate in a table.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var json = new Option<bool>("--json") { Description = "Write JSON for programs instead of a table." };
        var command = new Command(
            "check",
            """
            Check the configuration and every certificate. Exit code 0: all is well; 1: mail that the configuration wants
            signed cannot be, and the table says why; 2: the configuration itself is wrong.
            """) { config, json };
        command.SetAction(arguments => Run(arguments.GetValue(config)!, arguments.GetValue(json)));
        return command;
    }

    private static int Run(string configPath, bool json)
    {
        if (ConfigurationOption.Read(configPath, Console.Error) is not { } options)
            return ExitCode.Usage;

        var time = TimeProvider.System;
        IReadOnlyList<CheckedSender> senders;
        try
        {
            senders = Senders(options, new CertificateDirectory(options.Certificates, time), time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(new ConfigurationError(configPath, "Certificates", "", e.Message));
            return ExitCode.Usage;
        }

        if (json)
            Console.WriteLine(JsonSerializer.Serialize(senders, CheckJson.Default.IReadOnlyListCheckedSender));
        else
            WriteTable(configPath, options, senders);
        return senders.Any(sender => sender is { Wanted: true, Problem: not null }) ? ExitCode.No : ExitCode.Fine;
    }

    /// <summary>
    /// Everyone with files in the directory, and everyone whose own section requires a signature although there are none.
    /// </summary>
    private static List<CheckedSender> Senders(PostsealOptions options, CertificateDirectory directory, TimeProvider time)
    {
        var policy = new SigningPolicy(options);
        var senders = directory.List().Select(report => CheckedSender.From(report, policy, time)).ToList();
        foreach (var name in options.Senders.Keys.Where(name => !name.StartsWith('@')))
        {
            if (MailAddress.TryParse(name, out var address)
                && policy.For(address).Mode == SigningMode.Required
                && senders.TrueForAll(sender => sender.Address != name))
            {
                senders.Add(CheckedSender.Missing(name));
            }
        }

        return senders;
    }

    private static void WriteTable(string configPath, PostsealOptions options, IReadOnlyList<CheckedSender> senders)
    {
        Console.WriteLine($"{configPath}: the settings are right");
        Console.WriteLine($"Certificates in {options.Certificates.Path}:");
        if (senders.Count == 0)
            Console.WriteLine("  none; put ADDRESS.crt and ADDRESS.pem there, or both and the chain in one ADDRESS.pem");
        else
            Table.Write(Console.Out, ["Address", "Subject", "Issuer", "Days left", "Key", "Usable"], senders.Select(Row));
        foreach (var sender in senders.Where(sender => sender.Warning is not null))
            Console.WriteLine($"warning: {PlainText.Of(sender.Warning!)}");
    }

    private static string[] Row(CheckedSender sender) =>
    [
        sender.Address, sender.Subject ?? "-", sender.Issuer ?? "-",
        sender.DaysLeft?.ToString(CultureInfo.InvariantCulture) ?? "-", sender.Key ?? "-",
        sender.Problem is null ? "yes" : $"no: {sender.Problem}",
    ];
}

/// <summary>What the check says of one sender.</summary>
/// <param name="Address">The address its files are named after.</param>
/// <param name="Subject">The subject of its certificate.</param>
/// <param name="Issuer">The issuer of its certificate.</param>
/// <param name="DaysLeft">The whole days until it expires; negative when it has.</param>
/// <param name="Key">The kind of key.</param>
/// <param name="Problem">Why it cannot be used, if it cannot.</param>
/// <param name="Warning">What should be mended although it can.</param>
/// <param name="Wanted">Whether the configuration wants this sender's mail signed.</param>
internal sealed record CheckedSender(
    string Address, string? Subject, string? Issuer, int? DaysLeft, string? Key, string? Problem, string? Warning, bool Wanted)
{
    public static CheckedSender From(CertificateReport report, SigningPolicy policy, TimeProvider time)
    {
        var rules = MailAddress.TryParse(report.Address, out var address) ? policy.For(address) : null;
        var wanted = rules?.Mode != SigningMode.Never;
        if (report.Certificate is not { } certificate)
            return new CheckedSender(report.Address, null, null, null, null, report.Problem, report.Warning, wanted);
        using var rsa = certificate.GetRSAPublicKey();
        var problem = report.Problem ?? (rules is null ? null : CertificateRules.WhyNotBy(rsa, rules));
        return new CheckedSender(
            report.Address, certificate.Subject, certificate.Issuer,
            (int)Math.Floor((certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime).TotalDays),
            report.KeyName, problem, report.Warning, wanted);
    }

    public static CheckedSender Missing(string address) => new(
        address, null, null, null, null, $"[Sender:{address}] requires a signature and there is no certificate", null, Wanted: true);
}

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<CheckedSender>))]
internal sealed partial class CheckJson : JsonSerializerContext;
