using System.Collections.Concurrent;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Tests.Stores;

namespace Ingest.Tests.EndToEnd;

/// <summary>Several workers writing one table at once, on a real log and real index files.</summary>
public sealed class RivalsTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public async Task Workers_that_get_equal_records_through_different_partitions_keep_one_of_each(int workers)
    {
        const int Records = 240;
        using var city = new City(workers, City.Contract);
        using var stop = new CancellationTokenSource();
        var all = Enumerable.Range(0, workers).Select(i => city.NewWorker(cache: $"{city.Cache}{i}")).ToArray();
        try
        {
            var running = all.Select(w => w.RunAsync(stop.Token)).ToArray();
            await all[0].UntilAsync(_ => all.All(w => w.Engine.Status.AssignedPartitions == 1), Task.WhenAny(running));
            var sent = 0;
            for (var i = 0; i < Records / 2; i++)
            {
                // The same two records over and over, each time in another transfer with another key, so on all partitions at about the same time.
                for (var copy = 0; copy < workers; copy++, sent++)
                {
                    var (first, second) = ($$"""{"id":"A{{i}}","paid_on":"2026-03-02"}""", $$"""{"id":"B{{i}}","paid_on":"2026-03-03"}""");
                    city.Publish(copy % 2 == 0 ? $"[{first},{second}]" : $"[{second},{first}]", key: $"{i} {copy * 7}");
                }
            }

            city.Delivered();
            await all[0].UntilAsync(_ => all.Sum(w => w.Engine.Status.Transfers) == sent, Task.WhenAny(running));
            await stop.CancelAsync();
            await Task.WhenAll(running);
            Assert.Equal(sent * 2, all.Sum(w => w.Engine.Status.Written + w.Engine.Status.Duplicates));
        }
        finally
        {
            foreach (var worker in all) worker.Dispose();
        }

        Assert.Equal(Records, await city.CountAsync());
        Assert.Equal([$"{Records}"], await city.SqlAsync("select count(distinct id) from payments"));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task The_loser_of_a_race_reads_only_the_winners_run_and_writes_only_the_file_that_changes()
    {
        const string Topics = "[{ topic: housing.payments, department: housing }]";
        const string Rival = "[{ topic: housing.archive, department: housing }]";
        var contract = City.Contract;
        using var city = new City(1, contract, contract.Replace("dataset: payments", "dataset: archive", StringComparison.Ordinal).Replace(Topics, Rival, StringComparison.Ordinal));
        city.Catalog = City.Load(contract);
        city.Publish("""[{"id":"A0","paid_on":"2026-03-01"},{"id":"B0","paid_on":"2026-03-02"}]""");
        await city.CatchUpAsync();

        // The loser is held just before its entry is put, until the winner has put its own.
        var gate = new Gate();
        city.Wrap = inner => new WatchedStore(inner, gate);
        city.Publish("""[{"id":"A1","paid_on":"2026-03-01"},{"id":"B1","paid_on":"2026-03-02"},{"id":"C1","paid_on":"2026-03-03"},{"id":"D1","paid_on":"2026-03-03"}]""");
        city.Delivered();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using var loser = city.NewWorker(untilCaughtUp: true, cache: city.Cache + "-loser");
        var losing = loser.RunAsync(stop.Token);
        await gate.Reached.WaitAsync(stop.Token);
        gate.Begin();

        // The winner reads another topic into the same table.
        city.Wrap = inner => inner;
        city.Catalog = City.Load(contract.Replace(Topics, Rival, StringComparison.Ordinal));
        city.Publish("""[{"id":"C1","paid_on":"2026-03-03"},{"id":"E1","paid_on":"2026-03-04"}]""", topic: "housing.archive");
        Assert.Equal(2, (await city.CatchUpAsync(group: "rival")).Written);
        gate.Open();
        await losing;

        var table = new PrefixedStore(new LocalStore(city.Pool, Core.IdSource.System), "payments");
        var accounts = new List<CommittedRange>();
        await foreach (var (_, actions) in LogReader.RetainedAsync(table, CancellationToken.None)) accounts.AddRange(actions.OfType<LogAction.Info>().SelectMany(i => i.Content.Ranges));
        Assert.Equal((3, 1), (accounts[^1].Written, accounts[^1].Duplicates));
        Assert.Equal(["A0", "A1", "B0", "B1", "C1", "D1", "E1"], await city.SqlAsync("select id from payments order by id"));

        // The winner's run and, to look things up in from then on, its own; the one file that C1 was in.
        Assert.Equal([1, 1], gate.RunsRead.Values);
        Assert.Contains("event_date=2026-03-03", Assert.Single(gate.FilesCreated), StringComparison.Ordinal);
        await city.AssertAccountedAsync();
    }

    private sealed class Gate
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _watching;

        public Task Reached => _reached.Task;

        public ConcurrentDictionary<string, int> RunsRead { get; } = new();

        public ConcurrentBag<string> FilesCreated { get; } = [];

        public void Begin() => _watching = true;

        public void Open() => _open.TrySetResult();

        public async Task PassAsync(string name)
        {
            if (!name.Contains(LogNames.Folder, StringComparison.Ordinal) || !name.StartsWith("payments/", StringComparison.Ordinal)) return;
            _reached.TrySetResult();
            await _open.Task;
        }

        public void Read(string name)
        {
            if (_watching && name.Contains(IndexNames.Folder, StringComparison.Ordinal) && name.StartsWith("payments/", StringComparison.Ordinal)) RunsRead.AddOrUpdate(name, 1, (_, n) => n + 1);
        }

        public void Created(string name)
        {
            if (_watching && name.EndsWith(".parquet", StringComparison.Ordinal) && name.StartsWith("payments/", StringComparison.Ordinal)) FilesCreated.Add(name);
        }
    }

    private sealed class WatchedStore(IObjectStore inner, Gate gate) : InterceptedStore(inner)
    {
        public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
        {
            await gate.PassAsync(name);
            return await base.CreateAsync(name, content, cancellation);
        }

        protected override ValueTask<T> AroundAsync<T>(StoreOperations operation, string name, Func<ValueTask<T>> act, CancellationToken cancellation)
        {
            if (operation == StoreOperations.Create) gate.Created(name);
            if (operation == StoreOperations.Read) gate.Read(name);
            return act();
        }
    }
}
