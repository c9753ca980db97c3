using Ingest.Core.Batching;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// One sealed batch on its way into the log: encode, upload, commit; when rivals were faster with some of its rows, take those out and try again.
/// Runs beside the control loop and tells it the end by <see cref="Completion"/>, which never faults for expected reasons.
/// </summary>
/// <remarks>
/// The order is what makes a crash harmless: data files and the index run are durable before the entry that names them, and nothing that an
/// unclear outcome might have published is ever deleted.
/// </remarks>
internal sealed class CommitJob
{
    // While it is encoded, a partition takes two to three times what it weighs: more of those at once would not fit beside the budget.
    private const long EncodedAloneBytes = 24 << 20;

    // Of a row while its index run is made: its key, sorted, with its place, and as written.
    private const long RunRowBytes = 72;

    private readonly TableLane _lane;
    private readonly CommitJobServices _services;
    private readonly RunMerge? _merge;
    private readonly Task<JobResult>? _after;
    private readonly HashSet<string> _ownRuns;
    private Since _filesSince;
    private SealedBatch _batch;
#if MUTATIONS
    private WrittenFiles? _written;
#endif

    /// <param name="after">A job that must be in its table before this one is: the quarantine's, for rows refused in the same offsets.</param>
    public CommitJob(TableLane lane, SealedWork work, CommitJobServices services, RunMerge? merge, Task<JobResult>? after, HashSet<string> ownRuns)
    {
        _lane = lane;
        _services = services;
        _merge = merge;
        _after = after;
        _ownRuns = ownRuns;
        _batch = work.Batch;
        Work = work;
    }

    public SealedWork Work { get; }

    public Task<JobResult> Completion { get; private set; } = null!;

