using Ingest.Core.Pool.Sealing;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Pool.Sealing;

public sealed class ThrottleTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task While_ingest_is_busy_work_rests_nineteen_times_as_long_as_it_took()
    {
        var throttle = new Throttle(_time, () => true);
        throttle.Begin();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        var resting = throttle.PaceAsync(default).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(1_899));
        Assert.False(resting.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await resting;

        // What was just rested from does not count again, and a few milliseconds are not worth a timer.
        _time.Advance(TimeSpan.FromMilliseconds(19));
        Assert.True(throttle.PaceAsync(default).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Waiting_for_the_store_is_no_work()
    {
        var throttle = new Throttle(_time, () => true);
        throttle.Begin();
        var answer = new TaskCompletionSource<int>();
        var waiting = throttle.WaitAsync(new ValueTask<int>(answer.Task)).AsTask();
        _time.Advance(TimeSpan.FromSeconds(5));
        answer.SetResult(7);
        Assert.Equal(7, await waiting);
        Assert.True(throttle.PaceAsync(default).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public void While_it_is_not_work_goes_on()
    {
        var throttle = Throttle.None(_time);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(throttle.PaceAsync(default).AsTask().IsCompletedSuccessfully);
    }
}
