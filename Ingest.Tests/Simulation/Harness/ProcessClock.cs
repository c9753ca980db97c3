namespace Ingest.Tests.Simulation.Harness;

/// <summary>The clock of one process: virtual time, a wall clock that may jump, and timers that fire only while the process runs.</summary>
internal sealed class ProcessClock(World world, Process process) : TimeProvider
{
    private static readonly DateTimeOffset s_start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How far the wall clock is off.</summary>
    public TimeSpan Skew { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => s_start + world.Now + Skew;

    public override long GetTimestamp() => world.Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(world, process, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(World world, Process process, TimerCallback callback, object? state) : ITimer
    {
        private int _setting;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var setting = ++_setting;
            if (dueTime != Timeout.InfiniteTimeSpan) world.After(dueTime, () => process.Do(() => Fire(setting, period)));
            return true;
        }

        public void Dispose() => _setting++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        private void Fire(int setting, TimeSpan period)
        {
            if (setting != _setting) return;
            if (period > TimeSpan.Zero) world.After(period, () => process.Do(() => Fire(setting, period)));
            callback(state);
        }
    }
}
