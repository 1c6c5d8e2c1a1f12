using System.Runtime.Versioning;
using System.Text;
using Postseal.Program.Files;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>Messages in a Maildir that others work with meanwhile: what is replaced, and what nobody may make of it.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class MaildirTests : IDisposable
{
    private const string Name = "1700000000.M1P1.mx,S=3,W=4:2,S";

    private static readonly DateTime Arrived = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly TemporaryDirectory directory = new();

    public MaildirTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has what this needs");
        Folder("");
    }

    [Theory]
    [InlineData("1700000000.M1P1.mx", "1700000000.M1P1.mx.opened")]
    [InlineData("1700000000.M1P1.mx:2,FS", "1700000000.M1P1.mx.opened:2,FS")]
    [InlineData("1700000000.M1P1.mx,S=1,W=2:2,FSa", "1700000000.M1P1.mx.opened,S=10,W=12:2,FSa")]
    [InlineData("1700000000.M1P1.mx,W=2,X=7,S=1:2,", "1700000000.M1P1.mx.opened,W=12,X=7,S=10:2,")]
    [InlineData("1700000000.M1P1.mx,S=1", "1700000000.M1P1.mx.opened,S=10")]
    [InlineData("1,S=x:2,S=3", "1.opened,S=x:2,S=3")]
    [InlineData("", ".opened")]
    public void What_is_opened_has_the_name_of_another_message_with_the_same_flags_and_its_own_size(string name, string opened)
    {
        Assert.Equal(name, MaildirName.Parse(name).ToString());
        Assert.Equal(opened, MaildirName.Parse(name).Opened(10, 12).ToString());
    }

    [Fact]
    public void A_message_is_replaced_with_its_flags_its_date_and_its_permissions()
    {
        Write("cur/" + Name);
        File.SetUnixFileMode(At("cur/" + Name), AtomicFile.Private | UnixFileMode.GroupRead | UnixFileMode.SetUser);

        Assert.True(Replace("clear", 6));

        var file = Assert.Single(Directory.GetFiles(At("cur")));
        Assert.Equal("1700000000.M1P1.mx.opened,S=5,W=6:2,S", Path.GetFileName(file));
        Assert.Equal(("clear", Arrived), (File.ReadAllText(file), File.GetLastWriteTimeUtc(file)));
        Assert.Equal(AtomicFile.Private | UnixFileMode.GroupRead, File.GetUnixFileMode(file));
        Assert.Empty(Directory.GetFiles(At("tmp")));
    }

    [Fact]
    public void All_folders_are_found_however_they_are_nested_and_no_symbolic_link_is_followed()
    {
        foreach (var folder in (string[])[".Sent", ".Sent.Old", "Archive", "Archive/2026"])
            Folder(folder);
        using var elsewhere = new TemporaryDirectory();
        foreach (var part in (string[])["cur", "new", "tmp"])
            Directory.CreateDirectory(elsewhere.File(part));
        Directory.CreateSymbolicLink(At(".Link"), elsewhere.Path);
        Folder(".Half");
        Directory.Delete(At(".Half/cur"));
        Directory.CreateSymbolicLink(At(".Half/cur"), elsewhere.File("cur"));

        Assert.Equal(
            ["", ".Sent", ".Sent.Old", "Archive", "Archive/2026"],
            MaildirFolder.In(directory.Path, TimeProvider.System).Select(folder => folder.Path[directory.Path.Length..].TrimStart('/')));
        Assert.Throws<IOException>(() => MaildirFolder.In(At(".Link"), TimeProvider.System).ToList());
    }

    [Fact]
    public void Only_regular_files_are_messages()
    {
        Write("cur/real:2,");
        File.CreateSymbolicLink(At("cur/link:2,"), At("cur/real:2,"));
        Directory.CreateDirectory(At("cur/directory:2,"));
        SpecialFile.MakeFifo(At("cur/fifo:2,"));
        Write("cur/.hidden");

        foreach (var folder in MaildirFolder.In(directory.Path, TimeProvider.System))
        {
            Assert.Equal(["directory", "fifo", "link", "real"], folder.Messages().Select(message => message.Name.Unique));
            Assert.Equal([false, false, false, true], folder.Messages().Select(message =>
            {
                using var file = message.Open();
                return file is not null;
            }));
        }
    }

    [Fact]
    public void A_message_whose_flags_change_meanwhile_is_replaced_with_the_new_ones()
    {
        Write("new/" + Name.Split(':')[0]);

        Assert.True(Replace("clear", 6, () => File.Move(At("new/" + Name.Split(':')[0]), At($"cur/{Name}F"))));

        Assert.Equal(["1700000000.M1P1.mx.opened,S=5,W=6:2,SF"], Names("cur"));
        Assert.Empty(Names("new"));
        Assert.Empty(Names("tmp"));
    }

    // The new one is there already, with the flags of before, or for a message that is no more.
    [Theory]
    [InlineData(true, "1700000000.M1P1.mx.opened,S=5,W=6:2,SF")]
    [InlineData(false)]
    public void And_where_that_is_after_the_new_one_was_written_it_follows(bool isThere, params string[] expected)
    {
        Write("cur/" + Name);
        foreach (var folder in MaildirFolder.In(directory.Path, TimeProvider.System))
        {
            var message = folder.Messages()[0];
            Write("cur/1700000000.M1P1.mx.opened,S=5,W=6:2,S");
            File.Delete(At("cur/" + Name));
            if (isThere)
                Write($"cur/{Name}F");

            Assert.Equal(isThere, folder.RemoveOld(message, message.Place, message.Name.Opened(5, 6)));
        }

        Assert.Equal(expected, Names("cur"));
    }

    [Fact]
    public void A_message_that_is_deleted_meanwhile_does_not_come_back()
    {
        Write("cur/" + Name);

        Assert.False(Replace("clear", 6, () => File.Delete(At("cur/" + Name))));

        Assert.Empty(Names("cur"));
        Assert.Empty(Names("tmp"));
    }

    // A machine that stops at any point leaves the old one, or both; the run after that goes on there.
    [Fact]
    public void A_run_that_was_cut_off_between_the_two_is_ended_by_the_next()
    {
        Write("cur/" + Name);
        Write("cur/1700000000.M1P1.mx.opened,S=5,W=6:2,RS");

        Assert.True(Replace("clear", 6));

        Assert.Equal(["1700000000.M1P1.mx.opened,S=5,W=6:2,RS"], Names("cur"));
        Assert.Equal("old", File.ReadAllText(At("cur/1700000000.M1P1.mx.opened,S=5,W=6:2,RS")));
    }

    [Fact]
    public void What_a_run_left_in_tmp_goes_and_nothing_else_does()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        string[] others = [$"{now}.0123456789abcdef.postseal", "1.0123456789abcdef.mx", "1.postseal", "a.0123456789abcdef.postseal"];
        foreach (var name in (string[])[.. others, $"{now - 3600}.0123456789abcdef.postseal", "1.0123456789abcdef.postseal"])
            Write("tmp/" + name);

        foreach (var folder in MaildirFolder.In(directory.Path, TimeProvider.System))
            folder.CleanUp();

        Assert.Equal(others.Order(), Names("tmp").Order());
    }

    // Either no file can be made in tmp, or it cannot be given to the owner of the old one.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_cannot_be_written_leaves_the_old_one(bool isOpen)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can work as somebody else");
        Write("cur/" + Name);
        File.SetUnixFileMode(At("tmp"), isOpen ? AtomicFile.Public | (UnixFileMode)0x1ff : (UnixFileMode)0x1ed);

        Unprivileged.Run(() => Assert.Throws<IOException>(() => Replace("clear", 6)));

        Assert.Equal("old", File.ReadAllText(At("cur/" + Name)));
        Assert.Equal([Name], Names("cur"));
        Assert.Empty(Names("tmp"));
    }

    [Fact]
    public void Nor_does_it_go_where_something_else_has_the_name_of_the_new_one()
    {
        Write("cur/" + Name);
        Directory.CreateDirectory(At("cur/1700000000.M1P1.mx.opened,S=5,W=6:2,S"));

        Assert.Throws<IOException>(() => Replace("clear", 6));

        Assert.Equal([Name], Names("cur"));
        Assert.Empty(Names("tmp"));
    }

    public void Dispose() => directory.Dispose();

    private void Folder(string name)
    {
        foreach (var part in (string[])["cur", "new", "tmp"])
            Directory.CreateDirectory(At($"{name}/{part}"));
    }

    private string At(string name) => Path.Combine(directory.Path, name.TrimStart('/'));

    private void Write(string name)
    {
        File.WriteAllText(At(name), "old");
        File.SetLastWriteTimeUtc(At(name), Arrived);
    }

    private string[] Names(string part) => [.. Directory.GetFiles(At(part)).Select(file => Path.GetFileName(file)!)];

    /// <summary>Replaces the first message of the first folder.</summary>
    /// <param name="meanwhile">What others do after it was listed.</param>
    private bool Replace(string content, long wireSize, Action? meanwhile = null)
    {
        foreach (var folder in MaildirFolder.In(directory.Path, TimeProvider.System))
        {
            var message = folder.Messages()[0];
            meanwhile?.Invoke();
            return folder.Replace(message, Encoding.ASCII.GetBytes(content), wireSize);
        }

        throw new InvalidOperationException("There is no folder.");
    }
}
