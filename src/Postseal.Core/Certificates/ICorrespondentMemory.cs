using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>Remembers to whom mail was encrypted, so that a certificate which is gone does not go unnoticed.</summary>
internal interface ICorrespondentMemory
{
    /// <summary>Determines whether mail to an address was encrypted before.</summary>
    bool Knows(MailAddress address);

    /// <summary>Remembers that mail to an address was encrypted. What cannot be kept is reported elsewhere, and holds up no mail.</summary>
    void Remember(MailAddress address);
}
