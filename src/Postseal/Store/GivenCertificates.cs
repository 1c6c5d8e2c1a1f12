using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Mail;
using Postseal.Program.Terminal;

namespace Postseal.Program.Store;

/// <summary>The certificates of recipients that a command line names, before those that others have for the same addresses.</summary>
/// <remarks>Whoever names a file vouches for it, so no chain is asked for. What it may be used for, and its dates, are.</remarks>
internal sealed class GivenCertificates : IRecipientSource
{
    private readonly IReadOnlyList<(MailCertificate Certificate, string File)> certificates;
    private readonly TimeProvider time;

    private GivenCertificates(IReadOnlyList<(MailCertificate Certificate, string File)> certificates, TimeProvider time) =>
        (this.certificates, this.time) = (certificates, time);

    /// <summary>Gets one address of each certificate, the first that it names.</summary>
    public IReadOnlyList<MailAddress> Addresses => [.. certificates.Select(given => given.Certificate.Addresses[0])];

    /// <summary>Gets or sets who else is asked; <see langword="null"/>: nobody.</summary>
    public IRecipientSource? Others { get; set; }

    /// <summary>Reads the files. A chain beside a certificate is of no interest.</summary>
    /// <exception cref="CertificateFileException">One is not what it should be.</exception>
    /// <exception cref="CommandException">A certificate names no address.</exception>
    public static GivenCertificates Read(IEnumerable<string> files, TimeProvider time) =>
        new([.. files.SelectMany(file => Read(file).Select(certificate => (certificate, file)))], time);

    public ValueTask<Lookup<MailCertificate>> FindRecipientAsync(MailAddress address, CancellationToken cancellationToken = default)
    {
        var choices = certificates
            .Where(given => given.Certificate.Addresses.Contains(address))
            .Select(given => (given.Certificate, given.File, Why: Check(given.Certificate)))
            .OrderByDescending(choice => choice.Certificate.Certificate.NotBefore)
            .ToList();
        if (choices.Count == 0)
            return Others?.FindRecipientAsync(address, cancellationToken) ?? new(Lookup<MailCertificate>.None.Instance);
        return new(choices.Find(choice => choice.Why is null) is (not null, var file, _) usable
            ? new Lookup<MailCertificate>.Found(usable.Certificate, file)
            : new Lookup<MailCertificate>.Unusable(
                choices[0].Why! with { Message = $"{choices[0].File} cannot be encrypted to: {choices[0].Why}" }));
    }

    private Rejection? Check(MailCertificate certificate) =>
        certificate.CannotEncrypt ?? CertificateRules.CheckDates(certificate.Certificate, time.GetUtcNow());

    private static IReadOnlyList<MailCertificate> Read(string path)
    {
        using var file = KeyFile.Read(path);
        var people = file.Certificates.Where(certificate => !CertificateNames.IsIssuer(certificate)).ToList();
        if (people.Count == 0)
            throw new CommandException(ExitCode.Failure, $"{path} holds no certificate that mail could be encrypted to");
        IReadOnlyList<MailCertificate> read = [.. people.Select(certificate => new MailCertificate(certificate, path, hasKey: false))];
        return read.FirstOrDefault(certificate => certificate.Addresses.Count == 0) is { } nameless
            ? throw new CommandException(
                ExitCode.Failure, $"{path}: {nameless.Certificate.Subject} names no mail address; name the file in a section "
                    + "[Recipient:ADDRESS] as its Certificate, and give --to ADDRESS")
            : read;
    }
}
