using System.Globalization;
using System.Text;

namespace Postseal.Benchmarks.Comparison;

/// <summary>Draws messages a second by connections and by size, one line a series, both axes logarithmic, as SVG.</summary>
internal static class Plot
{
    private const int Width = 420;
    private const int Height = 260;
    private const int Left = 60;
    private const int Top = 40;

    private static readonly (string Series, string Colour)[] Lines =
    [
        (Report.P256, "#1b7837"), (Report.Rsa, "#2166ac"), (Report.OpenDkim, "#b2182b"),
    ];

    public static string Draw(Report report)
    {
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * (Width + Left) + 60} {Height + 120}" font-family="sans-serif" font-size="12">""");
        svg.AppendLine("""<rect width="100%" height="100%" fill="white"/>""");
        Panel(svg, report, 0, "messages a second by connections (4 KiB)", m => m.Size == 4096, m => m.Connections, [1, 2, 4, 8, 16], x => $"{x:0}");
        Panel(svg, report, Width + Left + 30, "messages a second by size (4 connections)", m => m.Connections == 4, m => m.Size, [1024, 4096, 65536, 1048576], Bytes);
        var legend = Left;
        foreach (var (series, colour) in Lines)
        {
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect x="{legend}" y="{Top + Height + 48}" width="14" height="4" fill="{colour}"/><text x="{legend + 20}" y="{Top + Height + 54}">{series}</text>""");
            legend += 190;
        }

        svg.AppendLine("</svg>");
        return svg.ToString();
    }

    private static void Panel(
        StringBuilder svg, Report report, int offset, string title, Func<Measurement, bool> where, Func<Measurement, double> xOf,
        double[] ticks, Func<double, string> label)
    {
        double X(double value) => offset + Left + (Width - 20) * Math.Log(value / ticks[0]) / Math.Log(ticks[^1] / ticks[0]);
        double Y(double value) => Top + Height - Height * Math.Log10(Math.Max(value, 10) / 10) / 4;

        svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{offset + Left}" y="{Top - 16}" font-weight="bold">{title}</text>""");
        foreach (var y in (double[])[10, 100, 1000, 10_000, 100_000])
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<line x1="{offset + Left}" x2="{offset + Left + Width - 20}" y1="{Y(y):0}" y2="{Y(y):0}" stroke="#ddd"/><text x="{offset + Left - 6}" y="{Y(y) + 4:0}" text-anchor="end">{y:N0}</text>""");
        foreach (var x in ticks)
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{X(x):0}" y="{Top + Height + 20}" text-anchor="middle">{label(x)}</text>""");
        foreach (var (series, colour) in Lines)
        {
            var points = report.Series(series, "unix", where).OrderBy(xOf).ToList();
            var path = string.Join(' ', points.Select(m => string.Create(CultureInfo.InvariantCulture, $"{X(xOf(m)):0.0},{Y(m.PerSecond):0.0}")));
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>""");
            foreach (var m in points)
                svg.AppendLine(CultureInfo.InvariantCulture, $"""<circle cx="{X(xOf(m)):0.0}" cy="{Y(m.PerSecond):0.0}" r="3" fill="{colour}"/>""");
        }
    }

    private static string Bytes(double size) => size >= 1 << 20 ? $"{size / (1 << 20):0} MiB" : $"{size / 1024:0} KiB";
}
