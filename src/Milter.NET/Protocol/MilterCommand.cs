namespace Milter;

/// <summary>Specifies the command of a frame from the MTA: its first byte.</summary>
public enum MilterCommand : byte
{
    /// <summary>Abandons the message in progress; the connection stays. It has no reply.</summary>
    Abort = (byte)'A', // SMFIC_ABORT
    /// <summary>Carries a chunk of the body.</summary>
    Body = (byte)'B', // SMFIC_BODY
    /// <summary>Announces the SMTP client that connected.</summary>
    Connect = (byte)'C', // SMFIC_CONNECT
    /// <summary>Carries macros for a command. It has no reply.</summary>
    Macro = (byte)'D', // SMFIC_MACRO
    /// <summary>Ends the message, which may be modified now.</summary>
    EndOfMessage = (byte)'E', // SMFIC_BODYEOB
    /// <summary>Carries the argument of HELO or EHLO.</summary>
    Helo = (byte)'H', // SMFIC_HELO
    /// <summary>Ends the client's connection; another follows on the same milter connection. It has no reply.</summary>
    QuitNewConnection = (byte)'K', // SMFIC_QUIT_NC
    /// <summary>Carries one header field.</summary>
    Header = (byte)'L', // SMFIC_HEADER
    /// <summary>Carries the arguments of MAIL.</summary>
    Mail = (byte)'M', // SMFIC_MAIL
    /// <summary>Ends the header section.</summary>
    EndOfHeaders = (byte)'N', // SMFIC_EOH
    /// <summary>Opens the connection: versions, actions and steps.</summary>
    Negotiate = (byte)'O', // SMFIC_OPTNEG
    /// <summary>Ends the milter connection. It has no reply.</summary>
    Quit = (byte)'Q', // SMFIC_QUIT
    /// <summary>Carries the arguments of RCPT.</summary>
    Recipient = (byte)'R', // SMFIC_RCPT
    /// <summary>Announces DATA; since version 4.</summary>
    Data = (byte)'T', // SMFIC_DATA
    /// <summary>Carries a command that the SMTP server does not know; since version 3.</summary>
    Unknown = (byte)'U', // SMFIC_UNKNOWN
}
