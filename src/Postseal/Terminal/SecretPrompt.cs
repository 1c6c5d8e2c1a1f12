using System.Security.Cryptography;
using System.Text;

namespace Postseal.Program.Terminal;

/// <summary>Asks the person at the terminal for a secret, without showing it.</summary>
internal static class SecretPrompt
{
    private const int MaxLength = 1024;

    /// <summary>Asks once.</summary>
    /// <exception cref="CommandException">There is no terminal, or nothing was typed.</exception>
    public static Secret Ask(string what, string insteadOfTerminal)
    {
        if (Console.IsInputRedirected)
            throw new CommandException(ExitCode.UsageError, $"there is no terminal to ask for the {what}; {insteadOfTerminal}");
        // The first look for a key makes .NET turn the terminal's echo off; it must be off before anyone can answer.
        _ = Console.KeyAvailable;
        // Standard output may be a file; the question is for the person.
        Console.Error.Write($"{what}: ");
        var typed = new char[MaxLength];
        try
        {
            var length = ReadLine(typed);
            Console.Error.WriteLine();
            return length > 0
                ? new Secret(Encoding.UTF8.GetBytes(typed, 0, length))
                : throw new CommandException(ExitCode.UsageError, $"the {what} is empty; nothing was done");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(typed.AsSpan()));
        }
    }

    /// <summary>Asks twice, as for every secret that is being made: a slip would lock the key for good.</summary>
    /// <exception cref="CommandException">There is no terminal, nothing was typed, or the two are not the same.</exception>
    public static Secret AskTwice(string what, string insteadOfTerminal)
    {
        var first = Ask(what, insteadOfTerminal);
        using var second = Ask($"{what}, once more", insteadOfTerminal);
        if (first.Bytes.SequenceEqual(second.Bytes))
            return first;
        first.Dispose();
        throw new CommandException(ExitCode.UsageError, $"the two are not the same {what}; nothing was done");
    }

    private static int ReadLine(char[] typed)
    {
        var length = 0;
        for (; ; )
        {
            var key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    return length;
                case ConsoleKey.Backspace:
                    length = Math.Max(0, length - 1);
                    break;
                default:
                    if (!char.IsControl(key.KeyChar) && length < typed.Length)
                        typed[length++] = key.KeyChar;
                    break;
            }
        }
    }
}
