using Ingest.Core.Stores;
using Microsoft.Extensions.Time.Testing;
using static Ingest.Tests.Stores.StoreConformanceTests;

namespace Ingest.Tests.Stores;

public sealed class RetryingStoreTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;
    private readonly FakeTimeProvider _time = new();
    private readonly MemoryStore _memory = new();
    private readonly FaultyStore _faulty;
    private readonly RetryingStore _store;

    public RetryingStoreTests()
    {
        _faulty = new FaultyStore(_memory, _time);
        _store = new RetryingStore(_faulty, new StoreRetryOptions(), _time, () => 0.5);
    }

    [Theory]
    [InlineData(StoreFault.Transient)]
    [InlineData(StoreFault.Denied)]
    [InlineData(StoreFault.Full)]
    public async Task A_store_that_fails_for_ten_minutes_delays_and_loses_nothing(StoreFault fault)
    {
        _faulty.Plan(new PlannedFault { Fault = fault });
        var create = _store.CreateAsync("log/1", Bytes("one"), s_none).AsTask();
        var read = _store.ReadAsync("log/1", s_none).AsTask();
        await Pass(TimeSpan.FromMinutes(10));
        Assert.False(create.IsCompleted || read.IsCompleted);
        var report = _store.Health.Report();
        Assert.False(report.IsWell);
        Assert.Equal((fault, 2), (report.LastFault, report.CallsFailing));
        Assert.True(_time.GetUtcNow() - report.FailingSince > TimeSpan.FromMinutes(9));
        Assert.Contains("log/1", report.LastError, StringComparison.Ordinal);

        _faulty.Mend();
        await PassUntil(create);
        await PassUntil(read);
        Assert.Equal(CreateOutcome.Created, await create);
        Assert.Equal("one", Text(await _memory.ReadAsync("log/1", s_none)));
        Assert.True(_store.Health.Report() is { IsWell: true, FailingSince: null, CallsFailing: 0 });
    }

    /// <summary>However it fails, by an answer, by silence, or by being spared: whoever puts the work off knows one kind of exception.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_beside_ingest_is_given_up_after_a_while(bool isSilent)
    {
        _faulty.Plan(isSilent ? new PlannedFault { Delay = TimeSpan.FromHours(1) } : new PlannedFault { Fault = StoreFault.Transient });
        var beside = new RetryingStore(_faulty, new StoreRetryOptions { CircuitMinimumAttempts = 2, CircuitOpenFor = TimeSpan.FromMinutes(10) }.Beside, _time, () => 0.5);
        for (var i = 0; i < 3; i++)
        {
            var read = beside.ReadAsync("log/1", s_none).AsTask();
            await PassUntil(read);
            await Assert.ThrowsAsync<StoreException>(() => read);
        }

        Assert.InRange(_faulty.Calls, 2, 15);
    }

    [Fact]
    public async Task A_create_of_unknown_outcome_is_thrown_at_once_for_the_committer_to_resolve()
    {
        _faulty.Plan(PlannedFault.LostReply with { Times = 1 });
        var thrown = await Assert.ThrowsAsync<StoreException>(async () => await _store.CreateAsync("_delta_log/1", Bytes("mine"), s_none));
        Assert.Equal(StoreFault.Unknown, thrown.Kind);
        Assert.Equal(1, _faulty.Calls);
        Assert.True(_store.Health.IsWell);
    }

    [Fact]
    public async Task A_create_without_an_answer_is_of_unknown_outcome()
    {
        _faulty.Plan(new PlannedFault { Delay = TimeSpan.FromHours(1), Times = 1 });
        var create = _store.CreateAsync("_delta_log/1", Bytes("mine"), s_none).AsTask();
        await PassUntil(create);
        Assert.Equal(StoreFault.Unknown, (await Assert.ThrowsAsync<StoreException>(() => create)).Kind);
        Assert.Equal(1, _faulty.Calls);
    }

    [Fact]
    public async Task A_unique_create_whose_reply_was_lost_counts_as_created_after_comparing()
    {
        _faulty.Plan(PlannedFault.LostReply with { Times = 1 });
        var create = _store.CreateUniqueAsync("part-1", Bytes("mine"), s_none).AsTask();
        await PassUntil(create);
        Assert.Equal(CreateOutcome.Created, await create);
    }

    [Fact]
    public async Task A_unique_name_taken_by_other_content_is_not_ours()
    {
        await _memory.CreateAsync("part-1", Bytes("theirs"), s_none);
        Assert.Equal(CreateOutcome.AlreadyExists, await _store.CreateUniqueAsync("part-1", Bytes("mine"), s_none));
        Assert.Equal("theirs", Text(await _memory.ReadAsync("part-1", s_none)));
    }

    [Fact]
    public async Task The_circuit_opens_and_spares_the_store_and_closes_again()
    {
        List<StoreCircuit> moves = [];
        _store.Health.Changed += report =>
        {
            if (moves.LastOrDefault(StoreCircuit.Closed) != report.Circuit) moves.Add(report.Circuit);
        };
        _faulty.Plan(new PlannedFault());
        var reads = Enumerable.Range(0, 20).Select(i => _store.ReadAsync($"x{i}", s_none).AsTask()).ToList();
        await Pass(TimeSpan.FromSeconds(4));
        Assert.Equal(10, _faulty.Calls);
        Assert.True(SpinWait.SpinUntil(() => _store.Health.Report().Circuit == StoreCircuit.Open, TimeSpan.FromSeconds(10))); // it is told on the thread of the last call
        _faulty.Mend();
        foreach (var read in reads) await PassUntil(read);
        Assert.Equal([StoreCircuit.Open, StoreCircuit.Trying, StoreCircuit.Closed], moves);
    }

    [Fact]
    public void Of_the_reports_of_its_health_none_is_older_than_the_one_before()
    {
        var health = new StoreHealth(_time);
        var (last, older) = (0L, 0);
        health.Changed += report =>
        {
            if (report.FailedAttempts < last) older++;
            last = report.FailedAttempts;
        };
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                health.AttemptFailed(firstOfCall: true, StoreFault.Transient, "x");
                health.FailingCallEnded(isAnswered: true, StoreCall.Create);
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.Equal((80_000, 0), (last, older));
        Assert.True(health.IsWell);
    }

    [Fact]
    public async Task A_copy_that_broke_off_starts_again_at_the_same_place()
    {
        await _memory.CreateAsync("x", Bytes("content"), s_none);
        _faulty.Plan(new PlannedFault { AfterActing = true, Times = 2 });
        using var copy = new MemoryStream();
        copy.Write("head "u8);
        var copying = _store.CopyToAsync("x", copy, s_none).AsTask();
        await PassUntil(copying);
        Assert.True(await copying);
        Assert.Equal("head content", Text(copy.ToArray()));
    }

    /// <summary>Who looks, finds nothing, and creates again must not press a store that answers in the dark; the first time mostly an answer was lost, and nobody waits.</summary>
    [Fact]
    public async Task Creates_of_one_name_that_end_in_the_dark_again_come_with_growing_pauses()
    {
        var names = new UnclearNames(_time, TimeSpan.FromMilliseconds(100));
        Assert.True(names.PauseAsync("log/1", s_none).IsCompleted);
        foreach (var seconds in (double[])[0.1, 0.2, 0.4, 0.8, 1.6, 2, 2])
        {
            Assert.True(names.PauseAsync($"another, at {_time.GetUtcNow():O}", s_none).IsCompleted);
            var pause = names.PauseAsync("log/1", s_none);
            _time.Advance(TimeSpan.FromSeconds(seconds - 0.01));
            Assert.False(pause.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(0.02));
            await pause.WaitAsync(TimeSpan.FromSeconds(30));
        }

        names.Forget("log/1");
        Assert.True(names.PauseAsync("log/1", s_none).IsCompleted);

        _faulty.Plan(new PlannedFault { Operations = StoreOperations.Create, Fault = StoreFault.Unknown });
        await Assert.ThrowsAsync<StoreException>(async () => await _store.CreateAsync("log/1", Bytes("x"), s_none));
        var from = _time.GetUtcNow();
        var again = _store.CreateAsync("log/1", Bytes("x"), s_none).AsTask();
        await PassUntil(again);
        await Assert.ThrowsAsync<StoreException>(() => again);
        Assert.True(_time.GetUtcNow() > from);
    }

    /// <summary>However large the largest object is that might be copied: a small one that does not come is asked for again as soon as any other call would be.</summary>
    [Fact]
    public async Task A_copy_of_which_nothing_comes_is_given_up_as_soon_as_any_call_and_one_that_comes_slowly_is_not()
    {
        var slow = new SlowCopies(_memory, _time);
        var store = new RetryingStore(slow, new StoreRetryOptions { AttemptTimeout = TimeSpan.FromSeconds(60) }, _time);
        using var copy = new MemoryStream();
        var copying = store.CopyToAsync("x", copy, s_none).AsTask();
        await Pass(TimeSpan.FromSeconds(59));
        Assert.True(store.Health.IsWell);
        slow.Chunks = 200;
        await Pass(TimeSpan.FromSeconds(2));
        for (var i = 0; i < 5_000 && store.Health.Report().FailedAttempts == 0; i++) await Task.Delay(1);
        Assert.Equal(StoreFault.Transient, store.Health.Report().LastFault);

        // The clock goes on by what the chunks take, and not beside them.
        for (var i = 0; i < 5_000 && !slow.HasBegun; i++)
        {
            await Pass(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        await copying.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, store.Health.Report().FailedAttempts);
        Assert.Equal(200L << 20, copy.Length);
    }

    [Fact]
    public async Task Cancelling_ends_the_retries()
    {
        using var stop = new CancellationTokenSource();
        _faulty.Plan(new PlannedFault());
        var read = _store.ReadAsync("x", stop.Token).AsTask();
        await Pass(TimeSpan.FromSeconds(5));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.True(_store.Health.IsWell);
    }

    /// <summary>A worker that is told to stop gives up what it repeats: that says nothing of the store, and "well again" as its last word would be a lie.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_call_given_up_does_not_make_the_store_well_but_the_next_one_answered_does(bool replaces)
    {
        var well = 0;
        _store.Health.Changed += report => well += report.IsWell ? 1 : 0;
        using var stop = new CancellationTokenSource();
        _faulty.Plan(new PlannedFault());
        var write = replaces ? _store.ReplaceAsync("x", Bytes("x"), stop.Token).AsTask() : _store.CreateAsync("x", Bytes("x"), stop.Token).AsTask();
        await Pass(TimeSpan.FromSeconds(5));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, well);

        // A full disk can be read, and things can be deleted from it.
        _faulty.Mend();
        await PassUntil(_store.ReadAsync("x", s_none).AsTask());
        await PassUntil(_store.SizeAsync("x", s_none).AsTask());
        await PassUntil(_store.DeleteAsync("z", s_none).AsTask());
        Assert.Equal(0, well);
        await PassUntil(_store.CreateAsync("y", Bytes("y"), s_none).AsTask());
        Assert.Equal(1, well);
    }

    [Fact]
    public void All_options_out_of_range_are_named_at_once()
    {
        var options = new StoreRetryOptions { FirstDelay = TimeSpan.Zero, CircuitFailureRatio = 2, CircuitMinimumAttempts = 1 };
        Assert.Equal(3, options.Validate().Count);
        Assert.Throws<ArgumentException>(() => new RetryingStore(_memory, options, _time));
    }

    private async Task Pass(TimeSpan span)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += TimeSpan.FromSeconds(1))
        {
            await Task.Yield();
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private async Task PassUntil(Task task)
    {
        for (var i = 0; i < 5_000 && !task.IsCompleted; i++)
        {
            await Pass(TimeSpan.FromSeconds(1));
            // What the clock woke goes on on other threads: give them real time.
            await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System));
        }

        Assert.True(task.IsCompleted);
    }

    /// <summary>Sends so many MiB, each after a second, once it is told to; before that it does not answer.</summary>
    private sealed class SlowCopies(IObjectStore inner, FakeTimeProvider time) : ForwardingStore(inner)
    {
        public int Chunks { get; set; }

        public bool HasBegun { get; private set; }

        public override async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
        {
            if (Chunks == 0) await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation);
            HasBegun = true;
            var chunk = new byte[1 << 20];
            for (var i = 0; i < Chunks; i++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await destination.WriteAsync(chunk, cancellation);
            }

            return true;
        }
    }
}
