namespace Postseal.TestKit;

/// <summary>The files of this repository, for tests of what its documents say.</summary>
public static class Repository
{
    private static readonly string Root = Find();

    public static string File(string path) => Path.Combine(Root, path);

    private static string Find()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (System.IO.File.Exists(Path.Combine(directory, "plugins.sln")))
                return directory;
        }

        throw new DirectoryNotFoundException($"No repository is above {AppContext.BaseDirectory}.");
    }
}
