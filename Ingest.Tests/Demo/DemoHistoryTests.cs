using Ingest.Tests.Stores;
using Ingest.Worker.Demo;

namespace Ingest.Tests.Demo;

public sealed class DemoHistoryTests
{
    [Fact]
    public void A_pool_remembers_what_was_published_and_what_was_interrupted()
    {
        using var folder = new TemporaryFolder();
        var plan = new CityPlan(1, 10, 20, 59);
        var other = plan with { Seed = 2 };
        var history = DemoHistory.Open(folder.Path);
        Assert.Empty(history.Plans);
        var first = history.Begin(plan);
        history.Finish(first);
        history.Begin(other);
        var third = history.Begin(plan);
        history.Finish(third);

        var again = DemoHistory.Open(folder.Path);
        Assert.Equal([plan, other], again.Plans);
        Assert.Equal(2, again.TimesFinished(plan));
        Assert.Equal(0, again.TimesFinished(other));
        Assert.Equal([first, third], again.FinishedSources);
    }
}
