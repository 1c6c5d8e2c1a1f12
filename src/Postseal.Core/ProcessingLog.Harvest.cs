using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Harvest;
using Postseal.Mail;

namespace Postseal;

/// <content>What was learned from a message.</content>
public sealed partial class ProcessingLog
{
    private void Write(string? id, HarvestResult result)
    {
        var (subject, serial) = result.Certificate is { } certificate
            ? (DistinguishedNames.ForPeople(certificate.SubjectName), certificate.SerialNumber)
            : ("", "");
        switch (result.Kind)
        {
            case HarvestKind.New or HarvestKind.Renewed:
                LogLearned(id, subject, serial, result.Address, result.Why);
                break;
            case HarvestKind.Pending:
                LogWaits(id, subject, serial, result.Address, result.Why);
                break;
            case HarvestKind.Replaced:
                LogChanged(id, result.Address, subject, serial);
                break;
            case HarvestKind.Refused or HarvestKind.Failed:
                LogNotLearned(result.Kind == HarvestKind.Failed ? LogLevel.Warning : LogLevel.Debug, id, result.Address, result.Why);
                break;
        }
    }

    [LoggerMessage(16, LogLevel.Information, "{Id}: learned the certificate {Subject} (serial {Serial}) of {Address}: {Reason}")]
    private partial void LogLearned(string? id, string subject, string serial, MailAddress? address, string reason);

    [LoggerMessage(17, LogLevel.Information, "{Id}: the certificate {Subject} (serial {Serial}) of {Address} waits for approval: {Reason}")]
    private partial void LogWaits(string? id, string subject, string serial, MailAddress? address, string reason);

    [LoggerMessage(18, LogLevel.Warning, "{Id}: the key of {Address} changed: mail is encrypted to {Subject} (serial {Serial}) from now on")]
    private partial void LogChanged(string? id, MailAddress? address, string subject, string serial);

    [LoggerMessage(EventId = 19, Message = "{Id}: no certificate of {Address} was learned: {Reason}")]
    private partial void LogNotLearned(LogLevel level, string? id, MailAddress? address, string reason);
}
