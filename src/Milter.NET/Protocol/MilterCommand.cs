namespace Milter;

/// <summary>What the MTA says: the command byte of a frame it sends.</summary>
public enum MilterCommand : byte
{
    /// <summary>Forget the message in progress; the connection stays. No reply.</summary>
    Abort = (byte)'A', // SMFIC_ABORT
    /// <summary>A piece of the body.</summary>
    Body = (byte)'B', // SMFIC_BODY
    /// <summary>The SMTP client that connected.</summary>
    Connect = (byte)'C', // SMFIC_CONNECT
    /// <summary>Macros for a command. No reply.</summary>
    Macro = (byte)'D', // SMFIC_MACRO
    /// <summary>The end of the message: the stage in which it may be modified.</summary>
    EndOfMessage = (byte)'E', // SMFIC_BODYEOB
    /// <summary>HELO or EHLO.</summary>
    Helo = (byte)'H', // SMFIC_HELO
    /// <summary>End of this SMTP connection; another follows on the same milter connection. No reply.</summary>
    QuitNewConnection = (byte)'K', // SMFIC_QUIT_NC
    /// <summary>One header field.</summary>
    Header = (byte)'L', // SMFIC_HEADER
    /// <summary>MAIL FROM.</summary>
    Mail = (byte)'M', // SMFIC_MAIL
    /// <summary>The end of the header section.</summary>
    EndOfHeaders = (byte)'N', // SMFIC_EOH
    /// <summary>The first frame: versions, actions and steps.</summary>
    Negotiate = (byte)'O', // SMFIC_OPTNEG
    /// <summary>The end of the milter connection. No reply.</summary>
    Quit = (byte)'Q', // SMFIC_QUIT
    /// <summary>RCPT TO.</summary>
    Recipient = (byte)'R', // SMFIC_RCPT
    /// <summary>DATA; since version 4.</summary>
    Data = (byte)'T', // SMFIC_DATA
    /// <summary>A command the SMTP server does not know; since version 3.</summary>
    Unknown = (byte)'U', // SMFIC_UNKNOWN
}
