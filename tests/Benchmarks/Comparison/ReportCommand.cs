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
        var readme = new Option<string?>("--readme") { Description = "A Markdown file to put the table into, between its markers." };
        var command = new Command("report", "Make the table, and the plot, of what 'compare' measured.") { measurements, machine, plot, readme };
        command.SetAction(arguments =>
        {
            var medians = Medians.Read(File.ReadLines(arguments.GetValue(measurements)!));
            var table = Report.Write(medians, arguments.GetValue(machine)!);
            Console.Write(table);
            if (arguments.GetValue(plot) is { } picture)
                File.WriteAllText(picture, Plot.Draw(medians));
            if (arguments.GetValue(readme) is { } document)
                File.WriteAllText(document, MarkedSection.Replace(File.ReadAllText(document), table));
        });
        return command;
    }
}
