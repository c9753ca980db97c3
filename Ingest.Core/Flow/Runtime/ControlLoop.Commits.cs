using Ingest.Core.Batching;
using Ingest.Core.Flow.Telemetry;

namespace Ingest.Core.Flow.Runtime;

/// <summary>When batches are sealed, and what happens when their commits end.</summary>
internal sealed partial class ControlLoop
{
    /// <summary>
    /// Seals what is due. Rows refused in the same offsets go first: a table's commit waits for the quarantine's, so that an offset that
    /// is committed has left nothing behind.
    /// </summary>
    private void Flush(bool force)
    {
        var pressed = _pause.IsPaused || _budget.IsShort;
        _behind = IsBehind();
        foreach (var lane in _lanes.ByOpenBytes())
        {
            if (lane.InFlight is not null || !lane.HasOpen || _stoppedTables.ContainsKey(lane.Plan.Name)) continue;
            if (!force && !IsDue(lane, pressed)) continue;
            if (!SealQuarantine()) continue;
            var after = _lanes.Quarantine.InFlight?.Completion;
            Mutation.Set(Bug.SkipsQuarantineFirst, ref after, (Task<JobResult>?)null);
            _lanes.Start(lane, after);
            Mutation.Do(Bug.ReportsOffsetsBeforeCommit, () => _partitions.Values.Where(p => p.Right is not null).ToList().ForEach(p => _source.ReportProgress(p.Right!, p.NextOffset)));
        }

        if (_lanes.Quarantine.OpenRows > 0 && (force || IsDue(_lanes.Quarantine, pressed))) SealQuarantine();
    }

    /// <summary>Starts the quarantine's commit if it has rows; false when it must wait for the one in flight.</summary>
    private bool SealQuarantine()
    {
        if (!_lanes.Quarantine.HasOpen) return true;
        if (_lanes.Quarantine.InFlight is not null) return false;
        _lanes.Start(_lanes.Quarantine, after: null);
        return true;
    }

    private bool IsDue(TableLane lane, bool pressed)
    {
        if (lane.OpenRecordAge is not { } age) return lane.OpenAge >= _options.IdleFlushAfter;
        return _flush.Decide(age, lane.OpenBytes, lane.OpenRows, lane.OpenPartitions, pressed, _behind) != FlushReason.None;
    }

    /// <summary>More transfers are waiting in Kafka than a few batches hold.</summary>
    private bool IsBehind()
    {
        var (waiting, bytes) = (0L, 0d);
        foreach (var partition in _partitions.Values)
        {
            if (partition.HaltedBecause is not null) continue;
            waiting += partition.Waiting;
            bytes += partition.WaitingBytes;
        }

        return waiting > BehindTransfers || bytes > BehindBytes;
    }

    /// <summary>Carries out what ended jobs say.</summary>
    private async Task SettleAsync(CancellationToken cancellation)
    {
        var reset = false;
        foreach (var lane in _lanes.All)
        {
            await lane.Merges.CollectAsync();
            if (lane.InFlight is not { Completion.IsCompleted: true } job) continue;
            lane.InFlight = null;
            var result = await job.Completion;
            reset |= await SettleAsync(lane, job, result, cancellation);
        }

        if (reset) await ResetAsync(cancellation);
    }

    /// <summary>True when everything open must be dropped and read again.</summary>
    private async Task<bool> SettleAsync(TableLane lane, CommitJob job, JobResult result, CancellationToken cancellation)
    {
        switch (result)
        {
            case JobResult.Committed committed:
                var isKnown = await SyncIndexAsync(lane, cancellation);
                if (isKnown) lane.Deduplicator.Committed(job.Work.Generation);
                lane.Progress.Committed(committed.Batch.Ranges);
                _counters.Committed(lane, committed);
                Log.Committed(_logger, committed.Version, lane.Plan.Name, committed.Batch.RowCount, committed.Batch.Partitions.Length,
                    committed.Batch.Ranges.Sum(r => r.Duplicates), committed.Took.TotalMilliseconds, committed.Attempts);
                ReportProgress(committed.Batch);
                committed.Batch.Dispose();
                _lanes.AfterCommit(lane, committed);
                return !isKnown;
            case JobResult.Abandoned abandoned:
                Log.Abandoned(_logger, lane.Plan.Name, abandoned.Why);
                _counters.NotCommitted(lane, "abandoned");
                job.DisposeBatch();
#if MUTATIONS
                if (Mutation.Current == Bug.CommitsAlthoughQuarantineFailed && lane == _lanes.Quarantine) return false;
#endif
                return true;
            case JobResult.Stopped stopped:
                _counters.NotCommitted(lane, "stopped");
                job.DisposeBatch();
                StopTable(lane, stopped.Why);
                return true;
            default:
                throw new InvalidOperationException($"Unknown job result {result}.");
        }
    }

    /// <summary>Brings the index up to a commit of ours. False when the worker should have ended and the store does not give what it lacks: nothing may be judged by it any more.</summary>
    private async Task<bool> SyncIndexAsync(TableLane lane, CancellationToken cancellation)
    {
#if MUTATIONS
        if (Mutation.Current == Bug.DoesNotSyncIndexAfterCommit) return true;
#endif
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _ending.Overdue);
        try
        {
            await lane.SyncIndexAsync(lane.Table.Current, either.Token);
            return true;
        }
        catch (OperationCanceledException) when (_ending.Overdue.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private void ReportProgress(SealedBatch batch)
    {
        foreach (var account in batch.Ranges)
        {
            if (!_partitions.TryGetValue(account.Source, out var partition) || partition.Right is null || !ReferenceEquals(partition.Right, account.Right)) continue;
            var committedTo = partition.Topic.Datasets.Min(d => _lanes[d.Plan.Name].Progress.CommittedTo(account.Source));
            if (committedTo <= partition.CommittedTo) continue;
            partition.CommittedTo = committedTo;
            _source.ReportProgress(partition.Right, committedTo);
        }
    }

    /// <summary>Commits all that is open; true when nothing is left within the time that a hand-over may take, or that is left until the worker should have ended.</summary>
    private async Task<bool> CommitOpenAsync(CancellationToken cancellation)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            Flush(force: true);
            if (!_lanes.All.Any(l => l.InFlight is not null)) return !_lanes.All.Any(l => l.HasOpen && !_stoppedTables.ContainsKey(l.Plan.Name));
            if (_time.GetElapsedTime(started) > _options.HandOverMax || _ending.Overdue.IsCancellationRequested) return false;
            await _signal.WaitAsync(cancellation);
            await SettleAsync(cancellation);
        }
    }
}
