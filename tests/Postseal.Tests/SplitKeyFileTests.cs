using Postseal.Program.Milter.Splitting;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>The key of split mail: made once, whoever is first, and told apart from everything that is none.</summary>
public sealed class SplitKeyFileTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly LineCollector log = new();

    private string State => directory.File("state");

    private string File => Path.Combine(State, "split.key");

    [Fact]
    public void It_is_made_when_it_is_first_needed_and_its_owner_alone_reads_it()
    {
        var key = Key().ReadOrCreate();

        Assert.Equal(32, key.Length);
        Assert.Equal(key, Key().Read());
        Assert.Equal(key, Key().ReadOrCreate());
        Assert.Equal(key, Convert.FromBase64String(System.IO.File.ReadAllText(File)));
        Assert.Equal(("700", "600"), (Permissions.Of(State), Permissions.Of(File)));
        Assert.Equal($"{File} was made: hosts that split mail for each other need the same", Assert.Single(log.Lines));
        Assert.Equal([File], Directory.GetFileSystemEntries(State));
    }

    [Fact]
    public void Of_many_that_make_one_at_the_same_time_all_use_that_of_the_first()
    {
        for (var round = 0; round < 20; round++)
        {
            var keys = new byte[8][];
            Parallel.For(0, keys.Length, new ParallelOptions { MaxDegreeOfParallelism = keys.Length }, i => keys[i] = Key().ReadOrCreate());

            Assert.Single(keys.Select(Convert.ToHexString).Distinct());
            Directory.Delete(State, recursive: true);
        }
    }

    [Theory]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")]
    [InlineData(" AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\r\n\n")]
    public void One_that_another_host_made_is_used_as_it_is(string text)
    {
        Write(text);

        Assert.Equal(Enumerable.Range(0, 32).Select(i => (byte)i), Key().ReadOrCreate());
        Assert.Empty(log.Lines);
        Assert.Equal(text, System.IO.File.ReadAllText(File));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("AAECAwQFBgcICQoLDA0ODw==")]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==")]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")]
    [InlineData("this is no key at all, though as long as one")]
    public void What_is_no_key_is_an_error_that_says_what_to_do_and_stays_as_it_is(string text)
    {
        Write(text);

        var error = Assert.Throws<IOException>(() => Key().ReadOrCreate());

        Assert.StartsWith($"{File} is not a key of 32 bytes in base64: copy it again from the host it is from", error.Message, StringComparison.Ordinal);
        Assert.Equal(text, System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void In_the_second_pass_none_is_made()
    {
        Assert.ThrowsAny<IOException>(() => Key().Read());
        Assert.False(Directory.Exists(State));
    }

    [Fact]
    public void A_directory_that_cannot_be_written_is_an_error_that_names_the_setting()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other permissions");
        Directory.CreateDirectory(State);
        Permissions.Set(directory.Path, "755");
        Permissions.Set(State, "555");

        Unprivileged.Run(() =>
        {
            var error = Assert.Throws<IOException>(() => Key().ReadOrCreate());
            Assert.StartsWith($"{File} cannot be made: ", error.Message, StringComparison.Ordinal);
            Assert.Contains("[State] Path", error.Message, StringComparison.Ordinal);
        });
        Permissions.Set(State, "700");
    }

    [Fact]
    public void A_file_where_the_directory_should_be_is_an_error_that_names_the_setting()
    {
        System.IO.File.WriteAllText(State, "");

        var error = Assert.Throws<IOException>(() => Key().ReadOrCreate());

        Assert.StartsWith($"{File} cannot be made: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("[State] Path", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_must_not_be_read_is_an_error_that_says_so()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other permissions");
        Write("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        Permissions.Set(directory.Path, "755");
        Permissions.Set(State, "755");
        Permissions.Set(File, "600");

        // Whoever runs the tests may be the file's owner.
        if (Environment.IsPrivilegedProcess)
            Unprivileged.Run(() => Assert.Contains("must be readable for the daemon", Assert.Throws<IOException>(() => Key().Read()).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void One_that_everybody_can_read_is_used_with_one_warning()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other permissions");
        Write("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        Permissions.Set(File, "644");
        var key = Key();

        Assert.Equal(key.Read(), key.Read());

        Assert.Equal($"{File} holds a secret that everyone can read; 'chmod o= {File}'", Assert.Single(log.Lines));
    }

    [Fact]
    public void A_FIFO_in_its_place_holds_nothing_up()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells them apart");
        Directory.CreateDirectory(State);
        SpecialFile.MakeFifo(File);

        Assert.Contains("is a FIFO", Assert.Throws<IOException>(() => Key().ReadOrCreate()).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        log.Dispose();
        directory.Dispose();
    }

    private SplitKeyFile Key() => new(State, log);

    private void Write(string text)
    {
        Directory.CreateDirectory(State);
        System.IO.File.WriteAllText(File, text);
        Permissions.Set(File, "600");
    }
}
