namespace Milter.Tests.Support;

/// <summary>Gives a time that only the test advances.</summary>
internal sealed class FakeTime : TimeProvider
{
    private readonly Lock sync = new();
    private readonly List<FakeTimer> timers = [];
    private TaskCompletionSource changed = New();
    private long now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp()
    {
        lock (sync)
            return now;
    }

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Advances the time, and fires the timers that fall due.</summary>
    public void Advance(TimeSpan span)
    {
        FakeTimer[] due;
        lock (sync)
        {
            now += span.Ticks;
            due = [.. timers.Where(timer => timer.Due <= now)];
            foreach (var timer in due)
                timer.Fired();
        }
        foreach (var timer in due)
            timer.Callback();
    }

    /// <summary>Waits until a timer is set that fires after that span.</summary>
    public Task WaitForTimerAsync(TimeSpan span) => WaitForTimerAsync(timer => timer.Due == now + span.Ticks);

    /// <summary>Waits until any timer is set.</summary>
    public Task WaitForAnyTimerAsync() => WaitForTimerAsync(_ => true);

    private async Task WaitForTimerAsync(Func<FakeTimer, bool> isMeant)
    {
        while (true)
        {
            Task next;
            lock (sync)
            {
                if (timers.Any(isMeant))
                    return;
                next = changed.Task;
            }
            await next.WaitAsync(TimeSpan.FromSeconds(10));
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class FakeTimer(FakeTime time, Action callback) : ITimer
    {
        private TimeSpan period;

        public Action Callback => callback;
        public long Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time.sync)
            {
                this.period = period;
                time.timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = time.now + dueTime.Ticks;
                    time.timers.Add(this);
                }
                time.changed.TrySetResult();
                time.changed = New();
            }
            return true;
        }

        public void Fired()
        {
            if (period == Timeout.InfiniteTimeSpan || period == TimeSpan.Zero)
                time.timers.Remove(this);
            else
                Due = time.now + period.Ticks;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
