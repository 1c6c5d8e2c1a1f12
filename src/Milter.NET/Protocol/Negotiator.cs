namespace Milter;

/// <summary>Carries out the server's part of the negotiation.</summary>
internal static class Negotiator
{
    /// <summary>Agrees on what the MTA offers, the handler chooses and the limits allow.</summary>
    /// <param name="offer">What the MTA offers.</param>
    /// <param name="choose">Chooses from an offer.</param>
    /// <param name="maxFrameSize">The limit that body chunks have to fit in, in bytes.</param>
    /// <exception cref="MilterProtocolException">The MTA's version is too old.</exception>
    public static MilterNegotiation Negotiate(
        MilterNegotiation offer, Func<MilterNegotiation, MilterNegotiation> choose, int maxFrameSize)
    {
        if (offer.Version < MilterNegotiation.MinVersion)
            throw new MilterProtocolException(
                $"protocol version {offer.Version}, older than {MilterNegotiation.MinVersion}");
        offer = offer with
        {
            Version = Math.Min(offer.Version, MilterNegotiation.MaxVersion),
            Steps = Fitting(offer.Steps, maxFrameSize),
        };
        var choice = choose(offer);
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
