namespace Milter;

/// <summary>Specifies the stages of a message, in the order of their commands.</summary>
internal enum MessageStage
{
    Idle, Mail, Recipient, Data, Headers, EndOfHeaders, Body, EndOfMessage,
}

/// <summary>Tracks the stage of a message: which command may follow, and how much time is left for its
/// content.</summary>
internal sealed class MessageProgress(SessionLimits limits, TimeProvider time)
{
    // What may follow each stage, as in libmilter's table. DATA is not sent before version 4, and a message need not
    // have any header field or body.
    private static readonly int[] Followers =
    [
        Bits(MessageStage.Mail), // Idle
        Bits(MessageStage.Recipient), // Mail
        Bits(
            MessageStage.Recipient, MessageStage.Data, MessageStage.Headers, MessageStage.EndOfHeaders,
            MessageStage.Body, MessageStage.EndOfMessage), // Recipient
        Bits(MessageStage.Headers, MessageStage.EndOfHeaders), // Data
        Bits(MessageStage.Headers, MessageStage.EndOfHeaders), // Headers
        Bits(MessageStage.Body, MessageStage.EndOfMessage), // EndOfHeaders
        Bits(MessageStage.Body, MessageStage.EndOfMessage), // Body
        0, // EndOfMessage: it is answered before anything else is read
    ];

    private static readonly MilterSteps[] LeftOut =
    [
        MilterSteps.None, MilterSteps.NoMail, MilterSteps.NoRecipient, MilterSteps.NoData, MilterSteps.NoHeaders,
        MilterSteps.NoEndOfHeaders, MilterSteps.NoBody,
    ];

    private long contentBegan;

    public MessageStage Stage { get; private set; }

    /// <summary>Gets how long the MTA may be silent now: before the content the idle timeout, within it what is left of
    /// the message's time.</summary>
    public TimeSpan ReadTimeout => IsInContent ? Remaining : limits.IdleTimeout;

    public bool IsInContent => Stage >= MessageStage.Headers;

    /// <summary>Gets what is left of the time for a message's content.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = limits.MessageTimeout - time.GetElapsedTime(contentBegan);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    public bool IsInMessage => Stage != MessageStage.Idle;

    public void End() => Stage = MessageStage.Idle;

    /// <summary>Advances the message to the stage of a command; returns false when it may not follow now.</summary>
    public bool TryAdvance(MessageStage next, MilterSteps agreed)
    {
        if (!MayFollow(next, agreed))
            return false;
        if (Stage < MessageStage.Headers && next >= MessageStage.Headers)
            contentBegan = time.GetTimestamp();
        Stage = next;
        return true;
    }

    // A stage that the MTA leaves out, as agreed, counts as passed, if it is the next.
    private bool MayFollow(MessageStage next, MilterSteps agreed)
    {
        for (var from = Stage; ; from++)
        {
            if ((Followers[(int)from] & Bit(next)) != 0)
                return true;
            if (from >= MessageStage.Body || !agreed.HasFlag(LeftOut[(int)from + 1]))
                return false;
        }
    }

    private static int Bit(MessageStage stage) => 1 << (int)stage;

    private static int Bits(params ReadOnlySpan<MessageStage> stages)
    {
        var bits = 0;
        foreach (var stage in stages)
            bits |= Bit(stage);
        return bits;
    }
}
