namespace Milter;

/// <summary>Specifies the first byte of a frame from the filter. <see cref="MilterCommand.Negotiate"/> is answered with
/// the same byte, which is therefore here too.</summary>
public enum MilterResponse : byte
{
    /// <summary>Adds a recipient.</summary>
    AddRecipient = (byte)'+', // SMFIR_ADDRCPT
    /// <summary>Deletes a recipient.</summary>
    DeleteRecipient = (byte)'-', // SMFIR_DELRCPT
    /// <summary>Adds a recipient with ESMTP parameters.</summary>
    AddRecipientWithParameters = (byte)'2', // SMFIR_ADDRCPT_PAR
    /// <summary>Closes the SMTP connection with 421.</summary>
    Shutdown = (byte)'4', // SMFIR_SHUTDOWN
    /// <summary>Accepts the message; no more of it is wanted.</summary>
    Accept = (byte)'a', // SMFIR_ACCEPT
    /// <summary>Carries a chunk of the new body.</summary>
    ReplaceBody = (byte)'b', // SMFIR_REPLBODY
    /// <summary>Continues with the next command.</summary>
    Continue = (byte)'c', // SMFIR_CONTINUE
    /// <summary>Discards the message while its client sees it accepted.</summary>
    Discard = (byte)'d', // SMFIR_DISCARD
    /// <summary>Changes the envelope sender.</summary>
    ChangeSender = (byte)'e', // SMFIR_CHGFROM
    /// <summary>Adds a header field at the end.</summary>
    AddHeader = (byte)'h', // SMFIR_ADDHEADER
    /// <summary>Inserts a header field at an index.</summary>
    InsertHeader = (byte)'i', // SMFIR_INSHEADER
    /// <summary>Changes or deletes the nth header field of a name.</summary>
    ChangeHeader = (byte)'m', // SMFIR_CHGHEADER
    /// <summary>Answers the negotiation.</summary>
    Negotiate = (byte)'O', // SMFIC_OPTNEG
    /// <summary>Reports progress: the MTA's timeout starts anew.</summary>
    Progress = (byte)'p', // SMFIR_PROGRESS
    /// <summary>Quarantines the message.</summary>
    Quarantine = (byte)'q', // SMFIR_QUARANTINE
    /// <summary>Rejects with a 5xx of the MTA's choice.</summary>
    Reject = (byte)'r', // SMFIR_REJECT
    /// <summary>Skips the other commands of this kind for this message.</summary>
    Skip = (byte)'s', // SMFIR_SKIP
    /// <summary>Fails temporarily, with a 4xx of the MTA's choice.</summary>
    TempFail = (byte)'t', // SMFIR_TEMPFAIL
    /// <summary>Carries an SMTP reply in full: code and text.</summary>
    ReplyCode = (byte)'y', // SMFIR_REPLYCODE
}
