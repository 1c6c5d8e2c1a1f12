using Postseal.Benchmarks.Comparison;

namespace Postseal.Benchmarks.Tests;

public sealed class ReportTests
{
    [Theory]
    [InlineData(new double[] { 900, 100, 300 }, 300)]
    [InlineData(new double[] { 100, 400, 200, 300 }, 250)]
    [InlineData(new double[] { 7 }, 7)]
    public void The_middle_of_the_rounds_counts(double[] rounds, double median)
    {
        var medians = Measured.Of(rounds.Select(perSecond => Measured.Milter(Series.Rsa, perSecond)));

        Assert.Equal(median, medians.Find(Series.Rsa, Ways.Unix, 4, 4096)!.PerSecond);
    }

    [Fact]
    public void A_row_tells_both_figures_their_ratio_and_the_aim()
    {
        var table = Report.Write(Measured.Of(Measured.Milter(Series.Rsa, 2280), Measured.Milter(Series.OpenDkim, 760)), "a machine");

        Assert.Contains("| RSA-2048, four connections, Unix socket | 2,280/s | OpenDKIM 760/s | 3.00 × | ≥ 3 × |", table, StringComparison.Ordinal);
        Assert.Contains("| RSA-2048, four connections: p99 beside p50 | 4.00 ms | OpenDKIM 4.00 ×, p50 1.00 ms | 4.00 × | ≤ 5 × |", table, StringComparison.Ordinal);
        Assert.Contains("a machine", table, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_whose_peer_was_not_measured_is_left_out()
    {
        var table = Report.Write(Measured.Of(Measured.Milter(Series.Rsa, 2280)), "a machine");

        Assert.DoesNotContain("2,280/s", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_is_told_beside_the_size_of_all_messages_at_once()
    {
        var peak = new Measurement(Series.P256, Ways.PeakMemory, 16, 25 << 20, 0) { Bytes = 2 * 16 * (25 << 20) };

        Assert.Contains("their size 419 MB | 2.00 ×", Report.Write(Measured.Of(peak), "a machine"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_plot_names_each_measured_series_once_a_panel()
    {
        var svg = Plot.Draw(Measured.Of(Measured.Milter(Series.P256, 9000), Measured.Milter(Series.OpenDkim, 760)));

        Assert.Equal(2, svg.Split(">OpenDKIM, RSA<").Length - 1);
        Assert.DoesNotContain(">Postseal, RSA<", svg, StringComparison.Ordinal);
        System.Xml.Linq.XDocument.Parse(svg);
    }

    [Fact]
    public void The_table_takes_the_place_of_the_old_one_and_nothing_else()
    {
        const string document = "# Title\n<!-- compare:begin -->\nold\n<!-- compare:end -->\nrest\n";

        Assert.Equal(
            "# Title\n<!-- compare:begin -->\nnew\n<!-- compare:end -->\nrest\n", MarkedSection.Replace(document, "new\n"));
    }

    [Theory]
    [InlineData("no markers")]
    [InlineData("<!-- compare:end --> and <!-- compare:begin -->")]
    public void A_document_without_the_section_is_left_alone(string document) =>
        Assert.Throws<FormatException>(() => MarkedSection.Replace(document, "new"));
}
