namespace Milter;

/// <summary>Specifies a stage for which a filter can ask for macros. The numbers are libmilter's.</summary>
public enum MilterMacroStage
{
    /// <summary>With <see cref="MilterCommand.Connect"/>.</summary>
    Connect = 0, // SMFIM_CONNECT
    /// <summary>With <see cref="MilterCommand.Helo"/>.</summary>
    Helo = 1, // SMFIM_HELO
    /// <summary>With <see cref="MilterCommand.Mail"/>.</summary>
    Mail = 2, // SMFIM_ENVFROM
    /// <summary>With <see cref="MilterCommand.Recipient"/>.</summary>
    Recipient = 3, // SMFIM_ENVRCPT
    /// <summary>With <see cref="MilterCommand.Data"/>.</summary>
    Data = 4, // SMFIM_DATA
    /// <summary>With <see cref="MilterCommand.EndOfMessage"/>.</summary>
    EndOfMessage = 5, // SMFIM_EOM
    /// <summary>With <see cref="MilterCommand.EndOfHeaders"/>.</summary>
    EndOfHeaders = 6, // SMFIM_EOH
}
