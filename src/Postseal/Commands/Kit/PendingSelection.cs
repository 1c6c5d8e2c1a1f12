using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Program.Files;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands.Kit;

/// <summary>Finds the waiting certificate that a command means, and works on its files as their owner.</summary>
internal static class PendingSelection
{
    /// <summary>The argument <c>ADDRESS|FINGERPRINT</c>.</summary>
    /// <param name="what">What the command does to it: approved or rejected.</param>
    public static Argument<string> Argument(string what) => new("ADDRESS|FINGERPRINT")
    {
        Description = $"The address whose certificate is {what}, or the SHA-256 fingerprint of it (the first 8 digits are enough).",
    };

    /// <summary>Finds the one that is meant.</summary>
    /// <exception cref="CommandException">There is none, or more than one.</exception>
    public static PendingCertificate Find(HarvestDirectory harvest, string selector)
    {
        var isAddress = MailAddress.TryParse(selector, out var address);
        var found = harvest.Waiting().Where(waiting => isAddress
            ? waiting.Record.Address == address
            : waiting.Candidate.Certificates.Any(certificate => Fingerprints.Matches(selector, certificate.Certificate))).ToList();
        return found switch
        {
            [var only] => only,
            [] => throw new CommandException(ExitCode.Failure, $"no certificate of '{selector}' waits for approval; see 'postseal certs pending'"),
            _ => throw new CommandException(
                ExitCode.Failure,
                $"{found.Count} certificates of '{selector}' wait for approval; name one of them by its fingerprint: "
                + string.Join(", ", found.Select(waiting => Short(waiting.Candidate.Certificate)))),
        };

        static string Short(X509Certificate2 certificate) =>
            Fingerprints.Of(certificate).Replace(":", "", StringComparison.Ordinal)[..16].ToLowerInvariant();
    }

    /// <summary>Works on the files of a directory as its owner, if root runs the command: otherwise the daemon could not change
    /// them.</summary>
    public static T AsOwnerOf<T>(string directory, Func<T> work) =>
        FileOwner.Of(directory) is { User: not 0 } owner && FileOwner.CurrentUser == 0 ? owner.Act(work) : work();
}
