namespace Postseal.Program.Terminal;

/// <summary>Lists what commands exit with.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The answer is no: a certificate cannot be used, a message was refused.</summary>
    public const int Failure = 1;

    /// <summary>The command line or the configuration is wrong.</summary>
    public const int UsageError = 2;
}
