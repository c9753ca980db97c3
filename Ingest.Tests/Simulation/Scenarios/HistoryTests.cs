using Ingest.Tests.Simulation.Harness;

namespace Ingest.Tests.Simulation.Scenarios;

/// <summary>Whole worker groups in simulated trouble. What fails here is replayed with <c>dotnet run --project perf -c Release -- simulate --seed N --trace</c>.</summary>
public sealed class HistoryTests : IDisposable
{
    private readonly string _folder = Path.Combine(SeedRun.WorkFolder(), nameof(HistoryTests));

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    /// <summary>2,000 in CI; a tenth of them elsewhere, where somebody waits.</summary>
    private static int Count => Environment.GetEnvironmentVariable("CI") == "true" ? 2000 : 200;

    [Fact]
    public void No_history_loses_doubles_or_invents_a_row()
    {
        var totals = SeedRun.Run(from: 1, Count, threads: 2, TimeSpan.FromMinutes(30), stopAfterFailures: 5);
        Assert.Empty(totals.Failed.Select(f => $"seed {f.Seed}: {f.Failure}"));
        Assert.Equal(Count, totals.Seeds);

        // A simulation without misfortunes proves nothing: every kind must have struck.
        string[] kinds =
        [
            "kill", "freeze", "freeze at a commit", "rebalance", "clock jump", "scale up", "scale down", "cache deleted", "retention", "expired unread", "topic re-created", "bad weather", "late commits", "long sleep", "sealed", "stale list",
            "store: 503", "store: 403", "store: full", "store: request lost", "store: reply lost", "store: arrives late", "store: torn write", "store: 412 on own create",
        ];
        Assert.DoesNotContain(kinds, k => !totals.Faults.ContainsKey(k));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(77)]
    [InlineData(777)]
    public void The_same_seed_is_the_same_history(int seed)
    {
        var (first, second) = (SeedRun.RunOne(seed, _folder), SeedRun.RunOne(seed, _folder));
        Assert.Equal((first.History, first.Steps, first.Requests, first.Simulated), (second.History, second.Steps, second.Requests, second.Simulated));
        Assert.NotEqual(first.History, SeedRun.RunOne(seed + 1, _folder).History);
    }
}
