using System.Globalization;
using System.Text;
using Postseal.Benchmarks.Costs;

namespace Postseal.Benchmarks.Comparison;

/// <summary>The table of what <c>compare</c> measured. A row whose figures are missing is left out.</summary>
internal sealed class Report(Medians medians)
{
    private const int Text = 4096;
    private const int Large = 25 << 20;

    private readonly List<Row> rows = [];

    /// <summary>Writes the table.</summary>
    /// <param name="medians">What was measured.</param>
    /// <param name="machine">On what, in a few words.</param>
    public static string Write(Medians medians, string machine)
    {
        var report = new Report(medians);
        report.Signing();
        report.ThroughPostfix();
        report.Core();
        report.LargeMessages();
        report.Growth();
        report.Daemon();

        var text = new StringBuilder();
        text.AppendLine("| 4 KiB of text where nothing else is said | Postseal | beside it | ratio | aim |");
        text.AppendLine("| --- | ---: | ---: | ---: | ---: |");
        foreach (var row in report.rows)
            text.AppendLine(CultureInfo.InvariantCulture, $"| {row.What} | {row.Postseal} | {row.Beside} | {row.Ratio} | {row.Aim} |");
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"""
            Medians of one run on {machine}. The load generator and Postfix run on the same cores.
            {medians.Verified:N0} of the messages were verified.
            """);
        return text.ToString();
    }

    private void Signing()
    {
        Measurement? rsa = Milter(Series.Rsa), p256 = Milter(Series.P256), dkim = Milter(Series.OpenDkim);
        Rates("RSA-2048, four connections, Unix socket", rsa, "OpenDKIM", dkim, Times, "≥ 3 ×");
        Rates(
            "the same, beside the bare signature on all cores", rsa,
            "`openssl speed`", medians.Find(Series.OpenSslRsa, Ways.Speed, 0, 0), Percent, "≥ 60 %");
        Rates("P-256, four connections, Unix socket", p256, "OpenDKIM", dkim, Times, "≥ 10 ×");
        Measurement? oneP256 = Milter(Series.P256, Ways.Tcp, 1), oneDkim = Milter(Series.OpenDkim, Ways.Tcp, 1);
        Figures("P-256, one connection over TCP: p50", oneP256, "OpenDKIM", oneDkim, m => m.P50, Time, "< 1.5 ms");
        Figures("the same: p99", oneP256, "OpenDKIM", oneDkim, m => m.P99, Time, "< 40 ms");
        TailOf("P-256", p256, dkim);
        TailOf("RSA-2048", rsa, dkim);
    }

    private void TailOf(string key, Measurement? own, Measurement? dkim)
    {
        if (own is null)
            return;
        var peer = dkim is null ? "" : $"OpenDKIM {Times(dkim.P99 / dkim.P50)}, ";
        rows.Add(new($"{key}, four connections: p99 beside p50", Time(own.P99), $"{peer}p50 {Time(own.P50)}", Times(own.P99 / own.P50), "≤ 5 ×"));
    }

    private void ThroughPostfix()
    {
        ThroughPostfix(Ways.SmtpUnix, "", "accepted, Unix socket");
        ThroughPostfix(Ways.SmtpUnix, Ways.Delivered, "delivered, Unix socket");
        ThroughPostfix(Ways.SmtpTcp, "", "accepted, TCP");
        ThroughPostfix(Ways.SmtpTcp, Ways.Delivered, "delivered, TCP");
    }

    private void ThroughPostfix(string way, string until, string how)
    {
        var alone = medians.Find(Series.NoMilter, Ways.NoMilter + until, 8, Text);
        var dkim = medians.Find(Series.OpenDkim, way + until, 8, Text);
        foreach (var (series, key, aim) in ((string, string, string)[])[(Series.P256, "P-256", "≥ 80 %"), (Series.Rsa, "RSA-2048", "≥ 65 %")])
        {
            var peer = dkim is null || alone is null ? "no milter" : $"OpenDKIM {Percent(dkim.PerSecond / alone.PerSecond)}, no milter";
            Rates($"Postfix, eight sessions, {how}, {key}", medians.Find(series, way + until, 8, Text), peer, alone, Percent, aim);
        }
    }

    private void Core()
    {
        const string peer = "MimeKit with Bouncy Castle";
        var large = Alone(Series.CoreP256, Large);
        Rates("the core alone, RSA-2048", Alone(Series.CoreRsa, Text), peer, Alone(Series.MimeKitRsa, Text), Times, "≥ 15 ×");
        Rates("the core alone, P-256", Alone(Series.CoreP256, Text), peer, Alone(Series.MimeKitP256, Text), Times, "≥ 5 ×");
        Throughput("25 MiB, the core alone, P-256", large, "bare SHA-256", Alone(Series.BareHash, Large), "≥ 150 MB/s");
        Throughput("the same", large, peer, Alone(Series.MimeKitP256, Large), "");
    }

    private void LargeMessages()
    {
        Throughput(
            "25 MiB, four connections, P-256", Milter(Series.P256, size: Large), "OpenDKIM", Milter(Series.OpenDkim, size: Large), "");
        PeakMemory(1, Ways.PeakMemory, "25 MiB: memory at the peak above idle", "its size", "≤ 2.5 ×");
        PeakMemory(16, Ways.PeakMemory, "the same, 16 at once", "their size", "≤ 2.5 ×");
        PeakMemory(16, Ways.BoundedMemory, "the same with `MaxLargeMessages = 4`", "their size", "bounded");
    }

    private void PeakMemory(int atOnce, string way, string what, string size, string aim)
    {
        if (medians.Find(Series.P256, way, atOnce, Large) is not { } own)
            return;
        var dkim = medians.Find(Series.OpenDkim, Ways.PeakMemory, atOnce, Large);
        var peer = dkim is null ? "" : $"OpenDKIM {Megabytes(dkim.Bytes)}, ";
        double sent = (double)atOnce * Large;
        rows.Add(new(what, Megabytes(own.Bytes), $"{peer}{size} {Megabytes(sent)}", Times(own.Bytes / sent), aim));
    }

    private void Growth()
    {
        var plain = Condition(Ways.Plain);
        Figures(
            "100,000 messages on a connection: CPU of the last 10,000", Condition(Ways.LastMessages),
            "the first", Condition(Ways.FirstMessages), m => m.Cpu, Each, "flat");
        Figures("10,000 addresses in the certificate directory: CPU", Condition(Ways.ManyAddresses), "one", plain, m => m.Cpu, Each, "flat");
        Figures("1,000 idle connections besides: CPU", Condition(Ways.ManyIdle), "none", plain, m => m.Cpu, Each, "flat");
        Figures("200 header fields: CPU", Condition(Ways.ManyHeaders), "eight", plain, m => m.Cpu, Each, "flat");
        if (plain is not null && Condition(Ways.ManyHeaders) is { } many)
        {
            var field = (many.Cpu - plain.Cpu) / (GrowthCosts.ManyHeaders - GrowthCosts.FewHeaders);
            rows.Add(new("the same, for each field more", Each(field), $"the message {Each(plain.Cpu)}", Times(field / plain.Cpu), ""));
        }

        Figures(
            "memory after 1,000,000 messages", medians.Find(Series.P256, Ways.MemoryLate, 4, Text),
            "after 10,000", medians.Find(Series.P256, Ways.MemoryEarly, 4, Text), m => m.Bytes, Megabytes, "≤ 1.1 ×");
    }

    private void Daemon()
    {
        Figures(
            "start to listening", Fixed(Series.P256, Ways.Start),
            "OpenDKIM", Fixed(Series.OpenDkim, Ways.Start), m => m.P50, Time, "< 500 ms");
        Figures(
            "memory at rest", Fixed(Series.P256, Ways.IdleMemory),
            "OpenDKIM", Fixed(Series.OpenDkim, Ways.IdleMemory), m => m.Bytes, Megabytes, "< 60 MB");
        if (Fixed(Series.P256, Ways.FileSize) is { } file)
            rows.Add(new("the program: one file, needs no .NET", Megabytes(file.Bytes), "", "", "one file"));
    }

    private Measurement? Milter(string series, string way = Ways.Unix, int connections = 4, int size = Text) =>
        medians.Find(series, way, connections, size);

    private Measurement? Alone(string series, int size) => medians.Find(series, Ways.Core, 0, size);

    private Measurement? Condition(string name) => medians.Find(Series.P256, name, 1, Text);

    private Measurement? Fixed(string series, string what) => medians.Find(series, what, 0, 0);

    private void Rates(string what, Measurement? own, string peerName, Measurement? peer, Func<double, string> ratio, string aim) =>
        Figures(what, own, peerName, peer, m => m.PerSecond, rate => $"{Number("N0", rate)}/s", aim, ratio);

    private void Throughput(string what, Measurement? own, string peerName, Measurement? peer, string aim) =>
        Figures(what, own, peerName, peer, m => m.PerSecond * m.Size, bytes => $"{Megabytes(bytes)}/s", aim);

    private void Figures(
        string what, Measurement? own, string peerName, Measurement? peer, Func<Measurement, double> figure,
        Func<double, string> unit, string aim, Func<double, string>? ratio = null)
    {
        if (own is null || peer is null)
            return;
        var (ours, theirs) = (figure(own), figure(peer));
        rows.Add(new(what, unit(ours), $"{peerName} {unit(theirs)}", (ratio ?? Times)(ours / theirs), aim));
    }

    private static string Times(double ratio) => $"{Number(ratio < 0.1 ? "0.000" : ratio < 10 ? "0.00" : "N0", ratio)} ×";

    private static string Percent(double ratio) => $"{Number("0", ratio * 100)} %";

    private static string Time(double milliseconds) => $"{Number(milliseconds < 10 ? "0.00" : "0", milliseconds)} ms";

    private static string Each(double milliseconds) => $"{Number(milliseconds < 0.01 ? "0.0" : "0", milliseconds * 1000)} µs";

    private static string Megabytes(double bytes) => $"{Number(bytes < 10e6 ? "0.0" : "N0", bytes / 1e6)} MB";

    private static string Number(string format, double value) => value.ToString(format, CultureInfo.InvariantCulture);

    private sealed record Row(string What, string Postseal, string Beside, string Ratio, string Aim);
}
