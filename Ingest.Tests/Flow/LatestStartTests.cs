using Ingest.Core;
using Ingest.Core.Flow.Protocol;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Flow;

/// <summary><c>StartFrom=Latest</c> passes over what was there at the first assignment, and over nothing that came later: not while nobody reads, and not when a worker dies before its first commit.</summary>
public sealed class LatestStartTests
{
    private const string Row = """{"id":"A1","paid_on":"2026-03-02"}""";

    private static readonly string[] s_two = [.. new[] { "payments", "refunds" }.Select(name => $$"""
        dataset: {{name}}
        topics: [{ topic: housing.payments, department: housing }]
        select: { field: kind, equals: {{name}} }
        format: json
        time_zone: Asia/Shanghai
        columns:
          - { name: id, type: string, required: true }
        """)];

    [Fact]
    public async Task A_partition_begins_where_it_ended_at_its_first_assignment_whoever_reads_it_next()
    {
        await using var first = Latest();
        Assert.Equal([10, 10], (await first.AssignAsync(topicId: "id")).Select(r => r!.StartOffset));
        first.Stop();
        await first.EndAsync();

        await using var next = Latest(first.Store);
        var sink = await next.WithTime(next.Source.Sink);
        await next.WithTime(sink.AssigningAsync());
        var rights = await next.WithTime(sink.AssignedAsync([new PartitionBounds(ScriptedWorker.First, 0, 15, "id"), new PartitionBounds(ScriptedWorker.Second, 0, 10, "id")]));
        Assert.Equal([10, 10], rights.Select(r => r!.StartOffset));
    }

    [Fact]
    public async Task What_a_worker_had_read_when_it_died_before_its_first_commit_is_read_again()
    {
        await using var first = Latest();
        var right = (await first.AssignAsync())[0]!;
        await first.OfferAsync(right, 10, Row);
        await first.UntilAsync(s => s.Written == 1);

        // It is not ended, it is left behind: nothing of it is committed.
        await using var next = Latest(first.Store, flushAfter: TimeSpan.Zero);
        var sink = await next.WithTime(next.Source.Sink);
        await next.WithTime(sink.AssigningAsync());
        var again = (await next.WithTime(sink.AssignedAsync([new PartitionBounds(ScriptedWorker.First, 0, 11)])))[0]!;
        Assert.Equal(10, again.StartOffset);
        await next.OfferAsync(again, 10, Row);
        await next.UntilAsync(s => s.CommittedRows == 1);
        var ledger = await Ledger.ReadAsync(new PrefixedStore(first.Store, "payments"), CancellationToken.None);
        Assert.Empty(ledger.Problems);
        Assert.Equal((new OffsetRange(10, 11), 1), (ledger.Lines.Single().Range, ledger.Lines.Single().Written));
    }

