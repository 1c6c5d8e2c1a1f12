namespace Milter;

/// <summary>The server's part of the negotiation: of what the MTA offers, what the handler chooses and the limits
/// allow.</summary>
internal static class Agreement
{
    /// <exception cref="MilterProtocolException">The MTA's version is too old.</exception>
    public static MilterNegotiation Reach(MilterNegotiation offer, MilterHandler handler, int maxFrameSize)
    {
        if (offer.Version < MilterNegotiation.MinVersion)
            throw new MilterProtocolException(
                $"protocol version {offer.Version}, older than {MilterNegotiation.MinVersion}");
        offer = offer with
        {
            Version = Math.Min(offer.Version, MilterNegotiation.MaxVersion),
            Steps = Fitting(offer.Steps, maxFrameSize),
        };
        var choice = handler.Negotiate(offer);
        return choice with
        {
            Version = Math.Min(choice.Version, offer.Version),
            Actions = choice.Actions & offer.Actions,
            Steps = choice.Steps & offer.Steps,
        };
    }

    // Of the larger chunk sizes, the largest that a frame may have here.
    private static MilterSteps Fitting(MilterSteps offered, int maxFrameSize)
    {
        var best = new[] { MilterSteps.MaxData1M, MilterSteps.MaxData256K }.FirstOrDefault(size =>
            offered.HasFlag(size) && MilterNegotiation.MaxBodyChunkOf(size) < maxFrameSize);
        return (offered & ~(MilterSteps.MaxData1M | MilterSteps.MaxData256K)) | best;
    }
}
