namespace Postseal.Policy;

/// <summary>One step of a decision, for people who ask why.</summary>
/// <param name="Question">What was asked: <c>does it originate here?</c></param>
/// <param name="Answer">What the answer was, and the facts it rests on.</param>
/// <param name="DecidedBy">The setting, file or header field that decided: <c>[Originating] Networks</c>.</param>
public sealed record PolicyStep(string Question, string Answer, string DecidedBy);

/// <summary>What was decided over a message, and how.</summary>
internal interface IPlan
{
    /// <summary>Puts each answer there is into words. Nobody pays for it who does not ask.</summary>
    IReadOnlyList<PolicyStep> Steps { get; }
}
