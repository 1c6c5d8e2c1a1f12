namespace Postseal.Policy;

/// <summary>Whether a client may have mail of an author signed, and what decided it.</summary>
/// <param name="IsGranted">Whether it may.</param>
/// <param name="Reason">Why or why not, as a clause for the log: <c>its envelope sender is …</c>.</param>
/// <param name="DecidedBy">The setting, or the file and line: <c>[Originating] NetworksFrom = Any</c>.</param>
internal readonly record struct Permission(bool IsGranted, string Reason, string DecidedBy);
