using Ingest.Worker.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Hosting;

public sealed class StopClockTests
{
    [Fact]
    public void What_comes_one_after_the_other_has_one_limit()
    {
        var time = new FakeTimeProvider();
        using var stopping = new CancellationTokenSource();
        var clock = new StopClock(time, stopping.Token);
        time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(TimeSpan.FromSeconds(5), Left());

        stopping.Cancel();
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.FromSeconds(5), Left());
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.FromSeconds(2), Left());
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.InRange(Left(), TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(500));

        TimeSpan Left() => clock.Left(TimeSpan.FromSeconds(5), reserve: TimeSpan.FromSeconds(3));
    }
}
