using System.CommandLine;

namespace Postseal.Benchmarks.Comparison;

/// <summary><c>report</c>: makes the table and the plot of measurements.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var measurements = new Argument<string>("measurements") { Description = "The file of JSON lines." };
        var machine = new Option<string>("--machine") { Description = "The machine, in a few words.", DefaultValueFactory = _ => "this machine" };
        var plot = new Option<string?>("--plot") { Description = "Where to write the plot (SVG)." };
        var command = new Command("report", "Make the table, and the plot, of what 'compare' measured.") { measurements, machine, plot };
        command.SetAction(arguments =>
        {
            var report = Report.Read(File.ReadLines(arguments.GetValue(measurements)!));
            Console.Write(report.ToMarkdown(arguments.GetValue(machine)!));
            if (arguments.GetValue(plot) is { } path)
                File.WriteAllText(path, Plot.Draw(report));
        });
        return command;
    }
}
