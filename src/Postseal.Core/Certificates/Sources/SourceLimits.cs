namespace Postseal.Certificates.Sources;

/// <summary>How long a source may take, and how long its answers are used.</summary>
/// <param name="Timeout">How long one question may take.</param>
/// <param name="Cache">How long what was found is used without asking again, and once more as long while the source does not
/// answer.</param>
/// <param name="NegativeCache">How long it is remembered that there is nothing. While the source does not answer, nothing is ever taken for
/// absent.</param>
internal sealed record SourceLimits(TimeSpan Timeout, TimeSpan Cache, TimeSpan NegativeCache);
