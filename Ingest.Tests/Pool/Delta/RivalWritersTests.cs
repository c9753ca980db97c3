using CsCheck;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Pool.Delta;

/// <summary>Workers that do not know of each other write the same offsets over a store whose answers get lost: every offset must be in the table once.</summary>
public sealed class RivalWritersTests
{
    private const long End = 30;

    private static readonly TopicPartition[] s_sources = [new("police.cars", 0), new("police.cars", 1)];

    [Fact]
    public void However_their_steps_interleave_the_ranges_tile() => Gen.Select(Gen.Int[0, int.MaxValue - 1], Gen.Int[2, 3]).Sample((seed, workers) =>
    {
        var random = new Random(seed);
        var store = new MemoryStore();
        var turns = new Interleaver(random);
        var acknowledged = new List<(Guid Id, long Version)>();
        turns.Run(Enumerable.Range(0, workers).Select(w => (Func<Task>)(() => WorkAsync(new LateStore(store, turns, random), new Random(seed + w + 1), w, acknowledged))));
        Check(store, acknowledged).GetAwaiter().GetResult();
    }, iter: 60);

    private static async Task WorkAsync(LateStore store, Random random, int worker, List<(Guid Id, long Version)> acknowledged)
    {
        var table = await RivalCommits.OpenAsync(store, worker + 1);
        for (var n = 0; ; n++)
        {
            var open = s_sources.Where(s => Next(table, s) < End).ToArray();
            if (open.Length == 0) return;
            var source = open[random.Next(open.Length)];
            var from = Next(table, source);
            var request = RivalCommits.Request(from, Math.Min(End, from + random.Next(1, 6)), table.Current.Version, (worker * 1000) + n, random.Next(3) > 0, source);
            if (request.Run is null) request = request with { Files = [], Ranges = [request.Ranges[0] with { Written = 0, Duplicates = request.Ranges[0].Records }] };
            for (var outcome = await table.CommitAsync(request); ; outcome = await table.CommitAsync(request))
            {
                if (outcome is CommitOutcome.Overtaken overtaken)
                {
                    Assert.NotEmpty(overtaken.NewRuns);
                    request = request with { TransactionId = new Guid(n, (short)worker, (short)overtaken.Version, new byte[8]), DeduplicatedAt = overtaken.Version };
                    continue;
                }

                if (outcome is CommitOutcome.Committed committed)
                {
                    acknowledged.Add((request.TransactionId, committed.Version));
                    if (committed.CheckpointDue && random.Next(2) == 0) await CheckpointAsync(table, committed.Version);
                }
                else
                {
                    Assert.IsType<CommitOutcome.Fenced>(outcome);
                }

                break;
            }
        }
    }

    private static async Task CheckpointAsync(DeltaTable table, long version)
    {
        try
        {
            await table.WriteCheckpointAsync(version, default);
        }
        catch (IOException)
        {
            // A checkpoint that may or may not be there harms nobody.
        }
    }

    private static async Task Check(MemoryStore store, List<(Guid Id, long Version)> acknowledged)
    {
        var ledger = await Ledger.ReadAsync(store, default);
        Assert.Empty(ledger.Problems);
        Assert.Equal(s_sources.Select(s => (s, new OffsetRange(0, End), true)), ledger.Lines.Select(l => (l.Source, l.Range, l.IsWhole)));

        var entries = new Dictionary<Guid, long>();
        await foreach (var (version, actions) in LogReader.EntriesAsync(store, 0, default))
        {
            if (actions.OfType<LogAction.Txn>().Any()) entries.Add(Guid.Parse(actions.OfType<LogAction.Info>().Single().Content.TransactionId!), version);
        }

        Assert.Equal(entries.OrderBy(e => e.Value).Select(e => (e.Key, e.Value)), acknowledged.OrderBy(a => a.Version));
        var snapshot = await LogReader.LoadAsync(store, default);
        Assert.Equal((snapshot!.LiveRows, snapshot.KeySum, true), (snapshot.Index.TotalKeys, snapshot.Index.TotalSum, snapshot.Index.IsKnown));
        Assert.Equal(ledger.Lines.Sum(l => l.Written), snapshot.LiveRows);
    }

    private static long Next(DeltaTable table, TopicPartition source) => table.Current.Txns.GetValueOrDefault(RivalCommits.AppIdOf(source));
}
