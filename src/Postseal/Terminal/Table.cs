namespace Postseal.Program.Terminal;

/// <summary>Rows in columns as wide as their widest cell; the last column runs on.</summary>
internal static class Table
{
    public static void Write(CommandOutput output, string[] header, IEnumerable<string[]> rows)
    {
        List<string[]> all = [header, .. rows];
        var widths = Enumerable.Range(0, header.Length - 1).Select(column => all.Max(row => row[column].Length)).ToArray();
        foreach (var row in all)
        {
            var cells = row.Select((cell, column) => column < widths.Length ? cell.PadRight(widths[column]) : cell);
            output.Line("  " + string.Join("  ", cells).TrimEnd());
        }
    }
}
