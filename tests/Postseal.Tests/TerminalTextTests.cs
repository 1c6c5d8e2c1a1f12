using FsCheck;
using FsCheck.Fluent;
using Postseal.Program.Terminal;

namespace Postseal.Tests;

public sealed class TerminalTextTests
{
    [Theory]
    [InlineData("\u001b[31mred", "\uFFFD[31mred")]
    [InlineData("one\r\ntwo", "one\uFFFD\uFFFDtwo")]
    [InlineData("\u202eevil", "\uFFFDevil")]
    [InlineData("\u009b31m", "\uFFFD31m")]
    [InlineData("Bücher, 書籍, 📚", "Bücher, 書籍, 📚")]
    public void Text_for_a_terminal_loses_its_controls_and_nothing_else(string text, string shown) =>
        Assert.Equal(shown, TerminalText.Escape(text));

    [Fact]
    public void No_text_brings_a_control_to_the_terminal() => Prop.ForAll<string>(
        text => !TerminalText.Escape(text ?? "").Any(char.IsControl)).QuickCheckThrowOnFailure();
}
