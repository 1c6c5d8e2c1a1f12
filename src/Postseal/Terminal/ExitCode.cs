namespace Postseal.Program.Terminal;

/// <summary>What every command ends with.</summary>
internal static class ExitCode
{
    /// <summary>All is well.</summary>
    public const int Fine = 0;

    /// <summary>The answer is no: a certificate cannot be used, a message was refused.</summary>
    public const int No = 1;

    /// <summary>The command line or the configuration is wrong.</summary>
    public const int Usage = 2;
}
