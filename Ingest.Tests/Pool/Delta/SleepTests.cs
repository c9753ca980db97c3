using Ingest.Core;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Tests.Pool.Sealing;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Pool.Delta;

/// <summary>A process may be stopped for days at any moment, or its store refuse it for so long; vacuum and cleaning of the log do not wait for it.</summary>
public sealed class SleepTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero));
    private readonly SeededIdSource _ids = new(3);
    private readonly MemoryStore _memory;

    public SleepTests() => _memory = new MemoryStore(_time);

    [Theory]
    [InlineData(1, true)]
    [InlineData(3, false)]
    public async Task Files_that_waited_for_days_are_not_committed(int days, bool isCommitted)
    {
        var table = await Commits.OpenAsync(_memory, _ids, _time);
        var request = Commits.Request(_ids.Next(), 0, 0, 5, 0, 1) with { FilesSince = Since.Now(_time) };
        _time.Advance(TimeSpan.FromDays(days));
        var outcome = await table.CommitAsync(request, Commits.AppIdOf, default);
        if (isCommitted) Assert.IsType<CommitOutcome.Committed>(outcome);
        else Assert.Contains("waiting for more than 2 days", Assert.IsType<CommitOutcome.Fenced>(outcome).Why, StringComparison.Ordinal);
        Assert.Equal(isCommitted ? 1 : 0, (await LogReader.LoadAsync(_memory, default))!.Version);
    }

    [Fact]
    public void The_longer_of_two_clocks_counts()
    {
        var since = Since.Now(_time);
        _time.Advance(TimeSpan.FromHours(5));
        Assert.Equal(TimeSpan.FromHours(5), since.Elapsed(_time));
        Assert.Equal(TimeSpan.FromDays(9), (since with { Wall = since.Wall - TimeSpan.FromDays(9) + TimeSpan.FromHours(5) }).Elapsed(_time));
        Assert.Equal(TimeSpan.FromHours(5), (since with { Wall = since.Wall + TimeSpan.FromDays(1) }).Elapsed(_time));
    }

    [Fact]
    public async Task An_entry_put_where_the_log_was_cleaned_meanwhile_does_not_count()
    {
        var racing = new RacingStore(_memory);
        var sleeper = await Commits.OpenAsync(racing, _ids, _time);
        var other = await Commits.OpenAsync(_memory, _ids, _time);
        racing.BeforeCreate = async name =>
        {
            // Stopped when the put is already decided; a month later others have gone on, and have cleaned the log.
            if (name != LogNames.Entry(1)) return;
            racing.BeforeCreate = _ => Task.CompletedTask;
            await Commits.FillAsync(other, _ids, 5, partition: 1);
            await other.WriteCheckpointAsync(5, default);
            await Commits.FillAsync(other, _ids, 1, partition: 1);
            for (var old = 0; old < 5; old++) await _memory.DeleteAsync(LogNames.Entry(old), default);
            _time.Advance(TimeSpan.FromDays(31));
        };

        var overtaken = Assert.IsType<CommitOutcome.Overtaken>(await sleeper.CommitAsync(Commits.Request(_ids.Next(), 0, 0, 5, 0, 1), Commits.AppIdOf, default));
        Assert.Equal(6, overtaken.Version);
        Assert.DoesNotContain(Commits.AppIdOf(new Core.Transfers.TopicPartition("police.cars", 0)), (await LogReader.LoadAsync(_memory, default))!.Txns.Keys);
    }

    [Fact]
    public async Task A_log_that_was_cleaned_while_its_reader_slept_between_two_entries_has_no_hole()
    {
        var table = await Commits.OpenAsync(_memory, _ids, _time);
        await Commits.FillAsync(table, _ids, 3, partition: 1);
        var reader = new WakingStore(_memory, async () =>
        {
            await Commits.FillAsync(table, _ids, 2, partition: 1);
            await table.WriteCheckpointAsync(5, default);
            await Commits.FillAsync(table, _ids, 1, partition: 1);
            for (var old = 0; old < 5; old++) await _memory.DeleteAsync(LogNames.Entry(old), default);
        });
        Assert.Equal(6, (await LogReader.LoadAsync(reader, default))!.Version);

        await Commits.FillAsync(table, _ids, 2, partition: 1);
        await _memory.DeleteAsync(LogNames.Entry(7), default);
        Assert.Contains("has a hole: entry 7", (await Assert.ThrowsAsync<InvalidDataException>(async () => await LogReader.LoadAsync(_memory, default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_works_beside_ingest_puts_its_entry_off_when_it_is_answered_in_the_dark_several_times()
    {
        var faulty = new FaultyStore(_memory, _time);
        var table = await Commits.OpenAsync(faulty, _ids, _time);
        faulty.Plan(new PlannedFault { Operations = StoreOperations.Create, Fault = StoreFault.Unknown, Times = 6 });
        await Assert.ThrowsAsync<StoreException>(async () => await RewriteCommit.PutAsync(faulty, table.Current, [], default));
        Assert.Equal(5, faulty.Struck);
    }

    /// <summary>While the entry before it is there, a put counts however late its answer comes.</summary>
    [Fact]
    public async Task An_entry_whose_answer_came_late_counts()
    {
        var sleeping = new SleepingStore(_memory, _time, TimeSpan.FromDays(1));
        var table = await Commits.OpenAsync(sleeping, _ids, _time);
        Assert.Equal(1, Commits.Committed(await table.CommitAsync(Commits.Request(_ids.Next(), 0, 0, 5, 0, 1), Commits.AppIdOf, default)).Version);
    }

    [Fact]
    public async Task An_object_that_was_vacuumed_between_create_and_look_is_made_again()
    {
        var sleeping = new SleepingStore(_memory, _time, TimeSpan.FromDays(8)) { IsVacuumed = true };
        var store = new RetryingStore(sleeping, new StoreRetryOptions(), _time);
        Assert.Equal(CreateOutcome.Created, await store.CreateUniqueAsync("a", new byte[] { 1, 2 }, default));
        Assert.Equal(2, await _memory.SizeAsync("a", default));
        Assert.Equal(2, sleeping.Creates);
    }

    /// <summary>After each create its process sleeps; while it does so for the first time, the object is deleted, if so asked.</summary>
    private sealed class SleepingStore(MemoryStore inner, FakeTimeProvider time, TimeSpan sleep) : ForwardingStore(inner)
    {
        public bool IsVacuumed { get; init; }

        public int Creates { get; private set; }

        public override async ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
        {
            var outcome = await base.CreateAsync(name, content, cancellation);
            if (++Creates == 1 && IsVacuumed) await base.DeleteAsync(name, cancellation);
            time.Advance(sleep);
            return outcome;
        }
    }

    /// <summary>Its process sleeps after it has read the log's second entry, once.</summary>
    private sealed class WakingStore(MemoryStore inner, Func<Task> meanwhile) : ForwardingStore(inner)
    {
        private bool _hasSlept;

        public override async ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation)
        {
            var content = await base.ReadAsync(name, cancellation);
            if (name != LogNames.Entry(1) || _hasSlept) return content;
            _hasSlept = true;
            await meanwhile();
            return content;
        }
    }
}
