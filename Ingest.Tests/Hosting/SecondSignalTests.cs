using Ingest.Worker.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Hosting;

public sealed class SecondSignalTests
{
    private readonly FakeTimeProvider _time = new();

    /// <summary>As <c>timeout</c> of the coreutils sends them: to the process, and to its group.</summary>
    [Fact]
    public void Two_signals_within_a_moment_are_one()
    {
        var signals = new SecondSignal(_time);
        Assert.False(signals.IsMeant());
        _time.Advance(TimeSpan.FromMilliseconds(5));
        Assert.False(signals.IsMeant());
    }

    [Fact]
    public void A_signal_a_second_after_the_first_is_meant()
    {
        var signals = new SecondSignal(_time);
        Assert.False(signals.IsMeant());
        _time.Advance(SecondSignal.Echo);
        Assert.True(signals.IsMeant());
    }
}
