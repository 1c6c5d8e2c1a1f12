using System.Buffers;

namespace Postseal.Mime;

/// <summary>Tells mail that somebody wrote from mail with blocks in it that nobody wrote.</summary>
internal static class CleanMime
{
    /// <summary>Returns what shows that nobody wrote an entity as it is, as a clause; <see langword="null"/> where nothing does.</summary>
    public static string? FindProblem(in ReadOnlySequence<byte> entity) => entity.IsEmpty ? "it is empty" : "it is not looked at yet";
}
