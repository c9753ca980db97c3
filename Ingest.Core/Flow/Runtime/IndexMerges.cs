using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Stores;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// The merges of one table's index runs, beside its commits: begun when a commit makes them due, held back to a rate, published by a later commit.
/// Never waited for: a merge that is cancelled or refused leaves an orphan and is begun again, one that fails less and less often. Owned by the control loop.
/// </summary>
internal sealed class IndexMerges(TableIndex index, string table, TimeProvider time, TaskScheduler scheduler, ILogger logger) : IDisposable
{
    /// <summary>Two, so that the small merges that keep lookups short do not wait for hours behind a large one.</summary>
    private const int AtOnceMax = 2;

    /// <summary>Nothing names a merge's run before a commit publishes it, so vacuum deletes it after a week: one that waited so long for a commit is made anew.</summary>
    private static readonly TimeSpan s_waitMax = TimeSpan.FromDays(2);

    private static readonly TimeSpan s_firstWait = TimeSpan.FromSeconds(10);

    private readonly List<(IReadOnlyList<RunDescriptor> Runs, Since At, Task<(RunMerge? Merge, IOException? Failure)> Task)> _running = [];
    private readonly Queue<(RunMerge Merge, Since At)> _ready = [];
    private readonly KeepingDuty _duty = new("Merging index runs", s_firstWait, time);
    private readonly CancellationTokenSource _stop = new();
    private RunMerge? _taken;

    /// <summary>Merges that were begun and are not taken in yet.</summary>
    public int Running => _running.Count;

    /// <summary>Begins the merges that are due.</summary>
    public void Begin()
    {
        while (_duty.IsDue && _running.Count < AtOnceMax && index.PlanMerge(InHand()) is { } runs)
            _running.Add((runs, Since.Now(time), Task.Factory.StartNew(() => MergeAsync(runs), CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap()));
    }

    /// <summary>Takes in what merges have ended with.</summary>
    /// <exception cref="IndexDamagedException">A merge found damage, or a key in two runs: nothing more may be written.</exception>
    public async ValueTask CollectAsync()
    {
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            var (_, at, ended) = _running[i];
            if (!ended.IsCompleted) continue;
            _running.RemoveAt(i);
            var (merge, failure) = await ended;
            if (failure is not null && _duty.Failed(failure)) Log.HousekeepingPutOff(logger, _duty.What, table, failure.Message);
            if (merge is null) continue;
            if (_duty.Done()) Log.HousekeepingGoesOn(logger, _duty.What, table);
            _ready.Enqueue((merge, at));
        }
    }

    /// <summary>A merge for the next commit to publish; null when none is ready. If that commit does not carry it through, it is merged again.</summary>
    public RunMerge? Take()
    {
        while (_ready.TryDequeue(out var ready))
        {
            if (ready.At.Elapsed(time) < s_waitMax) return _taken = ready.Merge;
        }

        return _taken = null;
    }

    /// <summary>Gives up what is not done, and returns when nothing runs any more.</summary>
    public async Task StopAsync()
    {
        // Here and now, not on a thread of the pool: a simulated worker has one thread.
        _stop.Cancel();
        await Task.WhenAll(_running.Select(r => r.Task));
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private HashSet<string> InHand() =>
        _running.SelectMany(r => r.Runs).Concat(_ready.SelectMany(m => m.Merge.Removed)).Concat(_taken?.Removed ?? []).Select(r => r.Name).ToHashSet(StringComparer.Ordinal);

    private async Task<(RunMerge?, IOException?)> MergeAsync(IReadOnlyList<RunDescriptor> runs)
    {
        try
        {
            return (await index.MergeAsync(runs, new MergePace(IndexSizes.MergeBytesPerSecond, time), _stop.Token), null);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return (null, null);
        }
        catch (IOException failure) when (failure is not IndexDamagedException)
        {
            return (null, failure);
        }
    }
}
