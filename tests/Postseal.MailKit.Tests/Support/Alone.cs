namespace Postseal.MailKit.Tests.Support;

/// <summary>Tests that measure the memory or change the directory of the process: nothing else runs beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
