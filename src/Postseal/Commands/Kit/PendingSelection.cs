using System.CommandLine;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Program.Files;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands.Kit;

/// <summary>Which certificate that waits for approval is meant, and as whom it is handled.</summary>
internal static class PendingSelection
{
    /// <summary>The argument <c>ADDRESS|FINGERPRINT</c>.</summary>
    /// <param name="what">What becomes of it.</param>
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
                + string.Join(", ", found.Select(waiting => Fingerprints.Of(waiting.Candidate.Certificate).Replace(":", "", StringComparison.Ordinal)[..16].ToLowerInvariant()))),
        };
    }

    /// <summary>Works on the files of a directory as its owner, where root does: else the daemon could not change them.</summary>
    public static T AsOwnerOf<T>(string directory, Func<T> work) =>
        FileOwner.Of(directory) is { User: not 0 } owner && FileOwner.CurrentUser == 0 ? owner.Act(work) : work();
}
