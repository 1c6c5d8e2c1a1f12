namespace Postseal.Policy;

/// <summary>One step on the way to an <see cref="OutgoingResult"/>, for people who ask why.</summary>
/// <param name="Question">What was asked: <c>does it originate here?</c></param>
/// <param name="Answer">What the answer was, and the facts it rests on.</param>
/// <param name="DecidedBy">The setting, file or header field that decided: <c>[Originating] Networks</c>.</param>
public sealed record PolicyStep(string Question, string Answer, string DecidedBy);
