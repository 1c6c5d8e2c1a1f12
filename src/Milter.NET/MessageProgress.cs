namespace Milter;

/// <summary>How far the message in flight has come. The order is that of the commands.</summary>
internal enum MessageStage
{
    Idle, Mail, Recipient, Data, Headers, EndOfHeaders, Body, EndOfMessage,
}

/// <summary>Keeps the order of the commands of a message, and the time its content has had.</summary>
internal sealed class MessageProgress(MilterServerOptions limits, TimeProvider time)
{
    private long contentBegan;

    public MessageStage Stage { get; private set; }

    /// <summary>How long the MTA may be silent now: before the content for long, within it for what is left of its
    /// time.</summary>
    public TimeSpan Patience => IsInContent ? Remaining : limits.IdleTimeout;

    public bool IsInContent => Stage >= MessageStage.Headers;

    /// <summary>What is left of the time a message's content has.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = limits.MessageTimeout - time.GetElapsedTime(contentBegan);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    public void Begin() => Stage = MessageStage.Mail;

    public void End() => Stage = MessageStage.Idle;

    /// <summary>Takes the message a stage further, if the stages before that the MTA must send have come.</summary>
    public void Advance(MessageStage next, MilterCommand command, MilterSteps agreed)
    {
        var begun = Stage != MessageStage.Idle || agreed.HasFlag(MilterSteps.NoMail);
        var headersEnded = next != MessageStage.Body || Stage >= MessageStage.EndOfHeaders
            || agreed.HasFlag(MilterSteps.NoEndOfHeaders);
        Expect(begun && headersEnded && Stage <= next, command);
        if (Stage < MessageStage.Headers && next >= MessageStage.Headers)
            contentBegan = time.GetTimestamp();
        Stage = next;
    }

    public void Expect(bool inOrder, MilterCommand command)
    {
        if (!inOrder)
            throw new MilterProtocolException(
                $"{command.ToString().ToUpperInvariant()} out of order, at stage {Stage}");
    }
}