    [Fact]
    public async Task A_topic_that_was_created_anew_before_anything_was_read_is_told()
    {
        await using var first = Latest();
        await first.AssignAsync(topicId: "old");
        await using var next = Latest(first.Store);
        Assert.All(await next.AssignAsync(topicId: "new"), Assert.Null);
        await next.UntilAsync(s => s.Halted.Count == 2);
        Assert.Contains("has read offsets below 10 of the topic with id old", next.Status.Halted[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_table_has_stays_and_from_the_earliest_nothing_is_stored_before_it_is_read()
    {
        await using var worker = Latest();
        await worker.WithTime(worker.Source.Sink);
        await worker.RivalAsync(ScriptedWorker.Second, 0, 3);
        Assert.Equal([10, 3], (await worker.AssignAsync()).Select(r => r!.StartOffset));
        var table = await DeltaTable.OpenAsync(new PrefixedStore(worker.Store, "payments"), "payments", IdSource.System, worker.Time, CancellationToken.None);
        Assert.Equal([("ingest/kafka/housing.payments/0", 10), ("ingest/kafka/housing.payments/1", 3)], table!.Current.Txns.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => (t.Key, t.Value)));

        await using var earliest = new ScriptedWorker();
        await earliest.AssignAsync();
        Assert.Empty((await LogReader.LoadAsync(new PrefixedStore(earliest.Store, "payments"), CancellationToken.None))!.Txns);
    }

    [Fact]
    public async Task What_expires_before_the_first_commit_and_is_given_up_belongs_to_the_department()
    {
        await using var worker = Latest(flushAfter: TimeSpan.Zero);
        var second = (await worker.AssignAsync())[1]!;
        var store = new PrefixedStore(worker.Store, "payments");
        var table = await DeltaTable.OpenAsync(store, "payments", IdSource.System, worker.Time, CancellationToken.None);
        Assert.NotNull(await table!.AcceptGapAsync("kafka", ScriptedWorker.First, 12, CancellationToken.None));
        Assert.Equal("", (await Ledger.ReadAsync(store, CancellationToken.None)).Lines.Single().Department);

        await worker.OfferAsync(second, 10, Row);
        await worker.UntilAsync(s => s.CommittedRows == 1);
        table = await DeltaTable.OpenAsync(store, "payments", IdSource.System, worker.Time, CancellationToken.None);
        Assert.NotNull(await table!.AcceptGapAsync("kafka", ScriptedWorker.First, 13, CancellationToken.None));
        var ledger = await Ledger.ReadAsync(store, CancellationToken.None);
        Assert.Empty(ledger.Problems);
        Assert.Equal(["housing", "housing"], ledger.Lines.Select(l => l.Department));
    }

    /// <summary>Killed between the two: what one table was told holds for the other, too.</summary>
    [Fact]
    public async Task A_start_that_reached_one_of_two_tables_is_that_of_both()
    {
        await using var first = new ScriptedWorker(contracts: s_two);
        await first.WithTime(first.Source.Sink);
        var payments = await OpenAsync(first.Store, "payments");
        await payments.BeginAsync([new CommitRight(ScriptedWorker.First, 10)], AppIdOf, CancellationToken.None);

        await using var next = new ScriptedWorker(_ => first.Store, o => o with { StartFrom = StartPolicy.Latest }, s_two);
        var sink = await next.WithTime(next.Source.Sink);
        await next.WithTime(sink.AssigningAsync());
        Assert.Equal(10, (await next.WithTime(sink.AssignedAsync([new PartitionBounds(ScriptedWorker.First, 0, 15)])))[0]!.StartOffset);
        Assert.Equal(10, (await OpenAsync(first.Store, "refunds")).Current.Txns[AppIdOf(ScriptedWorker.First)]);
    }

    [Fact]
    public async Task A_start_whose_answer_is_lost_is_stored_once()
    {
        var lost = 0;
        await using var worker = new ScriptedWorker(inner => new LosingStore(inner, name => name == "payments/_delta_log/00000000000000000001.json" && lost++ == 0), o => o with { StartFrom = StartPolicy.Latest });
        Assert.Equal([10, 10], (await worker.AssignAsync()).Select(r => r!.StartOffset));
        Assert.Equal(1, lost);
        Assert.Equal(1, (await OpenAsync(worker.Store, "payments")).Current.Version);
    }

    /// <summary>Another worker, which this one does not know of, is quicker by a moment.</summary>
    [Fact]
    public async Task A_start_that_another_worker_has_stored_meanwhile_stays()
    {
        await using var worker = new ScriptedWorker();
        await worker.WithTime(worker.Source.Sink);
        var (one, other) = (await OpenAsync(worker.Store, "payments"), await OpenAsync(worker.Store, "payments"));
        await one.BeginAsync([new CommitRight(ScriptedWorker.First, 10)], AppIdOf, CancellationToken.None);
        await other.BeginAsync([new CommitRight(ScriptedWorker.First, 15), new CommitRight(ScriptedWorker.Second, 7)], AppIdOf, CancellationToken.None);
        var stored = (await OpenAsync(worker.Store, "payments")).Current.Txns;
        Assert.Equal((10, 7), (stored[AppIdOf(ScriptedWorker.First)], stored[AppIdOf(ScriptedWorker.Second)]));
    }

    private static string AppIdOf(TopicPartition source) => AppId.For("kafka", source);

    private static async Task<DeltaTable> OpenAsync(IObjectStore pool, string table) =>
        (await DeltaTable.OpenAsync(new PrefixedStore(pool, table), table, IdSource.System, TimeProvider.System, CancellationToken.None))!;

    private static ScriptedWorker Latest(IObjectStore? pool = null, TimeSpan? flushAfter = null) => new(
        pool is null ? null : _ => pool, o => o with { StartFrom = StartPolicy.Latest, Batching = o.Batching with { FlushAfter = flushAfter ?? o.Batching.FlushAfter } });

    /// <summary>Creates, and then says that it does not know.</summary>
    private sealed class LosingStore(IObjectStore inner, Func<string, bool> loses) : ForwardingStore(inner)
    {
        public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
        {
            var outcome = await base.CreateAsync(name, content, cancellation);
            return loses(name) ? throw new StoreException(StoreFault.Unknown, "the connection was lost") : outcome;
        }
    }
}
