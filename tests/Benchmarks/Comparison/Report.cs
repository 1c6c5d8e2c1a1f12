using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Postseal.Benchmarks.Comparison;

/// <summary>Makes the table and the plot of what <c>compare</c> measured: medians of its rounds, and ratios in the same run.</summary>
internal sealed class Report
{
    public const string Rsa = "Postseal, RSA-2048";
    public const string P256 = "Postseal, P-256";
    public const string OpenDkim = "OpenDKIM, RSA-2048";
    public const string NoMilter = "no milter";

    private readonly IReadOnlyList<Measurement> medians;

    private Report(IReadOnlyList<Measurement> medians) => this.medians = medians;

    /// <summary>Reads lines of JSON, several rounds of each measurement in any order.</summary>
    public static Report Read(IEnumerable<string> lines) => new(
    [
        .. lines.Where(line => line.StartsWith('{'))
            .Select(line => JsonSerializer.Deserialize<Measurement>(line)!)
            .GroupBy(m => (m.Series, m.Way, m.Connections, m.Size))
            .Select(rounds => new Measurement(
                rounds.Key.Series, rounds.Key.Way, rounds.Key.Connections, rounds.Key.Size,
                Median(rounds.Select(r => r.PerSecond)), Median(rounds.Select(r => r.P50)), Median(rounds.Select(r => r.P99)))),
    ]);

    /// <summary>The points of one line of the plot.</summary>
    public IReadOnlyList<Measurement> Series(string name, string way, Func<Measurement, bool> where) =>
        [.. medians.Where(m => m.Series == name && m.Way == way && where(m))];

    public string ToMarkdown(string machine)
    {
        var text = new StringBuilder();
        text.AppendLine("| 4 KiB of text | messages a second | ratio | p50 | p99 |");
        text.AppendLine("| --- | ---: | ---: | ---: | ---: |");
        Row(text, OpenDkim, "unix", 4, "four connections, Unix socket", OpenDkim, "unix", 4);
        Row(text, Rsa, "unix", 4, "four connections, Unix socket", OpenDkim, "unix", 4);
        Row(text, P256, "unix", 4, "four connections, Unix socket", OpenDkim, "unix", 4);
        Row(text, P256, "tcp", 1, "one connection, TCP", P256, "unix", 1);
        Row(text, NoMilter, "smtp", 8, "through Postfix, eight sessions", NoMilter, "smtp", 8);
        Row(text, OpenDkim, "smtp", 8, "through Postfix, eight sessions", NoMilter, "smtp", 8);
        Row(text, Rsa, "smtp", 8, "through Postfix, eight sessions", NoMilter, "smtp", 8);
        Row(text, P256, "smtp", 8, "through Postfix, eight sessions", NoMilter, "smtp", 8);
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Medians of the rounds of one run on {machine}; the load generator and Postfix run on the same cores.");
        if (Find("openssl speed, RSA-2048", "speed", 0) is { } rsaSpeed && Find(Rsa, "unix", 4) is { } rsa)
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"`openssl speed` makes {rsaSpeed.PerSecond:N0} RSA-2048 signatures a second on all cores: Postseal reaches {rsa.PerSecond / rsaSpeed.PerSecond:P0} of that.");
        }

        return text.ToString();
    }

    private void Row(StringBuilder text, string series, string way, int connections, string how, string baseSeries, string baseWay, int baseConnections)
    {
        if (Find(series, way, connections) is not { } m)
            return;
        var peer = Find(baseSeries, baseWay, baseConnections);
        var ratio = peer is null || peer == m ? "1" : (m.PerSecond / peer.PerSecond).ToString("0.00", CultureInfo.InvariantCulture);
        text.AppendLine(CultureInfo.InvariantCulture, $"| {series}: {how} | {m.PerSecond:N0} | {ratio} | {Time(m.P50)} | {Time(m.P99)} |");
    }

    private Measurement? Find(string series, string way, int connections) =>
        medians.FirstOrDefault(m => m.Series == series && m.Way == way && m.Connections == connections && m.Size is 4096 or 0);

    private static string Time(double milliseconds) =>
        milliseconds == 0 ? "" : milliseconds.ToString("0.00 ms", CultureInfo.InvariantCulture);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
