namespace Postseal.Program.Terminal;

/// <summary>Writes what a command says. Every line is escaped here, wherever its words came from.</summary>
internal sealed class CommandOutput(StandardStreams streams)
{
    /// <summary>Gets the bytes of the streams, for what is no text: messages, and the daemon's log.</summary>
    public StandardStreams Streams => streams;

    /// <summary>Writes a line of the answer.</summary>
    public void Line(string text = "") => streams.Output.WriteLine(TerminalText.Escape(text));

    /// <summary>Writes a line that is not the answer: an error, or a hint beside an answer that goes into a file or pipe.</summary>
    public void Note(string text) => streams.Error.WriteLine(TerminalText.Escape(text));

    /// <summary>Writes PEM, JSON or a message of ours as it is.</summary>
    public void Text(string text) => streams.Output.Write(text);
}
