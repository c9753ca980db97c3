using Ingest.Core.Flow.Protocol;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>How partitions come, go in good order, get lost, and are read again.</summary>
internal sealed partial class ControlLoop
{
    /// <summary>The tables as they were read before the broker was asked what it holds: by these its ends are judged.</summary>
    private Dictionary<string, Snapshot> _judged = [];

    /// <summary>Reads the tables, before the broker is asked what it holds.</summary>
    private async Task JudgeAsync(CancellationToken cancellation)
    {
        await ReadTablesAsync(cancellation);
        _judged = _lanes.All.ToDictionary(l => l.Plan.Name, l => l.Newest, StringComparer.Ordinal);
    }

    /// <summary>What is open for a table that turns out to be another one can never be committed, and must not keep its share of the budget.</summary>
    private async Task ReadTablesAsync(CancellationToken cancellation)
    {
        var stopped = _stoppedTables.Count;
        await RefreshAsync(cancellation);
        if (_stoppedTables.Count > stopped) await ResetAsync(cancellation);
    }

    /// <summary>Says where each partition is read from; nowhere, when the worker is to end.</summary>
    private async Task<CommitRight?[]> AssignAsync(IReadOnlyList<PartitionBounds> assigned, CancellationToken cancellation)
    {
        var rights = new CommitRight?[assigned.Count];
        var partitions = assigned.Select(b => _catalog.Topics.TryGetValue(b.Source.Topic, out var topic) ? new PartitionState(topic, b) : null).ToArray();

        // A former owner may have committed since the tables were read, and what it had read may have expired since; or somebody has just told a table how to go on. Nothing is stopped for that.
        if (!_ending.Asked.IsCancellationRequested && partitions.Any(p => p is not null && WhyNotFrom(p) is not null)) await ReadTablesAsync(cancellation);
        if (_ending.Asked.IsCancellationRequested || !await FixStartsAsync(partitions.OfType<PartitionState>(), cancellation)) return rights;
        for (var i = 0; i < assigned.Count; i++)
        {
            if (partitions[i] is not { } partition) continue;
            _partitions[partition.Source] = partition;
            if (WhyBeyondTheEnd(partition) is { } why) Halt(partition, why);
            else rights[i] = StartReading(partition);
        }

        if (rights.FirstOrDefault(r => r is not null) is { } first) Log.Assigned(_logger, assigned.Count, first.Source, first.StartOffset, assigned.Count - 1);
        return rights;
    }

    /// <summary>
    /// What a partition that no table knows begins with is its end of now, and must be that for whoever reads it next: what comes meanwhile was published after the start. So the tables are told before
    /// anything is read. From a partition's own start nothing is passed over, and its first commit is early enough. False when the worker is to end.
    /// </summary>
    private async Task<bool> FixStartsAsync(IEnumerable<PartitionState> partitions, CancellationToken cancellation)
    {
        if (_options.StartFrom != StartPolicy.Latest) return true;
        var stopped = _stoppedTables.Count;
        var starts = new Dictionary<TableLane, List<CommitRight>>();
        foreach (var partition in partitions.Where(p => WhyBeyondTheEnd(p) is null && WhyAnotherTopic(p, Lanes(p)) is null))
        {
            if (StartRule.Decide(partition.Bounds, Stored(partition), StartPolicy.Latest) is not StartDecision.Read read) continue;
            foreach (var lane in Lanes(partition).Where(l => _lanes.StoredOffset(l, partition.Source) is null && !_stoppedTables.ContainsKey(l.Plan.Name)))
            {
                if (!starts.TryGetValue(lane, out var first)) starts.Add(lane, first = []);
                first.Add(new CommitRight(partition.Source, read.Offset, partition.Bounds.TopicId));
            }
        }

        foreach (var (lane, first) in starts)
        {
            if (!await UnlessEndingAsync(async token =>
                {
                    try
                    {
                        await _lanes.BeginAsync(lane, first, token);
                    }
                    catch (TableRefusedException gone)
                    {
                        StopTable(lane, gone.Message);
                    }
                }, cancellation)) return false;
        }

        if (_stoppedTables.Count > stopped) await ResetAsync(cancellation);
        return starts.Count == 0 || await RefreshAsync(cancellation);
    }

    /// <summary>Why the broker does not reach as far as the tables did before it was asked; null when it does. By what they say later it cannot be judged, for others may have read on.</summary>
    private string? WhyBeyondTheEnd(PartitionState partition) => StartRule.BeyondTheEnd(partition.Bounds, [.. partition.Topic.Datasets.Select(d => (d.Plan.Name, _lanes.StoredOffset(_judged[d.Plan.Name], partition.Source)))]);

