namespace Milter;

/// <summary>What the filter says: the first byte of a frame it sends. <see cref="MilterCommand.Negotiate"/> is
/// answered with the same byte, which is therefore here too.</summary>
public enum MilterResponse : byte
{
    /// <summary>Add a recipient.</summary>
    AddRecipient = (byte)'+', // SMFIR_ADDRCPT
    /// <summary>Delete a recipient.</summary>
    DeleteRecipient = (byte)'-', // SMFIR_DELRCPT
    /// <summary>Add a recipient with ESMTP parameters.</summary>
    AddRecipientWithParameters = (byte)'2', // SMFIR_ADDRCPT_PAR
    /// <summary>421: the SMTP connection is closed.</summary>
    Shutdown = (byte)'4', // SMFIR_SHUTDOWN
    /// <summary>Accept the message; no more of it is wanted.</summary>
    Accept = (byte)'a', // SMFIR_ACCEPT
    /// <summary>A piece of the new body.</summary>
    ReplaceBody = (byte)'b', // SMFIR_REPLBODY
    /// <summary>Go on.</summary>
    Continue = (byte)'c', // SMFIR_CONTINUE
    /// <summary>Accept the message and drop it.</summary>
    Discard = (byte)'d', // SMFIR_DISCARD
    /// <summary>Change the envelope sender.</summary>
    ChangeSender = (byte)'e', // SMFIR_CHGFROM
    /// <summary>Add a header field at the end.</summary>
    AddHeader = (byte)'h', // SMFIR_ADDHEADER
    /// <summary>Insert a header field at an index.</summary>
    InsertHeader = (byte)'i', // SMFIR_INSHEADER
    /// <summary>Change or delete the nth header field of a name.</summary>
    ChangeHeader = (byte)'m', // SMFIR_CHGHEADER
    /// <summary>The answer to the negotiation.</summary>
    Negotiate = (byte)'O', // SMFIC_OPTNEG
    /// <summary>Still working: the MTA's timeout starts anew.</summary>
    Progress = (byte)'p', // SMFIR_PROGRESS
    /// <summary>Quarantine the message.</summary>
    Quarantine = (byte)'q', // SMFIR_QUARANTINE
    /// <summary>Reject with a 5xx of the MTA's choice.</summary>
    Reject = (byte)'r', // SMFIR_REJECT
    /// <summary>No more commands of this kind for this message.</summary>
    Skip = (byte)'s', // SMFIR_SKIP
    /// <summary>Fail with a 4xx of the MTA's choice.</summary>
    TempFail = (byte)'t', // SMFIR_TEMPFAIL
    /// <summary>An SMTP reply in full: code and text.</summary>
    ReplyCode = (byte)'y', // SMFIR_REPLYCODE
}
