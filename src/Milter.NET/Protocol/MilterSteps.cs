using System.Diagnostics.CodeAnalysis;

namespace Milter;

/// <summary>Specifies how the dialogue goes: which commands the MTA leaves out, which it sends without awaiting a
/// reply, and a few extensions. The MTA offers what it can do, and the filter chooses from it.</summary>
[Flags]
[SuppressMessage("Design", "CA1028:Enum Storage should be Int32", Justification = "It is 32 bits on the wire.")]
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "A set of bits.")]
public enum MilterSteps : uint
{
    /// <summary>Every command is sent and answered.</summary>
    None = 0,
    /// <summary>The MTA sends no <see cref="MilterCommand.Connect"/>.</summary>
    NoConnect = 0x1, // SMFIP_NOCONNECT
    /// <summary>The MTA sends no <see cref="MilterCommand.Helo"/>.</summary>
    NoHelo = 0x2, // SMFIP_NOHELO
    /// <summary>The MTA sends no <see cref="MilterCommand.Mail"/>.</summary>
    NoMail = 0x4, // SMFIP_NOMAIL
    /// <summary>The MTA sends no <see cref="MilterCommand.Recipient"/>.</summary>
    NoRecipient = 0x8, // SMFIP_NORCPT
    /// <summary>The MTA sends no <see cref="MilterCommand.Body"/>.</summary>
    NoBody = 0x10, // SMFIP_NOBODY
    /// <summary>The MTA sends no <see cref="MilterCommand.Header"/>.</summary>
    NoHeaders = 0x20, // SMFIP_NOHDRS
    /// <summary>The MTA sends no <see cref="MilterCommand.EndOfHeaders"/>.</summary>
    NoEndOfHeaders = 0x40, // SMFIP_NOEOH
    /// <summary><see cref="MilterCommand.Header"/> has no reply.</summary>
    NoReplyHeader = 0x80, // SMFIP_NR_HDR
    /// <summary>The MTA sends no <see cref="MilterCommand.Unknown"/>.</summary>
    NoUnknown = 0x100, // SMFIP_NOUNKNOWN
    /// <summary>The MTA sends no <see cref="MilterCommand.Data"/>.</summary>
    NoData = 0x200, // SMFIP_NODATA
    /// <summary>The MTA understands <see cref="MilterResponse.Skip"/>.</summary>
    Skip = 0x400, // SMFIP_SKIP
    /// <summary>The MTA also sends the recipients it has rejected.</summary>
    RejectedRecipients = 0x800, // SMFIP_RCPT_REJ
    /// <summary><see cref="MilterCommand.Connect"/> has no reply.</summary>
    NoReplyConnect = 0x1000, // SMFIP_NR_CONN
    /// <summary><see cref="MilterCommand.Helo"/> has no reply.</summary>
    NoReplyHelo = 0x2000, // SMFIP_NR_HELO
    /// <summary><see cref="MilterCommand.Mail"/> has no reply.</summary>
    NoReplyMail = 0x4000, // SMFIP_NR_MAIL
    /// <summary><see cref="MilterCommand.Recipient"/> has no reply.</summary>
    NoReplyRecipient = 0x8000, // SMFIP_NR_RCPT
    /// <summary><see cref="MilterCommand.Data"/> has no reply.</summary>
    NoReplyData = 0x1_0000, // SMFIP_NR_DATA
    /// <summary><see cref="MilterCommand.Unknown"/> has no reply.</summary>
    NoReplyUnknown = 0x2_0000, // SMFIP_NR_UNKN
    /// <summary><see cref="MilterCommand.EndOfHeaders"/> has no reply.</summary>
    NoReplyEndOfHeaders = 0x4_0000, // SMFIP_NR_EOH
    /// <summary><see cref="MilterCommand.Body"/> has no reply.</summary>
    NoReplyBody = 0x8_0000, // SMFIP_NR_BODY
    /// <summary>Header values keep the space after the colon, both ways.</summary>
    HeaderLeadingSpace = 0x10_0000, // SMFIP_HDR_LEADSPC
    /// <summary>Body chunks have up to 262,143 bytes, both ways.</summary>
    MaxData256K = 0x1000_0000, // SMFIP_MDS_256K
    /// <summary>Body chunks have up to 1,048,575 bytes, both ways.</summary>
    MaxData1M = 0x2000_0000, // SMFIP_MDS_1M
}
