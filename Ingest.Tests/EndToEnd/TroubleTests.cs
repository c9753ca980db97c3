using Ingest.Core.Stores;
using Ingest.Tests.Stores;

namespace Ingest.Tests.EndToEnd;

/// <summary>The store fails, the topic is not the one it was, the contract changes: pause and recover, or stop and say so.</summary>
public sealed class TroubleTests
{
    private const string OldId = "2FGDrVUzT7uw4qwGFkdold", NewId = "2FGDrVUzT7uw4qwGFkdnew";

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
    public async Task A_topic_that_was_created_anew_and_filled_further_stops_whole_and_is_read_from_its_start_under_a_new_name()
    {
        using var city = new City();
        await RecreateAsync(city);
        var status = await city.CatchUpAsync();
        Assert.Equal(2, status.Halted.Count);
        Assert.Contains(status.Halted, h => h.Contains("has read offsets below 5 of the topic with id " + OldId + ", and the topic of that name now has id " + NewId, StringComparison.Ordinal) && h.Contains("holds 20 offsets [0, 20) that nobody has read", StringComparison.Ordinal));
        Assert.Equal(5, await city.CountAsync());

        Assert.Empty((await city.CatchUpAsync(source: "kafka-2")).Halted);
        Assert.Equal(25, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_topic_that_is_a_copy_goes_on_where_the_old_one_ended_by_one_command()
    {
        using var city = new City();
        await RecreateAsync(city);
        var command = (await city.CatchUpAsync()).Halted[0].Split("go on where that ended: ")[1].Split(" and restart")[0];
        Assert.Equal($"pool accept-topic --topic {City.Topic} --id {NewId}", command);
        using var accept = Crash.WorkerProcess.Command([.. command.Split(' '), "--pool", city.Pool]);
        Assert.True(await accept.ExitAsync() == 0, accept.Output);
        Assert.Contains("payments: knows", accept.Output, StringComparison.Ordinal);
        Assert.Empty((await city.CatchUpAsync()).Halted);
        Assert.Equal(20, await city.CountAsync()); // the first five of the new one count as read

        using var verify = Crash.WorkerProcess.Command("pool", "verify", "--pool", city.Pool);
        Assert.True(await verify.ExitAsync() == 0, verify.Output);
        using var again = Crash.WorkerProcess.Command([.. command.Split(' '), "--pool", city.Pool]);
        Assert.Equal(1, await again.ExitAsync());
        await city.AssertAccountedAsync();
    }

    /// <summary>Five transfers were read; the topic of that name then is another one and has twenty, as many in the same partition.</summary>
    private static async Task RecreateAsync(City city)
    {
        city.WrapSource = source => new NamedTopicSource(source, OldId);
        for (var i = 0; i < 5; i++) city.Publish($$"""{"id":"A{{i}}","paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();
        city.WrapSource = source => new NamedTopicSource(source, NewId);
        city.Broker.DeleteTopic(City.Topic);
        city.Broker.CreateTopic(City.Topic, 2);
        using var publisher = new Core.Transfers.Kafka.TransferPublisher(new Core.Transfers.Kafka.PublisherOptions { BootstrapServers = city.Brokers });
        for (var i = 0; i < 20; i++) publisher.Publish(City.Topic, "k", System.Text.Encoding.UTF8.GetBytes($$"""{"id":"B{{i}}","paid_on":"2026-03-02"}"""), CancellationToken.None);
        Assert.Equal(0, publisher.Flush(CancellationToken.None).Failed);
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

        private sealed class Faulting(BreakableStore owner, IObjectStore inner) : ForwardingStore(inner)
        {
            public override ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
            {
                Check();
                return base.CreateAsync(name, content, cancellation);
            }

            public override ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
            {
                Check();
                return base.ReplaceAsync(name, content, cancellation);
            }

            private void Check()
            {
                if (owner.Fault is { } fault) throw new StoreException(fault, $"told to fail: {fault}");
            }
        }
    }
}
