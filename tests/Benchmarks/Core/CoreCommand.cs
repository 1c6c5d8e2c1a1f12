using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Postseal.Benchmarks.Comparison;
using Postseal.Benchmarks.Parts;
using Postseal.TestKit;

namespace Postseal.Benchmarks.Core;

/// <summary><c>core</c>: races the core with MimeKit and the bare cryptography, one line of JSON a figure, for <c>report</c>.</summary>
internal static class CoreCommand
{
    private const int Text = 4 << 10;
    private const int Large = 25 << 20;

    public static Command Create()
    {
        var seconds = new Option<int>("--seconds") { Description = "How long each side works in each round.", DefaultValueFactory = _ => 2 };
        var command = new Command("core", "Race the core with MimeKit and Bouncy Castle, on one thread and without a network.") { seconds };
        command.SetAction(arguments => Run(TimeSpan.FromSeconds(arguments.GetValue(seconds))));
        return command;
    }

    private static int Run(TimeSpan turn)
    {
        if (!OpenSsl.IsHere)
        {
            Console.Error.WriteLine("openssl is not here, and without it nobody says whether what is measured is right.");
            return 1;
        }

        using var rsa = new TrialSigner("RSA-2048");
        using var p256 = new TrialSigner("P-256");
        foreach (var (signer, key) in ((TrialSigner, string)[])[(rsa, "RSA-2048"), (p256, "P-256")])
        {
            var raw = SampleMail.Text(Text);
            Tell(Race.Run(
                [
                    Contenders.Core(signer, key, raw, Text), .. MailKitPeers.OfRawMessage(signer, key, raw, Text),
                    Contenders.BareSignature(signer, key),
                ],
                turn));
            Tell(Race.Run([.. MailKitPeers.OfMadeMessage(signer, key, Text)], turn));
        }

        var large = SampleMail.WithAttachment(Large);
        Tell(Race.Run(
            [
                Contenders.Core(p256, "P-256", large, Large), .. MailKitPeers.OfRawMessage(p256, "P-256", large, Large),
                Contenders.BareHash(large, Large),
            ],
            turn));
        return 0;
    }

    /// <summary>The figures for programs to standard output, and for people, beside the first of them, to standard error.</summary>
    private static void Tell(IReadOnlyList<Measurement> measurements)
    {
        foreach (var m in measurements)
        {
            Console.WriteLine(JsonSerializer.Serialize(m));
            var rate = string.Create(CultureInfo.InvariantCulture, $"{m.PerSecond,12:N1} a second {m.PerSecond / measurements[0].PerSecond,8:0.00}");
            var bytes = m.Size == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {m.PerSecond * m.Size / 1e6,9:N1} MB/s");
            Console.Error.WriteLine($"{m.Series,-40}{rate}{bytes}");
        }
    }
}
