using Ingest.Tests.Memory.Harness;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Memory;

/// <summary>
/// The memory contract in small: a real worker with a small budget, under a control group that kills it at budget + 256 MiB where this user may make one. <c>perf -- memory</c>
/// runs the same cases at full size.
/// </summary>
public sealed class MemoryContractTests
{
    [Fact]
    public Task A_backlog_of_a_million_records_fits() => HoldsAsync(MemoryCases.Backlog(50_000, partitions: 4, needsKafka: false), 96);

    [Fact]
    public Task Rows_on_3650_dates_fit() => HoldsAsync(MemoryCases.Dates(450), 64);

    [Fact]
    public Task Large_transfers_fit() => HoldsAsync(MemoryCases.Large(16, 8_000_000), 64);

    [Fact]
    public Task One_transfer_of_an_eighth_of_the_budget_fits() => HoldsAsync(MemoryCases.Huge(250_000), 64);

    [Fact]
    public Task A_store_that_stalls_leaves_memory_as_it_is() => HoldsAsync(MemoryCases.Stalled(20_000, TimeSpan.FromSeconds(3)), 64);

    private static async Task HoldsAsync(MemoryCase @case, int budgetMiB)
    {
        using var folder = new TemporaryFolder();
        @case = @case with { Settings = new Dictionary<string, string> { ["Ingest:Batching:FlushBytes"] = $"{budgetMiB / 5}MiB" } };
        var run = await MemoryRun.RunAsync(@case, $"{budgetMiB}MiB", (long)budgetMiB << 20, folder.Path, kafka: null, TestContext.Current.CancellationToken);
        if (run is null) Assert.Skip("needs a user who may mount a disk");
        Assert.True(run.Worker.ExitCode == 0, run.Worker.Output);
        Assert.Equal(run.RowsExpected, run.Rows);
        Assert.InRange(run.Worker.PeakBytes >> 20, 0, run.LimitBytes >> 20);
        TestContext.Current.TestOutputHelper?.WriteLine($"{run.Worker.PeakBytes >> 20} MiB of {run.LimitBytes >> 20} MiB, {run.Took.TotalSeconds:F1} s");
    }
}
