using Postseal.Program.Files;
using Postseal.TestKit;

namespace Postseal.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_write_that_fails_leaves_what_was_there_and_nothing_else(bool replace)
    {
        // A directory of that name cannot be replaced by a file: the last step fails.
        Directory.CreateDirectory(directory.File("there"));
        File.WriteAllText(directory.File("there/inside"), "precious");

        Assert.ThrowsAny<Exception>(() => AtomicFile.Write(directory.File("there"), "new", AtomicFile.Private, replace));

        Assert.Equal([directory.File("there")], Directory.EnumerateFileSystemEntries(directory.Path));
        Assert.Equal("precious", File.ReadAllText(directory.File("there/inside")));
    }

    [Fact]
    public void Of_many_that_write_a_new_file_at_the_same_time_one_does()
    {
        for (var round = 0; round < 50; round++)
        {
            var (path, written) = (directory.File($"new-{round}"), new int[8]);
            Parallel.For(0, written.Length, new ParallelOptions { MaxDegreeOfParallelism = written.Length }, i =>
            {
                try
                {
                    AtomicFile.Write(path, $"{i}", AtomicFile.Private, replace: false);
                    written[i] = 1;
                }
                catch (IOException)
                {
                    // Another one was faster.
                }
            });

            Assert.Equal(1, written.Sum());
            Assert.Equal(1, written[int.Parse(File.ReadAllText(path), System.Globalization.CultureInfo.InvariantCulture)]);
        }

        Assert.Equal(50, Directory.EnumerateFileSystemEntries(directory.Path).Count());
    }

    [Fact]
    public async Task A_reader_finds_the_old_content_or_the_new_but_never_a_mixture()
    {
        var path = directory.File("file");
        var contents = new[] { new string('a', 1 << 20), new string('b', 1 << 20) };
        AtomicFile.Write(path, contents[0], AtomicFile.Private, replace: false);
        using var done = new CancellationTokenSource();
        var reader = Task.Run(() =>
        {
            var seen = new HashSet<string>();
            while (!done.IsCancellationRequested)
                seen.Add(File.ReadAllText(path));
            return seen;
        });

        for (var i = 1; i < 60; i++)
            AtomicFile.Write(path, contents[i % 2], AtomicFile.Private, replace: true);
        await done.CancelAsync();

        Assert.Subset(contents.ToHashSet(), await reader);
    }

    public void Dispose() => directory.Dispose();
}