    /// <summary>Why a partition cannot be read on from where the tables stand by what is known now; null when it can.</summary>
    private string? WhyNotFrom(PartitionState partition) =>
        WhyAnotherTopic(partition, Lanes(partition)) ?? (StartRule.Decide(partition.Bounds, Stored(partition), _options.StartFrom) as StartDecision.Halt)?.Why;

    /// <summary>Why a table has read another topic of the same name; null when none has, as far as ids are known.</summary>
    private string? WhyAnotherTopic(PartitionState partition, IEnumerable<TableLane> lanes) => partition.Bounds.TopicId is null
        ? null
        : StartRule.AnotherTopic(partition.Bounds, [.. lanes.Select(l => (l.Plan.Name, _lanes.PinnedTopic(l.Newest, partition.Source), _lanes.StoredOffset(l, partition.Source)))]);

    private TableLane[] Lanes(PartitionState partition) => [.. partition.Topic.Datasets.Select(d => _lanes[d.Plan.Name])];

    private (string Table, long? Offset)[] Stored(PartitionState partition) => [.. Lanes(partition).Select(l => (l.Plan.Name, _lanes.StoredOffset(l, partition.Source)))];

    /// <summary>Reads what others have committed. False when the worker is to end: nothing will be read any more, and a store that does not answer must not hold that up.</summary>
    private Task<bool> RefreshAsync(CancellationToken cancellation) => UnlessEndingAsync(token => _lanes.RefreshAsync(l => _stoppedTables.ContainsKey(l.Plan.Name), StopTable, token), cancellation);

