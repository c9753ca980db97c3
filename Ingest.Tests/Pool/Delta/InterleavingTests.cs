using CsCheck;
using Ingest.Core;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Pool.Delta;

/// <summary>Several writers on one table, in any order of their calls, with lost replies, late and doubled arrivals, deaths and sleeps.</summary>
public sealed class InterleavingTests
{
    [Fact]
    public void No_range_is_committed_twice_and_none_is_left_out() =>
        Gen.Int[0, int.MaxValue].Sample(seed => Run(seed, writers: 2 + seed % 2), iter: 100);

    private static void Run(int seed, int writers)
    {
        SynchronizationContext.SetSynchronizationContext(null);
        var random = new Random(seed);
        var memory = new MemoryStore();
        var store = new SteppedStore(memory, random);
        var world = new SimulatedWorld();
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
        var ids = new SeededIdSource(seed);
        var running = new Dictionary<int, Task>();
        for (var writer = 0; writer < writers; writer++) Start(writer);

        for (var step = 0; store.Waiting > 0; step++)
        {
            store.Step();
            if (random.Next(40) == 0) time.Advance(TimeSpan.FromMinutes(random.Next(8)));
            if (step > 2000 || random.Next(60) != 0) continue;
            var victim = random.Next(writers);
            store.Kill(victim);
            Start(victim);
        }

        foreach (var task in running.Values)
        {
            Assert.True(task.IsCompleted);
            task.GetAwaiter().GetResult();
        }

        store.DeliverAll();
        Check(memory, world);

        void Start(int writer)
        {
            store.Writer.Value = writer;
            running[writer] = new SimulatedWriter(store, world, ids, time, random).RunAsync(6);
        }
    }

    private static void Check(MemoryStore memory, SimulatedWorld world)
    {
        var snapshot = LogReader.LoadAsync(memory, CancellationToken.None).AsTask().GetAwaiter().GetResult()!;
        var entries = LogReader.EntriesAsync(memory, 0, CancellationToken.None).ToListAsync().AsTask().GetAwaiter().GetResult();
        var ledger = Ledger.ReadAsync(memory, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        Assert.Empty(ledger.Problems);

        // Every offset below a partition's stored one was read once, and each distinct record among them is a row exactly once.
        var expected = new HashSet<UInt128>();
        foreach (var line in ledger.Lines)
        {
            Assert.Equal(0, line.Range.From);
            Assert.Equal(snapshot.Txns[line.AppId], line.Range.To);
            expected.UnionWith(SimulatedWorld.Keys(line.Source.Partition, line.Range.From, line.Range.To));
        }

        var held = snapshot.Index.Runs.SelectMany(r => world.Runs[r.Name]).ToArray();
        Assert.Equal(expected.Order(), held.Order());
        Assert.Equal(expected.Count, snapshot.LiveRows);
        Assert.Equal(snapshot.Index.TotalSum, snapshot.KeySum);

        // What a writer was told holds for ever, whatever arrives late.
        var versions = entries.ToDictionary(e => Guid.Parse(e.Actions.OfType<LogAction.Info>().Single().Content.TransactionId!), e => e.Version);
        foreach (var (id, outcome) in world.Told)
        {
            if (outcome is CommitOutcome.Committed committed) Assert.Equal(committed.Version, versions[id]);
            else Assert.False(versions.ContainsKey(id), $"{outcome} was told of {id}, which is version {versions.GetValueOrDefault(id)}.");
            Assert.IsNotType<CommitOutcome.Stopped>(outcome);
        }

        var times = entries.Select(e => e.Actions.OfType<LogAction.Info>().Single().Content.Timestamp).ToArray();
        Assert.Equal(times.Distinct().Order(), times);
    }
}
