using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests.Certificates.Store;

/// <summary>To whom mail was encrypted is remembered, and never at the price of a message.</summary>
public sealed class CorrespondentMemoryTests : IDisposable
{
    private readonly TemporaryDirectory state = new();
    private readonly LineCollector log = new();

    [Fact]
    public void Who_was_encrypted_to_is_known_from_then_on_in_any_spelling()
    {
        var memory = Open();
        memory.Remember(Address("Bob@Bücher.example"));
        memory.Remember(Address("bob@bücher.example"));

        foreach (var one in (CorrespondentMemory[])[memory, Open()])
        {
            Assert.True(one.Knows(Address("BOB@xn--bcher-kva.example")));
            Assert.False(one.Knows(Address("carol@example.net")));
        }

        Assert.Equal("bob@xn--bcher-kva.example\n", File.ReadAllText(state.File("state/correspondents")));
        Assert.Empty(log.Lines);
    }

    [Fact]
    public void The_file_and_its_directory_are_the_owners_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are Unix's");
        Open().Remember(Address("bob@example.net"));

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(state.File("state/correspondents")));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(state.File("state")));
        }
    }

    [Fact]
    public void Several_processes_lose_nothing_of_each_other()
    {
        Parallel.For(0, 8, process =>
        {
            var memory = Open();
            for (var i = 0; i < 100; i++)
                memory.Remember(Address($"user{i}@host{process}.example"));
        });

        var lines = File.ReadAllLines(state.File("state/correspondents"));
        Assert.Equal(800, lines.Distinct().Count());
        Assert.All(lines, line => Assert.Matches(@"^user\d+@host\d\.example$", line));
    }

    [Fact]
    public void What_could_not_be_written_is_told_once_and_written_later()
    {
        var memory = Open();
        Directory.CreateDirectory(state.File("state/correspondents"));

        memory.Remember(Address("bob@example.net"));
        memory.Remember(Address("carol@example.net"));
        Assert.Contains("it is not remembered to whom mail was encrypted: ", Assert.Single(log.Lines), StringComparison.Ordinal);

        Directory.Delete(state.File("state/correspondents"));
        memory.Remember(Address("dave@example.net"));

        Assert.True(Open().Knows(Address("dave@example.net")));
    }

    [Fact]
    public void A_directory_that_must_not_be_written_holds_up_nobody()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are Unix's");
        Directory.CreateDirectory(state.File("state"));

        Unprivileged.Run(() =>
        {
            if (!OperatingSystem.IsWindows() && !Environment.IsPrivilegedProcess)
                File.SetUnixFileMode(state.File("state"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
            Open().Remember(Address("bob@example.net"));
        });

        Assert.Contains("it is not remembered to whom mail was encrypted", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_not_an_empty_one()
    {
        Directory.CreateDirectory(state.File("state/correspondents"));

        Assert.ThrowsAny<Exception>(() => Open().Knows(Address("bob@example.net")));
        Assert.False(new CorrespondentMemory(state.File("nowhere"), log).Knows(Address("bob@example.net")));
    }

    [Fact]
    public void A_line_that_was_cut_off_spoils_no_other()
    {
        Directory.CreateDirectory(state.File("state"));
        state.Write("state/correspondents", "bob@example.net\ncarol@exa");

        Open().Remember(Address("dave@example.net"));

        Assert.Equal(["bob@example.net", "carol@exa", "dave@example.net"], File.ReadAllLines(state.File("state/correspondents")));
        Assert.True(Open().Knows(Address("dave@example.net")));
    }

    [Fact]
    public void An_address_cannot_write_other_lines()
    {
        var memory = Open();
        memory.Remember(new MailAddress("a\nmallory", "example.net"));
        memory.Remember(Address("bob@example.net"));

        Assert.Equal(["bob@example.net"], File.ReadAllLines(state.File("state/correspondents")));
    }

    [Fact]
    public void It_does_not_grow_without_end()
    {
        var memory = new CorrespondentMemory(state.File("state"), log, maxAddresses: 10);
        for (var i = 0; i < 20; i++)
            memory.Remember(Address($"user{i}@example.net"));

        Assert.Equal(10, File.ReadAllLines(state.File("state/correspondents")).Length);
        Assert.True(memory.Knows(Address("user9@example.net")));
        Assert.Contains("has 10 addresses and takes no more", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_without_a_state_directory_remember_as_long_as_the_program_runs()
    {
        var memory = new CorrespondentMemory("state", log);
        memory.Remember(Address("bob@example.net"));

        Assert.True(memory.Knows(Address("bob@example.net")));
        Assert.False(Directory.Exists("state"));
    }

    public void Dispose() => state.Dispose();

    private CorrespondentMemory Open() => new(state.File("state"), log);
}
