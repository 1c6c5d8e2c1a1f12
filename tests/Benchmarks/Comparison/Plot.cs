using System.Globalization;
using System.Text;

namespace Postseal.Benchmarks.Comparison;

/// <summary>Draws messages a second by connections and by size, one line a series, both axes logarithmic, as SVG.</summary>
internal sealed class Plot
{
    private const int Width = 960;
    private const int Height = 360;
    private const int Top = 68;
    private const int PanelHeight = 240;
    private const int LabelHeight = 18;
    private const double Lowest = 10;
    private const double Highest = 100_000;

    private static readonly (string Series, string Label, string Class)[] Lines =
    [
        (Series.P256, "Postseal, P-256", "p256"), (Series.Rsa, "Postseal, RSA", "rsa"), (Series.OpenDkim, "OpenDKIM, RSA", "dkim"),
    ];

    private readonly StringBuilder svg = new();

    public static string Draw(Medians medians)
    {
        var plot = new Plot();
        plot.Begin();
        plot.Panel(
            70, 250, "by connections (4 KiB)", [1, 4, 16], x => $"{x:0}",
            (series, x) => medians.Find(series, Ways.Unix, (int)x, 4096));
        plot.Panel(
            500, 330, "by size (four connections)", [1 << 10, 4 << 10, 64 << 10, 1 << 20, 25 << 20], Bytes,
            (series, x) => medians.Find(series, Ways.Unix, 4, (int)x));
        return plot.svg.AppendLine("</svg>").ToString();
    }

    // A page may be light or dark, and the picture has no ground of its own.
    private void Begin() => svg.AppendLine(CultureInfo.InvariantCulture, $$"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{Width}} {{Height}}" role="img" font-family="system-ui, sans-serif" font-size="13">
        <title>Messages a second, Postseal and OpenDKIM</title>
        <style>
        text { fill: #1f2328 } .grid { stroke: #d1d9e0 } .line { fill: none; stroke-width: 2.5 } .title { font-weight: 600; font-size: 14px }
        .p256 { stroke: #1a7f37 } .rsa { stroke: #0969da } .dkim { stroke: #bc4c00 }
        .p256-fill { fill: #1a7f37 } .rsa-fill { fill: #0969da } .dkim-fill { fill: #bc4c00 }
        @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3 } .grid { stroke: #3d444d }
        .p256 { stroke: #3fb950 } .rsa { stroke: #58a6ff } .dkim { stroke: #f0883e }
        .p256-fill { fill: #3fb950 } .rsa-fill { fill: #58a6ff } .dkim-fill { fill: #f0883e }
        }
        </style>
        <text class="title" x="14" y="22">Messages a second through the milter's Unix socket</text>
        """);

    private void Panel(
        double left, double width, string title, double[] ticks, Func<double, string> label,
        Func<string, double, Measurement?> find)
    {
        Write($"""<text class="title" x="{left}" y="{Top - 20}">{title}</text>""");
        for (var y = Lowest; y <= Highest; y *= 10)
        {
            Write($"""<line class="grid" x1="{left}" x2="{left + width - 10}" y1="{Y(y):0}" y2="{Y(y):0}"/>""");
            Write($"""<text x="{left - 8}" y="{Y(y) + 4:0}" text-anchor="end">{y:N0}</text>""");
        }

        foreach (var tick in ticks)
            Write($"""<text x="{X(tick):0}" y="{Top + PanelHeight + 22}" text-anchor="middle">{label(tick)}</text>""");

        var ends = new List<(double Y, string Label, string Class)>();
        foreach (var (series, name, colour) in Lines)
        {
            var points = ticks.Select(tick => (X: X(tick), Found: find(series, tick))).Where(point => point.Found is not null)
                .Select(point => (point.X, Y: Y(point.Found!.PerSecond))).ToList();
            if (points.Count == 0)
                continue;
            Line(points, colour);
            ends.Add((points[^1].Y, name, colour));
        }

        Labels(left + width, ends);

        double X(double value) => left + 14 + (width - 28) * Math.Log(value / ticks[0]) / Math.Log(ticks[^1] / ticks[0]);
    }

    private void Line(List<(double X, double Y)> points, string colour)
    {
        var path = string.Join(' ', points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.X:0.0},{p.Y:0.0}")));
        Write($"""<polyline class="line {colour}" points="{path}"/>""");
        foreach (var (x, y) in points)
            Write($"""<circle class="{colour}-fill" cx="{x:0.0}" cy="{y:0.0}" r="3.5"/>""");
    }

    /// <summary>Names the lines where they end, from the top down and never over one another.</summary>
    private void Labels(double x, List<(double Y, string Label, string Class)> ends)
    {
        var free = double.NegativeInfinity;
        foreach (var (y, label, colour) in ends.OrderBy(end => end.Y))
        {
            free = Math.Max(y, free + LabelHeight);
            Write($"""<text class="{colour}-fill" x="{x - 6:0}" y="{free + 4:0}">{label}</text>""");
        }
    }

    private static double Y(double value) =>
        Top + PanelHeight - PanelHeight * Math.Log(Math.Clamp(value, Lowest, Highest) / Lowest) / Math.Log(Highest / Lowest);

    private static string Bytes(double size) => size >= 1 << 20 ? $"{size / (1 << 20):0} MiB" : $"{size / 1024:0} KiB";

    private void Write(FormattableString element) => svg.AppendLine(FormattableString.Invariant(element));
}
