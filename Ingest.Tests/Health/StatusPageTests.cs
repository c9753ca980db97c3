using Ingest.Core.Flow.Telemetry;
using Ingest.Worker.Health;

namespace Ingest.Tests.Health;

public sealed class StatusPageTests
{
    /// <summary>Rows that wait for their commit are in no table, and the page must not say that they were written.</summary>
    [Fact]
    public void What_is_taken_in_is_told_from_what_is_committed()
    {
        var page = StatusPage.Render(new EngineStatus { IsRunning = true, Transfers = 4_600, Records = 91_117, Written = 42_459, Duplicates = 48_600, Quarantined = 58 }, []);
        Assert.Contains("records     91,117 taken in = 42,459 new + 48,600 duplicates + 58 refused\n", page, StringComparison.Ordinal);
        Assert.Contains("committed   0 rows in 0 commits\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("written", page, StringComparison.Ordinal);
        page = StatusPage.Render(new EngineStatus { IsRunning = true, CommittedRows = 42_459, Commits = 1 }, []);
        Assert.Contains("committed   42,459 rows in 1 commit\n", page, StringComparison.Ordinal);
    }
}
