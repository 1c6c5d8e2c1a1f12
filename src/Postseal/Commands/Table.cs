using Postseal.Program.Logging;

namespace Postseal.Program.Commands;

/// <summary>Rows in columns as wide as their widest cell; the last column runs on.</summary>
internal static class Table
{
    public static void Write(TextWriter output, string[] header, IEnumerable<string[]> rows)
    {
        List<string[]> all = [header, .. rows.Select(row => Array.ConvertAll(row, PlainText.Of))];
        var widths = Enumerable.Range(0, header.Length - 1).Select(column => all.Max(row => row[column].Length)).ToArray();
        foreach (var row in all)
        {
            var cells = row.Select((cell, column) => column < widths.Length ? cell.PadRight(widths[column]) : cell);
            output.WriteLine("  " + string.Join("  ", cells).TrimEnd());
        }
    }
}
