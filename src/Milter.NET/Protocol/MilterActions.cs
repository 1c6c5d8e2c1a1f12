using System.Diagnostics.CodeAnalysis;

namespace Milter;

/// <summary>Specifies what a filter may do to a message at its end. The MTA offers a set, and the filter chooses from
/// it.</summary>
[Flags]
[SuppressMessage("Design", "CA1028:Enum Storage should be Int32", Justification = "It is 32 bits on the wire.")]
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "A set of bits.")]
public enum MilterActions : uint
{
    /// <summary>Does nothing.</summary>
    None = 0,
    /// <summary>Adds and inserts header fields.</summary>
    AddHeaders = 0x001, // SMFIF_ADDHDRS
    /// <summary>Replaces the body.</summary>
    ChangeBody = 0x002, // SMFIF_CHGBODY
    /// <summary>Adds recipients.</summary>
    AddRecipients = 0x004, // SMFIF_ADDRCPT
    /// <summary>Deletes recipients.</summary>
    DeleteRecipients = 0x008, // SMFIF_DELRCPT
    /// <summary>Changes and deletes header fields.</summary>
    ChangeHeaders = 0x010, // SMFIF_CHGHDRS
    /// <summary>Quarantines the message.</summary>
    Quarantine = 0x020, // SMFIF_QUARANTINE
    /// <summary>Changes the envelope sender.</summary>
    ChangeSender = 0x040, // SMFIF_CHGFROM
    /// <summary>Adds recipients with ESMTP parameters.</summary>
    AddRecipientsWithParameters = 0x080, // SMFIF_ADDRCPT_PAR
    /// <summary>Names in the negotiation the macros wanted at each stage.</summary>
    SetMacros = 0x100, // SMFIF_SETSYMLIST
}
