using System.CommandLine;

namespace Postseal.Program.Commands;

/// <summary><c>postseal certs</c>: the certificate directory.</summary>
internal static class CertsCommand
{
    public static Command Create() => new("certs", "Look at the certificate directory, and put certificates and keys into it and out of it.")
    {
        CertsListCommand.Create(),
        CertsShowCommand.Create(),
        CertsImportCommand.Create(),
        CertsExportCommand.Create(),
        CertsRemoveCommand.Create(),
        CertsPendingCommand.Create(),
        CertsAcceptCommand.Create(),
        CertsRejectCommand.Create(),
    };
}
