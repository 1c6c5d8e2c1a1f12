namespace Postseal.Program.Store;

/// <summary>What became of one file that was to be imported.</summary>
/// <param name="file">The file as it was named.</param>
internal sealed class ImportReport(string file)
{
    private readonly List<string> lines = [];
    private bool hasProblem;

    public string File => file;

    /// <summary>Gets a line for each thing in the file.</summary>
    public IReadOnlyList<string> Lines => lines;

    /// <summary>Gets whether something in it was put into the directory.</summary>
    public bool BroughtSomething { get; private set; }

    /// <summary>Gets whether something in it was refused, or there was nothing new in it.</summary>
    public bool Failed => hasProblem || !BroughtSomething;

    public void Imported(string line)
    {
        BroughtSomething = true;
        lines.Add(line);
    }

    public void Skipped(string line) => lines.Add(line);

    public void Refused(string line)
    {
        hasProblem = true;
        lines.Add(line);
    }
}