    private async Task<bool> UnlessEndingAsync(Func<CancellationToken, Task> request, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _ending.Asked);
        try
        {
            await request(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (_ending.Asked.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Nothing is written to the table any more, and nothing is read that would have to go there; the others go on.</summary>
    private void StopTable(TableLane lane, string why)
    {
        if (!_stoppedTables.TryAdd(lane.Plan.Name, why)) return;
        Log.TableStopped(_logger, lane.Plan.Name, why);
        foreach (var partition in _partitions.Values.Where(p => lane == _lanes.Quarantine || p.Topic.Datasets.Any(d => d.Plan.Name == lane.Plan.Name)))
            Halt(partition, $"{partition.Source}: table '{lane.Plan.Name}' cannot be written: {why}");
    }

    /// <summary>Reads from the tables' offsets of now. The end is not judged again: others may have read further than the broker had when it was asked.</summary>
    private CommitRight? StartReading(PartitionState partition)
    {
        var lanes = Lanes(partition);
        if (lanes.Append(_lanes.Quarantine).FirstOrDefault(l => _stoppedTables.ContainsKey(l.Plan.Name)) is { } stopped)
        {
            Halt(partition, $"{partition.Source}: table '{stopped.Plan.Name}' cannot be written: {_stoppedTables[stopped.Plan.Name]}");
            return null;
        }

        if (WhyAnotherTopic(partition, lanes) is { } another)
        {
            Halt(partition, another);
            return null;
        }

        switch (StartRule.Decide(partition.Bounds, Stored(partition), _options.StartFrom))
        {
            case StartDecision.Halt halt:
                Halt(partition, halt.Why);
                return null;
            case StartDecision.Read read:
                Mutation.Set(Bug.ResumesWhereItReadInsteadOfWhereTheTableStands, ref read, r => new StartDecision.Read(Math.Max(r.Offset, partition.NextOffset)));
                var right = new CommitRight(partition.Source, read.Offset, partition.Bounds.TopicId);
                foreach (var lane in lanes.Append(_lanes.Quarantine))
                {
                    var from = _lanes.StoredOffset(lane, partition.Source) ?? read.Offset;
                    Mutation.Set(Bug.ForgetsTablesOwnOffset, ref from, read.Offset);
                    Mutation.Set(Bug.ResumesWhereItReadInsteadOfWhereTheTableStands, ref from, read.Offset);
                    lane.Progress.Follow(right, partition.Topic.Department, from);
                }

                partition.Right = right;
                partition.NextOffset = read.Offset;
                partition.CommittedTo = read.Offset;
                return right;
            default:
                throw new InvalidOperationException("Unknown start decision.");
        }
    }

    private string WhyLost(PartitionState partition, ControlMessage.Faulted faulted)
    {
        var tables = partition.Topic.Datasets.Select(d => (d.Plan.Name, faulted.Right.TopicId, _lanes.StoredOffset(_lanes[d.Plan.Name], partition.Source)));
        return (faulted.Held is { TopicId: not null } held ? StartRule.AnotherTopic(held, [.. tables]) : null) ?? StartRule.Lost(faulted.Next, faulted.Held) ?? faulted.Why;
    }

    private void Halt(PartitionState partition, string why)
    {
        if (partition.HaltedBecause is not null) return;
        partition.HaltedBecause = why;
        Log.Halted(_logger, why);
        if (partition.Right is { } right) _source.Halt(right);
    }

    /// <summary>Partitions go to another worker in good order: what is open is committed first, if that can be done in time.</summary>
    private async Task HandOverAsync(IReadOnlyList<CommitRight> rights, CancellationToken cancellation)
    {
        var leaving = Owned(rights);
        foreach (var partition in leaving) partition.IsDraining = true;
        var committed = await CommitOpenAsync(cancellation);
        Mutation.Set(Bug.TakesFailedHandOverForCommitted, ref committed, true);
        Log.HandedOver(_logger, leaving.Count, committed ? "committed" : "not committed, and read again by whoever gets them");
        Forget(leaving);
        if (!committed) await ResetAsync(cancellation);
    }

    /// <summary>Partitions are gone already: nothing of theirs may be committed by us.</summary>
    private async Task LoseAsync(IReadOnlyList<CommitRight> rights, CancellationToken cancellation)
    {
        Log.Lost(_logger, rights.Count);
#if MUTATIONS
        if (Mutation.Current == Bug.IgnoresLoss) return;
#endif
        Forget(Owned(rights));
        if (_lanes.All.Any(l => l.HasOpen || l.InFlight is not null)) await ResetAsync(cancellation);
    }

    /// <summary>
    /// By partition, not by right: the source's may be the one before ours, when we have just gone back and it has not heard of it yet. Its messages come in the order in which partitions come and go.
    /// </summary>
    private List<PartitionState> Owned(IReadOnlyList<CommitRight> rights)
    {
        List<PartitionState> owned = [.. rights.Select(r => _partitions.GetValueOrDefault(r.Source)).OfType<PartitionState>()];
        Mutation.Set(Bug.HandsOverByRight, ref owned, all => [.. all.Where(p => rights.Contains(p.Right))]);
        return owned;
    }

    private void Forget(List<PartitionState> leaving)
    {
        foreach (var partition in leaving)
        {
            partition.Right?.Revoke();
            _partitions.Remove(partition.Source);

            // Given up since the worker ends, not to another one that would tell it: it is what the process ends with.
            if (partition.HaltedBecause is { } why && _ending.Asked.IsCancellationRequested) _haltedToTheEnd.Add(why);
            foreach (var lane in _lanes.All) lane.Progress.Forget(partition.Source);
        }
    }

    /// <summary>Drops everything that is not in a table, and reads every partition again from the tables' own offsets.</summary>
    private async Task ResetAsync(CancellationToken cancellation)
    {
        var reading = _partitions.Values.Where(p => p.Right is not null && p.HaltedBecause is null).ToArray();
        var old = reading.Select(p => p.Right!).ToArray();

        // Those of partitions that stand still, too: chunks of theirs may be in line, and no table follows them from here on.
        foreach (var partition in _partitions.Values) partition.Right?.Revoke();
        await EndJobsAsync();
        _lanes.Abandon();
        if (reading.Length == 0 || !await RefreshAsync(cancellation)) return; // an assignment reads the tables anew
        Log.Rewinding(_logger, reading.Length);
        for (var i = 0; i < reading.Length; i++)
        {
#if MUTATIONS
            if (Mutation.Current == Bug.DoesNotRewind && StartReading(reading[i]) is not null) continue;
#endif
            if (StartReading(reading[i]) is { } next) _source.Rewind(old[i], next);
            else _source.Halt(old[i]);
        }
    }

    /// <summary>Stops the jobs in flight. What one has committed meanwhile counts; the log decides about one whose outcome is not known.</summary>
    private async Task EndJobsAsync()
    {
        _lanes.CancelJobs();
        foreach (var lane in _lanes.All)
        {
            if (lane.InFlight is not { } job) continue;
            lane.InFlight = null;
            if (await job.Completion is JobResult.Committed committed) _counters.Committed(lane, committed);
            job.DisposeBatch();
        }
    }
}
