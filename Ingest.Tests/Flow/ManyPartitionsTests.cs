using Ingest.Core.Batching;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;

namespace Ingest.Tests.Flow;

/// <summary>Chunks whose rows lie in many partitions are not taken in together beyond what one commit may have.</summary>
public sealed class ManyPartitionsTests
{
    [Fact]
    public async Task A_commit_has_no_more_partitions_than_it_may_and_one_chunk_brings()
    {
        await using var worker = new ScriptedWorker(with: o => o with { Batching = new BatchingOptions { FlushAfter = TimeSpan.FromMinutes(1), PartitionsMax = 8 } });
        var right = (await worker.AssignAsync())[0]!;
        for (var chunk = 0; chunk < 10; chunk++)
            await worker.OfferAsync(right, chunk, $"[{string.Join(',', Enumerable.Range(0, 6).Select(day => $$"""{"id":"A{{chunk}}-{{day}}","paid_on":"2026-{{chunk + 1:D2}}-{{day + 1:D2}}"}"""))}]");
        await worker.UntilAsync(s => s.CommittedRows == 60);

        var files = new List<int>();
        await foreach (var entry in LogReader.ReadEntriesAsync(new PrefixedStore(worker.Store, "payments"), 1, CancellationToken.None)) files.Add(entry.Actions.OfType<LogAction.Add>().Count());
        Assert.Equal(60, files.Sum());
        Assert.InRange(files.Max(), 6, 8 + 6 - 1);
    }
}
