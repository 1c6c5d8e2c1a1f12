using System.Buffers;
using System.Collections.ObjectModel;

namespace Milter;

/// <summary>Holds what the two sides agree on at the start (SMFIC_OPTNEG): first the MTA's offer, then the filter's
/// choice from it.</summary>
/// <param name="Version">The version of the protocol, 2 to 6.</param>
/// <param name="Actions">The changes the filter may make to a message.</param>
/// <param name="Steps">The options of the dialogue.</param>
public sealed record MilterNegotiation(int Version, MilterActions Actions, MilterSteps Steps)
{
    /// <summary>The oldest version supported: that of Sendmail 8.10.</summary>
    public const int MinVersion = 2;

    /// <summary>The newest version supported: that of Sendmail 8.14 and later, and of Postfix since 2.6.</summary>
    public const int MaxVersion = 6;

    /// <summary>Gets the macros the filter wants at each stage, separated by spaces. A stage that is not named keeps
    /// what the MTA is configured to send; one that is named gets exactly these. They need
    /// <see cref="MilterActions.SetMacros"/>.</summary>
    public IReadOnlyDictionary<MilterMacroStage, string> Macros { get; init; } =
        ReadOnlyDictionary<MilterMacroStage, string>.Empty;

    /// <summary>Gets the most body bytes in one frame: 65,535 unless a larger size was agreed.</summary>
    public int MaxBodyChunk => MaxBodyChunkOf(Steps);

    internal static int MaxBodyChunkOf(MilterSteps steps) => steps switch
    {
        _ when steps.HasFlag(MilterSteps.MaxData1M) => (1024 * 1024) - 1,
        _ when steps.HasFlag(MilterSteps.MaxData256K) => (256 * 1024) - 1,
        _ => (64 * 1024) - 1,
    };

    /// <summary>Parses the MTA's side, which has no macros; what may follow belongs to a later version.</summary>
    internal static MilterNegotiation ParseOffer(ReadOnlySequence<byte> payload)
    {
        var reader = new PayloadReader(payload);
        return ReadHead(ref reader);
    }

    /// <summary>Parses the filter's side.</summary>
    internal static MilterNegotiation ParseChoice(ReadOnlySequence<byte> payload)
    {
        var reader = new PayloadReader(payload);
        var choice = ReadHead(ref reader);
        var macros = new Dictionary<MilterMacroStage, string>();
        while (!reader.AtEnd)
            macros[(MilterMacroStage)reader.ReadUInt32()] = reader.ReadString();
        return choice with { Macros = macros };
    }

    private static MilterNegotiation ReadHead(ref PayloadReader reader) => new(
        (int)Math.Min(reader.ReadUInt32(), int.MaxValue),
        (MilterActions)reader.ReadUInt32(),
        (MilterSteps)reader.ReadUInt32());

    internal void Write(IBufferWriter<byte> output)
    {
        var frame = new FrameWriter(output, (byte)MilterResponse.Negotiate);
        frame.WriteUInt32((uint)Version);
        frame.WriteUInt32((uint)Actions);
        frame.WriteUInt32((uint)Steps);
        if (Actions.HasFlag(MilterActions.SetMacros))
            WriteMacros(frame);
        frame.End();
    }

    private void WriteMacros(in FrameWriter frame)
    {
        foreach (var (stage, names) in Macros)
        {
            frame.WriteUInt32((uint)stage);
            frame.WriteString(names);
        }
    }
}
