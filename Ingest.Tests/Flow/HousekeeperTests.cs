using Ingest.Core;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Flow;

/// <summary>Beside ingest: one worker a table, for as long as it works.</summary>
public sealed class HousekeeperTests
{
    private static readonly TimeSpan s_term = TimeSpan.FromMinutes(3);

    private readonly Slow _slow = new();

    [Fact]
    public void What_fails_is_told_once_for_each_kind_of_reason_and_not_while_the_store_is_spared()
    {
        var duty = new KeepingDuty("Sealing", TimeSpan.FromMilliseconds(1), TimeProvider.System);
        var spared = new StoreException(StoreFault.Transient, "not tried") { IsSpared = true };
        Exception[] failures = [spared, Denied(), spared, Denied(), new InvalidDataException("gone"), Denied(), new StoreException(StoreFault.Full, "no room"), new InvalidDataException("gone, too")];
        Assert.Equal([false, true, false, false, true, false, true, false], failures.Select(duty.Failed));
        Assert.True(duty.FailingFor > TimeSpan.Zero);
        Assert.True(duty.Done());
        Assert.Equal(TimeSpan.Zero, duty.FailingFor);
        Assert.False(duty.Failed(spared));
        Assert.False(duty.Done());
        Assert.True(duty.Failed(Denied()));
    }

    [Fact]
    public async Task A_plan_that_takes_longer_than_the_lease_is_nobody_elses_meanwhile()
    {
        await using var worker = await SealingAsync();
        var rival = new SealLease(new PrefixedStore(worker.Store, "payments"), IdSource.System.Next(), worker.Time, s_term);
        Assert.False(await rival.TryHoldAsync(CancellationToken.None));
        await PassAsync(worker, s_term * 2);
        Assert.False(await rival.TryHoldAsync(CancellationToken.None));

        _slow.Reads.SetResult();
        await worker.UntilAsync(_ => worker.Logger.Lines.Any(l => l.StartsWith("1060 Sealed", StringComparison.Ordinal)));
    }

    /// <summary>The process was stopped, or its store did not answer, for longer than the lease: another worker has it, and does the same plan.</summary>
    [Fact]
    public async Task A_plan_is_left_where_another_worker_has_the_lease()
    {
        await using var worker = await SealingAsync();
        _slow.RefusesLeases = true;
        var rival = new SealLease(new PrefixedStore(worker.Store, "payments"), IdSource.System.Next(), worker.Time, s_term);
        Assert.False(await rival.TryHoldAsync(CancellationToken.None));
        await PassAsync(worker, s_term * 2);
        Assert.True(await rival.TryHoldAsync(CancellationToken.None));
        await worker.UntilAsync(_ => _slow.GivenUp > 0);
        _slow.RefusesLeases = false;
        _slow.Reads.SetResult();
        await PassAsync(worker, s_term / 2);
        Assert.DoesNotContain(worker.Logger.Lines, l => l.StartsWith("1060 Sealed", StringComparison.Ordinal));
    }

    [Fact]
    public void What_fails_for_ever_is_tried_less_and_less_often_and_told_when_that_changes()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var duty = new KeepingDuty("Sealing", TimeSpan.FromSeconds(30), time);
        Assert.True(duty.IsDue);
        Assert.False(duty.Done());
        Assert.True(duty.Failed(Denied()));
        List<double> waits = [];
        for (var i = 0; i < 7; i++)
        {
            var waited = TimeSpan.Zero;
            for (; !duty.IsDue; waited += TimeSpan.FromSeconds(10)) time.Advance(TimeSpan.FromSeconds(10));
            waits.Add(waited.TotalSeconds);
            Assert.False(duty.Failed(Denied()));
        }

        Assert.Equal([30, 60, 120, 240, 480, 600, 600], waits);
        Assert.Equal(TimeSpan.FromSeconds(waits.Sum()), duty.FailingFor);
        Assert.True(duty.Failed(new IOException("no room")));
        Assert.True(duty.Done());
        Assert.Equal(TimeSpan.Zero, duty.FailingFor);
        Assert.True(duty.IsDue);
    }

    /// <summary>It names another object each time, as reasons do.</summary>
    private static StoreException Denied() => new(StoreFault.Denied, $"Cannot create {IdSource.System.Next():N}: no right.");

    private static async Task PassAsync(ScriptedWorker worker, TimeSpan time)
    {
        var until = worker.Time.GetUtcNow() + time;
        await worker.UntilAsync(_ => worker.Time.GetUtcNow() >= until, TimeSpan.FromSeconds(2));
    }

    /// <summary>A worker in the middle of a plan, reading what it merges.</summary>
    private async Task<ScriptedWorker> SealingAsync()
    {
        var worker = new ScriptedWorker(_slow.Around, o => o with
        {
            Batching = new() { FlushAfter = TimeSpan.Zero },
            Housekeeping = new HousekeepingOptions { LeaseTerm = s_term, Sealing = new SealingOptions { MergeFiles = 2, QuietAfter = TimeSpan.FromDays(1) } },
        });
        var rights = await worker.AssignAsync();
        for (var i = 0; i < 2; i++)
        {
            await worker.OfferAsync(rights[0]!, i, $$"""{"id":"A{{i}}","paid_on":"2026-03-02"}""");
            await worker.UntilAsync(s => s.CommittedRows == i + 1);
        }

        await worker.UntilAsync(_ => _slow.IsReading, TimeSpan.FromSeconds(1));
        return worker;
    }

    /// <summary>A store that takes its time with data files, and may refuse leases.</summary>
    private sealed class Slow
    {
        private int _givenUp;

        public TaskCompletionSource Reads { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public volatile bool IsReading, RefusesLeases;

        public int GivenUp => Volatile.Read(ref _givenUp);

        public IObjectStore Around(IObjectStore inner) => new Store(this, inner);

        private async ValueTask HoldAsync(string name, CancellationToken cancellation)
        {
            if (!name.EndsWith(".parquet", StringComparison.Ordinal)) return;
            IsReading = true;
            try
            {
                await Reads.Task.WaitAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref _givenUp);
                throw;
            }
        }

        private sealed class Store(Slow owner, IObjectStore inner) : ForwardingStore(inner)
        {
            public override async ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation)
            {
                await owner.HoldAsync(name, cancellation);
                return await base.ReadAsync(name, cancellation);
            }

            public override async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
            {
                await owner.HoldAsync(name, cancellation);
                return await base.CopyToAsync(name, destination, cancellation);
            }

            public override ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
                owner.RefusesLeases && name.Contains("_seal/lease-", StringComparison.Ordinal)
                    ? throw new StoreException(StoreFault.Denied, "not now")
                    : base.CreateAsync(name, content, cancellation);
        }
    }
}
