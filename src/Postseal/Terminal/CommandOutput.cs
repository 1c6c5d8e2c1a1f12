using System.CommandLine;

namespace Postseal.Program.Terminal;

/// <summary>What a command says. Every line is made <see cref="TerminalText"/> here, wherever its words came from.</summary>
internal sealed class CommandOutput(TextWriter output, TextWriter errors)
{
    public static CommandOutput Of(ParseResult arguments) =>
        new(arguments.InvocationConfiguration.Output, arguments.InvocationConfiguration.Error);

    /// <summary>A line of the answer.</summary>
    public void Line(string text = "") => output.WriteLine(TerminalText.Escape(text));

    /// <summary>A line that is not the answer: an error, or a hint beside an answer that goes into a file or pipe.</summary>
    public void Note(string text) => errors.WriteLine(TerminalText.Escape(text));

    /// <summary>PEM or JSON: text of several lines that is ours and goes out as it is.</summary>
    public void Text(string text) => output.Write(text);
}
