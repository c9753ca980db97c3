using Ingest.Tests.Pool.Sealing.Harness;

namespace Ingest.Tests.Pool.Sealing;

public sealed class GlobTests
{
    /// <summary>Ten thousand with <c>perf -- glob</c>.</summary>
    private const int Polls = 600;

    [Fact]
    public async Task DuckDB_sees_each_row_at_most_once_by_glob_and_exactly_once_by_the_log_while_rows_come_files_are_sealed_and_deleted_and_processes_are_killed()
    {
        using var run = new GlobRun(seed: 1);
        Assert.Equal([], await run.RunAsync(Polls, null, CancellationToken.None));
        Assert.True(run is { GlobPolls: > 10, LogPolls: > 10, Seals: > 0, Killed: { Workers: > 0, Sealers: > 0 } }, $"{run.GlobPolls} polls by glob, {run.LogPolls} by log, {run.Seals} plans, killed: {run.Killed}.");
    }
}
