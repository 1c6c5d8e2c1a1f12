using System.Diagnostics.CodeAnalysis;

namespace Milter;

/// <summary>What a filter may do to a message at its end. The MTA offers a set, the filter asks for a part of
/// it.</summary>
[Flags]
[SuppressMessage("Design", "CA1028:Enum Storage should be Int32", Justification = "It is 32 bits on the wire.")]
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "A set of bits.")]
public enum MilterActions : uint
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>Add and insert header fields.</summary>
    AddHeaders = 0x001, // SMFIF_ADDHDRS
    /// <summary>Replace the body.</summary>
    ChangeBody = 0x002, // SMFIF_CHGBODY
    /// <summary>Add recipients.</summary>
    AddRecipients = 0x004, // SMFIF_ADDRCPT
    /// <summary>Delete recipients.</summary>
    DeleteRecipients = 0x008, // SMFIF_DELRCPT
    /// <summary>Change and delete header fields.</summary>
    ChangeHeaders = 0x010, // SMFIF_CHGHDRS
    /// <summary>Quarantine the message.</summary>
    Quarantine = 0x020, // SMFIF_QUARANTINE
    /// <summary>Change the envelope sender.</summary>
    ChangeSender = 0x040, // SMFIF_CHGFROM
    /// <summary>Add recipients with ESMTP parameters.</summary>
    AddRecipientsWithParameters = 0x080, // SMFIF_ADDRCPT_PAR
    /// <summary>Say in the negotiation which macros are wanted at which stage.</summary>
    SetMacros = 0x100, // SMFIF_SETSYMLIST
}
