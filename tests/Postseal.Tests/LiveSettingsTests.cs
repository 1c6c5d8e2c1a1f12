using Postseal.Policy;
using Postseal.Program.Hosting;
using Postseal.Program.Milter;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.Tests;

public sealed class LiveSettingsTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly SettableTime time = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly LineCollector log = new();
    private readonly string path;
    private LiveSettings? settings;
    private Action? whileReading;
    private int readings;

    public LiveSettingsTests()
    {
        Directory.CreateDirectory(directory.File("certificates"));
        path = directory.File("postseal.ini");
    }

    private SigningMode Mode => settings!.Current.Mail.Signing.Mode;

    [Fact]
    public void A_valid_change_takes_effect_at_the_next_look()
    {
        Start("[Signing]\nMode = Never");

        Change("[Signing]\nMode = Required");

        Assert.Equal(SigningMode.Required, Mode);
        Assert.EndsWith("postseal.ini was read again and is in use", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_change_is_refused_with_one_line_and_the_settings_stay_until_it_is_mended()
    {
        Start("[Signing]\nMode = Never");

        Change("[Signing]\nMode = Perhaps\n[Nonsense]\na = b");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(SigningMode.Never, Mode);
            Pass(5);
        }

        var line = Assert.Single(log.Lines);
        Assert.Contains("the settings before it stay in use", line, StringComparison.Ordinal);
        Assert.Contains("[Signing] Mode: 'Perhaps' is not one of", line, StringComparison.Ordinal);
        Assert.Contains("[Nonsense]", line, StringComparison.Ordinal);
        Change("[Signing]\nMode = Required");
        Assert.Equal(SigningMode.Required, Mode);
    }

    [Fact]
    public void A_mistake_that_is_saved_again_is_told_again()
    {
        Start("[Signing]\nMode = Never");

        for (var i = 1; i <= 2; i++)
        {
            Change("[Signing]\nMode = Perhaps");
            Assert.Equal(SigningMode.Never, Mode);
            Assert.Equal(i, log.Lines.Count);
        }
    }

    [Fact]
    public void A_file_that_is_being_written_is_left_alone_until_it_rests()
    {
        Start("[Signing]\nMode = Required\n[Sender:@example.org]\nMode = Never");

        foreach (var part in (string[])["", "[Signing]\n", "[Signing]\nMode = IfPossible"])
        {
            Pass(2);
            Write(part, age: 0);
            Assert.Equal(SigningMode.Required, Mode);
        }

        Pass(2);
        Assert.Equal(SigningMode.IfPossible, Mode);
    }

    [Fact]
    public void A_file_that_is_gone_is_refused_and_taken_when_it_is_back()
    {
        Start("[Signing]\nMode = Never");

        File.Delete(path);
        Pass(2);
        Assert.Equal(SigningMode.Never, Mode);
        Assert.Contains("stay in use", Assert.Single(log.Lines), StringComparison.Ordinal);

        Change("[Signing]\nMode = Required");
        Assert.Equal(SigningMode.Required, Mode);
    }

    [Fact]
    public void A_file_that_was_emptied_is_refused()
    {
        Start("[Signing]\nMode = Required");

        Change("");

        Assert.Equal(SigningMode.Required, Mode);
        Assert.EndsWith("the settings before it stay in use: it is empty", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_read_while_somebody_wrote_is_read_again()
    {
        Start("[Signing]\nMode = Never");
        whileReading = () => Write("[Signing]\nMode = Required", age: 0);

        Change("[Signing]");
        Assert.Equal(SigningMode.Never, Mode);
        Pass(2);

        Assert.Equal(SigningMode.Required, Mode);
        Assert.Single(log.Lines);
    }

    [Fact]
    public void The_file_of_logins_is_read_again_when_it_changed()
    {
        Write("sales@example.org bob\n", age: 60, "logins");
        Start("[Originating]\nSenderLogins = logins");
        Assert.True(MaySignAsSales("bob"));

        Write("sales@example.org carol\n", age: 0, "logins");
        Pass(2);

        Assert.Equal((false, true), (MaySignAsSales("bob"), MaySignAsSales("carol")));
        Assert.EndsWith("/logins was read again and is in use", Assert.Single(log.Lines), StringComparison.Ordinal);
        Pass(100);
        Assert.True(MaySignAsSales("carol"));
        Assert.Equal(2, readings);
    }

    [Fact]
    public void While_the_file_of_logins_is_wrong_what_it_said_before_stays_in_use()
    {
        Write("sales@example.org bob\n", age: 60, "logins");
        Start("[Originating]\nSenderLogins = logins");

        Write("sales@example.org carol\nsales bob\n", age: 0, "logins");
        for (var i = 0; i < 5; i++)
        {
            Pass(2);
            Assert.Equal((true, false), (MaySignAsSales("bob"), MaySignAsSales("carol")));
        }

        var line = Assert.Single(log.Lines);
        Assert.Contains("/logins is wrong, and the settings before it stay in use: ", line, StringComparison.Ordinal);
        Assert.Contains("/logins line 2: 'sales' is neither an address", line, StringComparison.Ordinal);
        File.Delete(directory.File("logins"));
        Pass(2);
        Assert.True(MaySignAsSales("bob"));
        Write("sales@example.org carol\n", age: 0, "logins");
        Pass(2);
        Assert.Equal((false, true), (MaySignAsSales("bob"), MaySignAsSales("carol")));
    }

    [Fact]
    public void A_file_of_logins_that_is_being_written_is_left_alone_until_it_rests()
    {
        Write("sales@example.org bob\n", age: 60, "logins");
        Start("[Originating]\nSenderLogins = logins");

        Pass(2);
        Write("sales@example.org carol\n", age: 0, "logins");
        Assert.True(MaySignAsSales("bob"));
        Pass(2);

        Assert.False(MaySignAsSales("bob"));
    }

    [Fact]
    public void Settings_refused_for_another_file_are_taken_when_that_is_mended()
    {
        Start("");
        Change("[Originating]\nSenderLogins = logins");
        Assert.False(MaySignAsSales("bob"));

        Write("sales@example.org bob\n", age: 0, "logins");
        Pass(2);

        Assert.True(MaySignAsSales("bob"));
        Assert.Equal(2, log.Lines.Count);
        Write("sales@example.org carol\n", age: 0, "logins");
        Pass(2);
        Assert.True(MaySignAsSales("carol"));
    }

    [Fact]
    public void An_emptied_file_of_logins_gives_nobody_anything()
    {
        Write("sales@example.org bob\n", age: 60, "logins");
        Start("[Originating]\nSenderLogins = logins");

        Write("", age: 0, "logins");
        Pass(2);

        Assert.False(MaySignAsSales("bob"));
    }

    [Theory]
    [InlineData("[Milter]\nMaxConnections = 7", true)]
    [InlineData("[Milter]\nSocket = inet:1@127.0.0.1", true)]
    [InlineData("[Milter]\nPeers = root", true)]
    [InlineData("[Log]\nLevel = Debug", false)]
    [InlineData("[Signing]\nMode = Never", false)]
    public void What_needs_a_restart_is_said(string ini, bool restart)
    {
        Start("");

        Change(ini);
        _ = Mode;

        Assert.Equal(restart, log.Lines.Any(line => line.Contains("takes effect at the next start", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_restart_is_asked_for_until_the_settings_are_again_those_of_the_start()
    {
        Start("");
        Change("[Milter]\nMaxConnections = 7");
        _ = Mode;

        settings!.Reload();
        Assert.Equal(2, log.Lines.Count(line => line.Contains("takes effect at the next start", StringComparison.Ordinal)));

        Change("");
        Write("[Signing]", age: 0);
        settings.Reload();
        Assert.Equal(2, log.Lines.Count(line => line.Contains("takes effect at the next start", StringComparison.Ordinal)));
    }

    [Fact]
    public void On_request_it_is_read_at_once_and_the_log_says_what_came_of_it()
    {
        Start("[Signing]\nMode = Never");
        var told = new List<SigningMode>();
        settings!.Changed += changed => told.Add(changed.Mail.Signing.Mode);

        settings.Reload(); // nothing changed
        Write("[Signing]\nMode = Required", age: 0);
        settings.Reload();
        Assert.Equal(SigningMode.Required, Mode);
        Write("[Signing]\nMode = Perhaps", age: 0);
        settings.Reload();
        Assert.Equal(SigningMode.Required, Mode);
        whileReading = () => Write("[Signing]\nMode = IfPossible", age: 0);
        settings.Reload();

        Assert.Equal([SigningMode.Never, SigningMode.Required], told);
        Assert.Collection(
            log.Lines,
            line => Assert.EndsWith("was read again and is in use", line, StringComparison.Ordinal),
            line => Assert.EndsWith("was read again and is in use", line, StringComparison.Ordinal),
            line => Assert.Contains("is wrong, and the settings before it stay in use", line, StringComparison.Ordinal),
            line => Assert.EndsWith("is being written: it is read when it has rested for a second", line, StringComparison.Ordinal));
        Pass(2);
        Assert.Equal(SigningMode.IfPossible, Mode);
    }

    [Fact]
    public void It_is_looked_at_once_a_second_at_most_and_read_when_it_changed_alone()
    {
        Start("[Signing]\nMode = Never");
        Write("[Signing]\nMode = Required", age: 5);
        Assert.Equal(SigningMode.Never, Mode);

        Pass(2);
        for (var i = 0; i < 100; i++)
            Assert.Equal(SigningMode.Required, Mode);
        Pass(100);
        var before = settings!.Current;

        Assert.Equal(2, readings);
        Assert.Same(before, settings.Current);
    }

    public void Dispose()
    {
        log.Dispose();
        directory.Dispose();
    }

    private void Start(string ini)
    {
        Write(ini, age: 60);
        settings = new LiveSettings(path, Load, time, log);
    }

    private void Change(string ini)
    {
        Write(ini, age: 0);
        Pass(2);
    }

    private void Pass(int seconds) => time.Now = time.Now.AddSeconds(seconds);

    private void Write(string text, int age, string name = "postseal.ini")
    {
        File.WriteAllText(directory.File(name), text);
        File.SetLastWriteTimeUtc(directory.File(name), time.Now.UtcDateTime.AddSeconds(-age));
    }

    private bool MaySignAsSales(string login) => new OriginPolicy(settings!.Current.Mail.Originating)
        .MaySignAs(Address("sales@example.org"), Origin.Authenticated, new Envelope { AuthenticatedUser = login }).IsGranted;

    private MilterSettings Load()
    {
        readings++;
        try
        {
            return MilterSettings.Load(path);
        }
        finally
        {
            whileReading?.Invoke();
            whileReading = null;
        }
    }
}
