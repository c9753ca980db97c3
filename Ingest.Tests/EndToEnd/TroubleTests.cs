using Ingest.Core.Stores;

namespace Ingest.Tests.EndToEnd;

/// <summary>The store fails, the topic is not the one it was, the contract changes: pause and recover, or stop and say so.</summary>
public sealed class TroubleTests
{
    [Theory]
    [InlineData(StoreFault.Transient)]
    [InlineData(StoreFault.Unknown)]
    [InlineData(StoreFault.Denied)]
    [InlineData(StoreFault.Full)]
    public async Task A_store_that_fails_pauses_intake_and_nothing_is_lost(StoreFault fault)
    {
        using var city = new City();
        var broken = new BreakableStore();
        city.Wrap = broken.Around;
        using var stop = new CancellationTokenSource();
        using var worker = city.NewWorker();
        var running = worker.RunAsync(stop.Token);
        await worker.UntilAsync(s => s.AssignedPartitions == 2, running);

        broken.Fault = fault;
        for (var i = 0; i < 50; i++) city.Publish($$"""{"id":"A{{i}}","paid_on":"2026-03-02"}""", key: $"{i}");
        city.Delivered();
        await worker.UntilAsync(s => s.IsPaused, running);
        Assert.Equal(0, worker.Engine.Status.Commits);
        broken.Fault = null;
        await worker.UntilAsync(s => s is { IsPaused: false, Transfers: 50 } && s.LagByDepartment.Values.Sum() == 0, running);
        await stop.CancelAsync();
        await running;
        Assert.Equal(50, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_topic_that_was_created_anew_is_not_read_on_silently()
    {
        using var city = new City();
        for (var i = 0; i < 5; i++) city.Publish("""{"id":"A1","paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();

        using var anew = new City();
        Directory.Move(city.Pool, anew.Pool);
        anew.Publish("""{"id":"A2","paid_on":"2026-03-02"}""");
        var status = await anew.CatchUpAsync();
        Assert.Contains("re-created or truncated", Assert.Single(status.Halted), StringComparison.Ordinal);
        Assert.Equal(1, await anew.CountAsync());
    }

    [Fact]
    public async Task Offsets_that_expired_unread_stop_their_partition_and_are_counted()
    {
        using var city = new City();
        city.Publish("""{"id":"A1","paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();
        for (var i = 0; i < 9; i++) city.Publish("""{"id":"A2","paid_on":"2026-03-02"}""");
        city.Delivered();
        foreach (var partition in new[] { 0, 1 })
        {
            try
            {
                city.Broker.DeleteRecords(City.Topic, partition, 5);
            }
            catch (InvalidOperationException)
            {
                // The partition that the key does not hash to has no records to delete.
            }
        }

        var status = await city.CatchUpAsync();
        var why = Assert.Single(status.Halted);
        Assert.Contains("4 offsets [1, 5) expired", why, StringComparison.Ordinal);
        Assert.Equal(1, await city.CountAsync());

        // The message names the command that goes on; the ledger keeps what was given up.
        var halted = int.Parse(why.Split("--partition ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        var table = await Core.Pool.Delta.DeltaTable.OpenAsync(new PrefixedStore(new LocalStore(city.Pool, Core.IdSource.System), "payments"), "payments", Core.IdSource.System, TimeProvider.System, CancellationToken.None);
        Assert.IsType<Core.Pool.CommitOutcome.Committed>((await table!.AcceptGapAsync("kafka", new(City.Topic, halted), 5, CancellationToken.None))!.Value.Outcome);
        Assert.Empty((await city.CatchUpAsync()).Halted);
        Assert.Equal(2, await city.CountAsync());
        Assert.Equal(4, (await Core.Pool.Delta.Ledger.ReadAsync(new PrefixedStore(new LocalStore(city.Pool, Core.IdSource.System), "payments"), CancellationToken.None)).Lines.Sum(l => l.GivenUp));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_contract_that_changes_what_a_duplicate_is_is_refused()
    {
        using var city = new City();
        city.Publish("""{"id":"A1","paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();
        city.Catalog = City.Load(City.Contract + "\n  - { name: note, type: string }");
        var refused = await Assert.ThrowsAsync<Core.Pool.Delta.TableRefusedException>(() => city.CatchUpAsync());
        Assert.Contains("dedup.except", refused.Message, StringComparison.Ordinal);

        city.Catalog = City.Load((City.Contract + "\n  - { name: note, type: string }").Replace("columns:", "dedup: { except: [note] }\ncolumns:", StringComparison.Ordinal));
        city.Publish("""[{"id":"A1","paid_on":"2026-03-02","note":"n"},{"id":"A2","paid_on":"2026-03-02","note":"n"}]""");
        await city.CatchUpAsync();
        Assert.Equal(["A1|null", "A2|n"], await city.SqlAsync("select id, note from payments order by id"));
    }

    /// <summary>A store that fails while it is told to, after having done nothing.</summary>
    private sealed class BreakableStore
    {
        private volatile object? _fault;

        public StoreFault? Fault
        {
            get => (StoreFault?)_fault;
            set => _fault = value;
        }

        public IObjectStore Around(IObjectStore inner) => new Faulting(this, inner);

        private sealed class Faulting(BreakableStore owner, IObjectStore inner) : IObjectStore
        {
            public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
            {
                Check();
                return inner.CreateAsync(name, content, cancellation);
            }

            public ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
            {
                Check();
                return inner.ReplaceAsync(name, content, cancellation);
            }

            public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => inner.ReadAsync(name, cancellation);

            public ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation) => inner.CopyToAsync(name, destination, cancellation);

            public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => inner.SizeAsync(name, cancellation);

            public IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, CancellationToken cancellation) => inner.ListAsync(prefix, after, cancellation);

            public ValueTask DeleteAsync(string name, CancellationToken cancellation) => inner.DeleteAsync(name, cancellation);

            private void Check()
            {
                if (owner.Fault is { } fault) throw new StoreException(fault, $"told to fail: {fault}");
            }
        }
    }
}