    public void Start(TaskScheduler scheduler, CancellationToken cancellation) => Completion =
        Task.Factory.StartNew(() => RunAsync(cancellation), CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();

    private async Task<JobResult> RunAsync(CancellationToken cancellation)
    {
        var started = _services.Time.GetTimestamp();
        try
        {
            if (_batch.RowCount == 0 && _batch.Ranges.All(r => r.Range.IsEmpty)) return NothingToSay(started);
            _filesSince = Since.Now(_services.Time);
            var written = await WriteAsync(cancellation);
#if MUTATIONS
            _written = written;
#endif
            var isQuarantined = _after is null || await _after is JobResult.Committed;
            Mutation.Set(Bug.CommitsAlthoughQuarantineFailed, ref isQuarantined, true);
            if (!isQuarantined)
                return new JobResult.Abandoned("the quarantine rows of the same offsets were not committed");
            return await CommitAsync(written, started, cancellation);
        }
        catch (IndexDamagedException missing) when (missing.IsMissing)
        {
            // A rival's run: after a sleep of days it was merged into another and deleted since the log was read. If it is damage, going back to the tables finds it.
            return new JobResult.Abandoned(missing.What);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
#if MUTATIONS
            Mutation.Do(Bug.DeletesFilesOnUnknownOutcome, () => _written?.Files.ToList().ForEach(f => _lane.Store.DeleteAsync(f.Path, CancellationToken.None).AsTask()));
#endif
            return new JobResult.Abandoned("stopped before the outcome was known");
        }
    }

    /// <summary>Gives the batch's memory back; for batches that were not committed (a committed one travels in the result).</summary>
    public void DisposeBatch() => _batch.Dispose();

    /// <summary>Rows found again that are all there already: no entry is needed.</summary>
    private JobResult.Committed NothingToSay(long started) =>
        new(_lane.Table.Current.Version, _batch, _services.Time.GetElapsedTime(started), 0, CheckpointDue: false);

    private async Task<JobResult> CommitAsync(WrittenFiles written, long started, CancellationToken cancellation)
    {
        var deduplicatedAt = Work.DeduplicatedAt;
        var attempts = 0;
        while (true)
        {
            if (!_batch.Ranges.All(r => r.Right.IsHeld)) return new JobResult.Abandoned("a partition of this batch was taken away");
            attempts++;
            var outcome = await _lane.Table.CommitAsync(Request(written, deduplicatedAt), _services.AppIdOf, cancellation);
            switch (outcome)
            {
                case CommitOutcome.Committed committed:
                    return new JobResult.Committed(committed.Version, _batch, _services.Time.GetElapsedTime(started), attempts, committed.CheckpointDue);
                case CommitOutcome.Overtaken overtaken:
                    var rewritten = await TakeOutAsync(written, overtaken.NewRuns, cancellation);
                    if (rewritten is null) return new JobResult.Abandoned("another worker committed records of the same identity first");
                    written = rewritten;
                    deduplicatedAt = overtaken.Version;
                    break;
                case CommitOutcome.Fenced fenced:
                    return new JobResult.Abandoned(fenced.Why);
                case CommitOutcome.Stopped stopped:
                    return new JobResult.Stopped(stopped.Why);
            }
        }
    }

    private CommitRequest Request(WrittenFiles written, long deduplicatedAt) => new()
    {
        TransactionId = _services.Ids.Next(),
        Files = written.Files,
        Ranges = [.. _batch.Ranges.Where(r => !r.Range.IsEmpty)],
        FoundAgain = [.. _batch.Ranges.Where(r => r.Range.IsEmpty && r.Written > 0).Select(OnlyWritten)],
        Run = written.Run,
        Merge = _merge,
        ContractHash = _lane.Plan.ContractHash,
        DeduplicatedAt = deduplicatedAt,
        FilesSince = _filesSince,
    };

    /// <summary>Of offsets that the table has taken before: what is no row now was counted then.</summary>
    private static RangeAccount OnlyWritten(RangeAccount account) => account with
    {
        Records = account.Written,
        Duplicates = 0,
        Quarantined = 0,
        Hours = [.. account.Hours.Where(h => h.Written > 0).Select(h => new PublishedHour(h.StartMs, 0, h.Written, 0, 0))],
    };

    /// <summary>Makes the batch's files and its index run durable under names that nobody else uses.</summary>
    private async Task<WrittenFiles> WriteAsync(CancellationToken cancellation)
    {
        var partitions = _batch.Partitions.Where(p => p.RowCount > 0).ToArray();
        var (files, run) = await WriteAsync(partitions, partitions, cancellation);
        return new WrittenFiles(_batch, files, run);
    }

    /// <summary>Files of some partitions and one index run. The run is one more of them, and the first, for it takes longest.</summary>
    private async Task<(DataFile[] Files, RunDescriptor? Run)> WriteAsync(PartitionBatch[] asFiles, PartitionBatch[] asRun, CancellationToken cancellation)
    {
        var files = new DataFile[asFiles.Length];
        RunDescriptor? run = null;
        var encoders = new Gate(_services.EncodersMax);
        var most = Math.Min(AtOnce(asFiles), asFiles.Length + 1);
        var granted = _services.Uploads.Take(Math.Min(most, _services.EncodersMax), most, _lane.Store.CallsAtOnce);
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = granted, CancellationToken = cancellation, TaskScheduler = _services.Scheduler };
            await Parallel.ForAsync(-1, asFiles.Length, options, async (i, token) =>
            {
                if (i < 0) run = await WriteRunAsync(asRun, token);
                else files[i] = await WriteFileAsync(asFiles[i], encoders, token);
            });
            return (files, run);
        }
        finally
        {
            _services.Uploads.Return(granted);
        }
    }

    /// <summary>As many as weigh together what one a core of the largest may.</summary>
    private int AtOnce(PartitionBatch[] partitions)
    {
        var largest = partitions.Select(p => p.Bytes).DefaultIfEmpty().Max();
        if (largest > EncodedAloneBytes) return 1;
        return (int)Math.Clamp(_services.EncodersMax * EncodedAloneBytes / Math.Max(1, largest), _services.EncodersMax, Math.Max(_services.EncodersMax, _lane.Store.CallsAtOnce));
    }

    private async Task<DataFile> WriteFileAsync(PartitionBatch partition, Gate encoders, CancellationToken cancellation)
    {
        while (true)
        {
            var id = _services.Ids.Next();
            Mutation.Set(Bug.ReusesFileName, ref id, new Guid((int)(_batch.Ranges[0].Range.From / 8), 0, 0, new byte[8]));
            var file = await EncodeAsync(partition, id, encoders, cancellation);
            var bytes = (long)file.Content.Length;
            _lane.Budget.Keep(bytes);
            try
            {
                var outcome = await _lane.Store.CreateUniqueAsync(file.File.Path, file.Content, cancellation);

                // Not when that failed: a client whose request was given up may still be reading, and its memory is freed once nobody refers to it.
                file.Dispose();
                Mutation.Set(Bug.CommitsTornFile, ref outcome, CreateOutcome.Created);
                Mutation.Set(Bug.ReusesFileName, ref outcome, CreateOutcome.Created);
                if (outcome == CreateOutcome.Created) return file.File;
            }
            finally
            {
                _lane.Budget.Keep(-bytes);
            }

            // What lies there is not what we sent: an upload that was cut off. It is nobody's; the next name is free.
        }
    }

    /// <summary>The file, and the pages it is made of, weigh no more than the rows do.</summary>
    private async Task<EncodedFile> EncodeAsync(PartitionBatch partition, Guid id, Gate encoders, CancellationToken cancellation)
    {
        await encoders.EnterAsync();
        var bytes = partition.Bytes;
        _lane.Budget.Keep(bytes);
        try
        {
            return await _services.EncodeAsync(_lane.Plan, partition, id, cancellation);
        }
        finally
        {
            _lane.Budget.Keep(-bytes);
            encoders.Leave();
        }
    }

    private async Task<RunDescriptor?> WriteRunAsync(PartitionBatch[] partitions, CancellationToken cancellation)
    {
        var rows = partitions.Sum(p => p.RowCount);
        if (rows == 0) return null;
        _lane.Budget.Keep(rows * RunRowBytes);
        try
        {
            var run = await RunUpload.CreateAsync(_lane.Store, _services.Ids, partitions, cancellation);
            lock (_ownRuns) _ownRuns.Add(run.Name);
            return run;
        }
        finally
        {
            _lane.Budget.Keep(-rows * RunRowBytes);
        }
    }

    /// <summary>Takes out the rows that rivals' runs hold, counts them as duplicates, and writes anew only the files they were in.</summary>
    private async Task<WrittenFiles?> TakeOutAsync(WrittenFiles written, IReadOnlyList<RunDescriptor> newRuns, CancellationToken cancellation)
    {
        List<RunDescriptor> rivals;
        lock (_ownRuns) rivals = [.. newRuns.Where(r => !_ownRuns.Contains(r.Name))];
        if (rivals.Count == 0) return written;

        var partitions = _batch.Partitions.ToArray();
        var taken = new TakenRows(_batch.Ranges.Length);
        var changed = new HashSet<int>();
        for (var i = 0; i < partitions.Length; i++)
        {
            var held = await _lane.Index.HeldByAsync(rivals, partitions[i].Keys, cancellation);
            if (Array.IndexOf(held, true) < 0) continue;
            // Same identity as a rival's row: duplicate or conflict? The whole batch is read again and judged against the index, which knows by then.
            var hasContents = partitions[i].Contents.Length > 0;
            Mutation.Set(Bug.TakesConflictForDuplicate, ref hasContents, false);
            if (hasContents) return null;
            for (var row = 0; row < held.Length; row++)
            {
                if (held[row]) taken.Add(partitions[i], row);
            }

            var whole = partitions[i];
            partitions[i] = PartitionRows.Without(whole, held);
            whole.Dispose();
            changed.Add(i);
        }

        if (changed.Count == 0) return written;
        Mutation.Set(Bug.KeepsAccountWithRowsTakenOut, ref taken, new TakenRows(_batch.Ranges.Length));
        return await RewriteAsync(written, partitions, taken, changed, cancellation);
    }

    private async Task<WrittenFiles> RewriteAsync(WrittenFiles written, PartitionBatch[] partitions, TakenRows taken, HashSet<int> changed, CancellationToken cancellation)
    {
        var old = _batch;
        _batch = new SealedBatch
        {
            Plan = old.Plan,
            Lease = old.Lease,
            Partitions = [.. partitions],
            Ranges = [.. old.Ranges.Select(taken.Without)],
        };
        var kept = written.Files.Zip(old.Partitions.Select((p, i) => (p, i)).Where(x => x.p.RowCount > 0), (file, x) => (file, x.i)).ToDictionary(x => x.i, x => x.file);
        var left = Enumerable.Range(0, partitions.Length).Where(i => partitions[i].RowCount > 0).ToArray();
        var (again, run) = await WriteAsync([.. left.Where(changed.Contains).Select(i => partitions[i])], [.. left.Select(i => partitions[i])], cancellation);
        var anew = left.Where(changed.Contains).Zip(again).ToDictionary(x => x.First, x => x.Second);
        DataFile[] files = [.. left.Select(i => anew.TryGetValue(i, out var file) ? file : kept[i])];
        Mutation.Set(Bug.KeepsRunWithRowsTakenOut, ref run, written.Run);
        return new WrittenFiles(_batch, files, run);
    }
}
