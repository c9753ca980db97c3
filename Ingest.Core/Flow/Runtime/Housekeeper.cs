using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Housekeeping;
using Ingest.Core.Pool.Sealing;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// Beside ingest, one table after the other and one worker a table: seals recent files, cleans the log, deletes files that no retained version needs. It shares
/// nothing with the lanes but the store, so it can neither hold up nor harm a commit; what fails is tried again later.
/// </summary>
internal sealed class Housekeeper
{
    private static readonly TimeSpan s_releaseMax = TimeSpan.FromSeconds(2);

    /// <summary>However short a term is: a lease is not renewed without a pause.</summary>
    private static readonly TimeSpan s_renewMin = TimeSpan.FromSeconds(1);

    private readonly HousekeepingOptions _options;
    private readonly EngineServices _services;
    private readonly Func<bool> _isBusy;
    private readonly EngineCounters _counters;
    private readonly TableKeeping[] _tables;
    private readonly string _workFolder;
    private readonly TimeSpan _renewAfter;

    /// <param name="workFolder">Local folder that only this worker uses.</param>
    /// <param name="isBusy">Whether ingest has all it can do.</param>
    public Housekeeper(HousekeepingOptions options, EngineServices services, LaneSet lanes, string workFolder, EngineCounters counters, Func<bool> isBusy)
    {
        _counters = counters;
        _options = options;
        _services = services;
        _isBusy = isBusy;
        _renewAfter = options.LeaseTerm / 3 is var third && third > s_renewMin ? third : s_renewMin;
        _workFolder = Directory.CreateDirectory(Path.Combine(workFolder, "sealing")).FullName;
        _tables = [.. lanes.All.Select(New)];
        if (options.Enabled) _counters.Keeping = _tables;
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_options.Interval, _services.Time, cancellation);
                foreach (var table in _tables) await KeepAsync(table, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // What was begun is finished by whoever comes next.
        }
        catch (Exception bug)
        {
            // Ingest does not depend on it and goes on; the engine reports it once more when it ends.
            Log.HousekeepingEnded(_services.Logger, bug);
            throw;
        }
    }

    /// <summary>Gives the leases back, so that another worker need not wait for their end; they do end, and a store that does not answer just now must not hold up ours.</summary>
    public async Task ReleaseAsync()
    {
        using var enough = new CancellationTokenSource(s_releaseMax, _services.Time);
        foreach (var table in _tables)
        {
            try
            {
                await table.Lease.ReleaseAsync(enough.Token);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException || enough.IsCancellationRequested)
            {
                // Another worker waits for a term.
            }
        }
    }

    private async Task KeepAsync(TableKeeping table, CancellationToken cancellation)
    {
        await DoAsync(table, table.Sealing, SealAllAsync, cancellation);
        await DoAsync(table, table.Cleaning, CleanAsync, cancellation);
    }

    private async Task DoAsync(TableKeeping table, KeepingDuty duty, Func<TableKeeping, CancellationToken, Task> work, CancellationToken cancellation)
    {
        if (!duty.IsDue) return;
        try
        {
            await work(table, cancellation);
            if (duty.Done()) Log.HousekeepingGoesOn(_services.Logger, duty.What, table.Lane.Plan.Name);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException or TableRefusedException)
        {
            _counters.HousekeepingPutOff(table.Lane);
            if (duty.Failed(failure)) Log.HousekeepingPutOff(_services.Logger, duty.What, table.Lane.Plan.Name, failure.Message);
        }
    }

    private async Task SealAllAsync(TableKeeping table, CancellationToken cancellation)
    {
        // Another plan may be due at once.
        while (await table.Lease.TryHoldAsync(cancellation) && await WhileHeldAsync(table, token => SealAsync(table, token), cancellation)) await table.SeeCheckpointAsync(cancellation);
        if (table.Lease.IsHeld) await table.SeeCheckpointAsync(cancellation);
    }

    private async Task CleanAsync(TableKeeping table, CancellationToken cancellation)
    {
        if (_isBusy() || (table.CleanedAt is { } at && _services.Time.GetElapsedTime(at) < _options.CleanInterval) || !await table.Lease.TryHoldAsync(cancellation)) return;
        if (await WhileHeldAsync(table, token => CleanNowAsync(table, token), cancellation)) table.CleanedAt = _services.Time.GetTimestamp();
    }

    /// <summary>Renews the lease as long as something takes; stops that where it cannot be renewed, for another worker does the same then. False when it was stopped, or said so itself.</summary>
    private async Task<bool> WhileHeldAsync(TableKeeping table, Func<CancellationToken, Task<bool>> work, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = work(stop.Token);
        try
        {
            while (!working.IsCompleted && await HoldsOnAsync(table, working, cancellation))
            {
                // And once more, a third of a term later.
            }

            // Here and now, as everything in a simulated worker, which has one thread.
            if (!working.IsCompleted) stop.Cancel();
            return await working;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Waits for a third of a term, or until the work has ended, and renews the lease. False when another worker may have it, or all is to end.</summary>
    private async Task<bool> HoldsOnAsync(TableKeeping table, Task working, CancellationToken cancellation)
    {
        // Not Task.WhenAny: it may go on on a thread of the pool, and a simulated worker has one thread.
        var either = new TaskCompletionSource();
        await using (_services.Time.CreateTimer(_ => either.TrySetResult(), null, _renewAfter, Timeout.InfiniteTimeSpan))
        {
            _ = TellAsync(working, either);
            await either.Task;
        }

        if (working.IsCompleted || cancellation.IsCancellationRequested) return working.IsCompleted;
        using var late = new CancellationTokenSource(_renewAfter, _services.Time);
        try
        {
            return await table.Lease.TryHoldAsync(late.Token);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            return !table.Lease.HasEnded;
        }
    }

    private static async Task TellAsync(Task working, TaskCompletionSource ended)
    {
        await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        ended.TrySetResult();
    }

    /// <summary>False when nothing was due.</summary>
    private async Task<bool> SealAsync(TableKeeping table, CancellationToken cancellation)
    {
        var started = _services.Time.GetTimestamp();
        table.Room.Take(SealRoom.BytesMin);
        try
        {
            if (await table.Sealer.RunOnceAsync(SealScope.Due, cancellation) is not { } done) return false;
            _counters.Sealed(table.Lane, done, _services.Time.GetElapsedTime(started));
            return true;
        }
        finally
        {
            table.Room.GiveBack();
        }
    }

    /// <summary>Always true: it is done.</summary>
    private async Task<bool> CleanNowAsync(TableKeeping table, CancellationToken cancellation)
    {
        var name = table.Lane.Plan.Name;
        var vacuumed = await Vacuum.RunAsync(table.Lane.StoreBeside, _options.FileRetention, delete: true, _services.Ids, _services.Time, _workFolder, null, cancellation);
        if (vacuumed.Files + vacuumed.IndexObjects > 0) Log.Vacuumed(_services.Logger, name, vacuumed.Files, vacuumed.Bytes >> 20, vacuumed.Orphans, vacuumed.IndexObjects);
        _counters.Vacuumed(table.Lane, vacuumed);
        var now = _services.Time.GetUtcNow();
        var cleaned = await LogCleanup.RunAsync(table.Lane.StoreBeside, _options.LogRetention, now, _workFolder, cancellation);
        if (cleaned.Entries > 0) Log.LogCleaned(_services.Logger, name, cleaned.Entries, cleaned.Checkpoints, cleaned.Base);
        await table.Sealer.CleanPlansAsync(now - _options.LogRetention, cancellation);
        return true;
    }

    private TableKeeping New(TableLane lane)
    {
        var room = new SealRoom(lane.Budget, Math.Min(2 * _options.Sealing.MemoryBytes, lane.Budget.TotalBytes / 4));
        var services = new SealerServices(_workFolder, _services.Ids, _services.Time, new Throttle(_services.Time, _isBusy), _services.Logger) { Files = _services.Files, Holding = room.Take };
        return new TableKeeping(lane, room, new TableSealer(lane.Plan, lane.StoreBeside, services, _options.Sealing), new SealLease(lane.StoreBeside, _services.Ids.Next(), _services.Time, _options.LeaseTerm),
            new KeepingDuty("Sealing", _options.Interval, _services.Time), new KeepingDuty("Cleaning", _options.Interval, _services.Time));
    }
}
