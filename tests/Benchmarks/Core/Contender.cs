namespace Postseal.Benchmarks.Core;

/// <summary>One side of a race.</summary>
/// <param name="Series">Who it is.</param>
/// <param name="Size">Bytes of each body; 0 where there is none.</param>
/// <param name="Work">Does the work once, and writes what comes of it.</param>
/// <param name="IsRight">Whether what was written is what it should be: speed on wrong output is no speed.</param>
internal sealed record Contender(string Series, int Size, Action<Stream> Work, Func<byte[], bool> IsRight);
