using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Protocol;
using Ingest.Core.Normalizing;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// One table's way from selected rows to commits: its log, its index, the batch being filled and the one being committed. At most one commit of a
/// table is in flight, so the next batch fills while this one is written. Owned by the control loop, except what <see cref="CommitJob"/> is given.
/// </summary>
internal sealed class TableLane : IDisposable
{
    // A transfer of a million records must not cost its size for ever, once for each chunk of a turn.
    private const int SpareRowsMax = 1 << 16;

    private readonly TimeProvider _time;
    private readonly Selection _selection = new();
    private readonly Queue<Begun> _begun = [];
    private readonly List<(NormalizedRecords Records, Selection Into)> _selecting = [];
    private readonly Stack<Selection> _spare = [];
    private readonly HourSplit _hours = new();
    private OpenBatch _open;
    private ByteLease? _lease;
    private long _openedAt;
    private long? _recordsAt;
    private long _openVersion = -1;
    private long _keysBytes;
    private Snapshot _seen;

    public TableLane(DatasetPlan plan, IObjectStore store, IObjectStore storeBeside, DeltaTable table, TableIndex index, IndexMerges merges, ByteBudget budget, TimeProvider time, int tables = 1)
    {
        Plan = plan;
        Store = store;
        StoreBeside = storeBeside;
        Table = table;
        Index = index;
        Merges = merges;
        _seen = table.Current;
        IndexVersion = _seen.Version;
        Deduplicator = new Deduplicator(plan, index, Deduplicator.RowsTogether(tables));
        Budget = budget;
        _time = time;
        _open = new OpenBatch(plan);
    }

    public DatasetPlan Plan { get; }

    public ByteBudget Budget { get; }

    public IObjectStore Store { get; }

    /// <summary>The same for what is done beside ingest.</summary>
    public IObjectStore StoreBeside { get; }

    public DeltaTable Table { get; }

    public TableIndex Index { get; }

    public Deduplicator Deduplicator { get; }

    public TableProgress Progress { get; } = new();

    /// <summary>
    /// The newest state that was read, by this worker's commits or by <see cref="ReadLogAsync"/> beside one: what is said of offsets. A commit in flight is not held back until it knows as much, it finds out by itself.
    /// </summary>
    public Snapshot Newest => Table.Current is var table && table.Version >= _seen.Version ? table : _seen;

    /// <summary>The log version that <see cref="Index"/> reflects.</summary>
    public long IndexVersion { get; private set; }

    /// <summary>The commit in flight; null when there is none.</summary>
    public CommitJob? InFlight { get; set; }

    public IndexMerges Merges { get; }

    public int OpenRows => _open.RowCount;

    public long OpenBytes => _open.Bytes;

    public bool HasOpen => Progress.OpenAccounts > 0;

    /// <summary>How long the oldest open account has been waiting.</summary>
    public TimeSpan OpenAge => HasOpen ? _time.GetElapsedTime(_openedAt) : TimeSpan.Zero;

    /// <summary>How long the oldest record in the open batch has been waiting; null when there is none, however long offsets without any have been open.</summary>
    public TimeSpan? OpenRecordAge => _recordsAt is { } at ? _time.GetElapsedTime(at) : null;

    /// <summary>How long the oldest record of this lane has been waiting, open or in flight.</summary>
    public TimeSpan UncommittedAge => (InFlight?.Work.RecordsAt is { } at ? _time.GetElapsedTime(at) : OpenRecordAge) ?? TimeSpan.Zero;

    public int OpenPartitions => _open.PartitionCount;

    /// <summary>How many more what is begun opens at most.</summary>
    public int BegunPartitions
    {
        get
        {
            var partitions = 0;
            foreach (var begun in _begun) partitions += begun.Chunk.Datasets[begun.Dataset].PartitionsAtMost;
            return partitions;
        }
    }

    /// <summary>
    /// Opens the account of one dataset's rows in the next chunk. Chunks that come one after another may be begun together; then <see cref="Select"/> says what is new in all of them, and
    /// <see cref="Take"/> takes each, in the order in which they were begun. False when this table has the whole chunk already: it is not taken.
    /// </summary>
    public bool Begin(NormalizedChunk chunk, int dataset)
    {
        var records = chunk.Datasets[dataset];
        var right = chunk.Chunk.Right;
        var skipBelow = Progress.TakenTo(right.Source);
        var published = PublishedSpan.Of(chunk.Chunk.Transfers);
        var ordinal = Progress.Take(chunk.Chunk.Range, right, published);
        if (ordinal < 0) return false;

        // Not before: a batch that nothing was taken into has no age.
        Opening();
        Mutation.Set(Bug.TakesAgainWhatTheTableHas, ref skipBelow, 0);
        if (chunk.Chunk.Range.From < skipBelow) SkipRows(records, chunk.Chunk, skipBelow);
        if (!_spare.TryPop(out var selection)) selection = new Selection();
        _begun.Enqueue(new Begun(chunk, dataset, ordinal, skipBelow, published, selection));
        _selecting.Add((records, selection));
        return true;
    }

    /// <summary>Selects what is new in all that was begun.</summary>
    /// <exception cref="IndexDamagedException">The index cannot be trusted.</exception>
    public void Select()
    {
        if (_selecting.Count > 0) Deduplicator.Select(_selecting);
        _selecting.Clear();
    }

    /// <summary>
    /// Takes what was begun first: appends the new rows to the open batch and accounts for all. Conflicting rows are added to <paramref name="conflicts"/>. Returns what became of the records.
    /// </summary>
    public TakenCounts Take(List<Rejection> conflicts)
    {
        var (chunk, dataset, ordinal, skipBelow, published, selection) = _begun.Dequeue();
        var records = chunk.Datasets[dataset];
        Append(chunk, records, selection, ordinal);
        foreach (var row in selection.Conflicts) conflicts.Add(IdentityConflict.Of(records, row, dataset, conflicts.Count));

        var refused = CountRefused(chunk, dataset, skipBelow) + selection.Conflicts.Count;
        var counts = new TakenCounts(selection.Count, selection.Duplicates, refused);
        Aged(counts);
        Progress.Count(ordinal, counts.Written, counts.Duplicates, counts.Quarantined, _hours.Of(chunk.Chunk, published, records, selection, chunk.Rejections, dataset, skipBelow, counts));
        if (selection.Rows.Length <= SpareRowsMax) _spare.Push(selection);
        return counts;
    }

    /// <summary>Takes rows of the quarantine, which may lie in offsets that the table already has. Returns how many were new.</summary>
    public int TakeQuarantine(QuarantineRows rows)
    {
        var right = rows.Chunk.Chunk.Right;
        var to = rows.Chunk.Chunk.Range.To;
        Opening();
        var takenTo = Progress.TakenTo(right.Source);
        var ordinal = to > takenTo
            ? Progress.Take(new OffsetRange(takenTo, to), right, PublishedSpan.Of(rows.Chunk.Chunk.Transfers))
            : Progress.Revisit(right.Source);
        Deduplicator.Select(rows.Records, _selection);
        Append(rows.Chunk, rows.Records, _selection, ordinal);
        var counts = new TakenCounts(_selection.Count, _selection.Duplicates, 0);
        Aged(counts);
        Progress.Count(ordinal, counts.Written, counts.Duplicates, 0, _hours.Of(rows.Chunk.Chunk, default, rows.Records, _selection, [], 0, long.MaxValue, counts));
        return _selection.Count;
    }

    /// <summary>Closes the open batch: it now belongs to a commit job.</summary>
    public SealedWork Seal()
    {
        var lease = _lease ?? throw new InvalidOperationException($"Nothing is open in table '{Plan.Name}'.");
        var (deduplicatedAt, recordsAt) = (_openVersion, _recordsAt);
        _lease = null;
        _openVersion = -1;
        _recordsAt = null;
        var batch = new SealedBatch { Plan = Plan, Partitions = _open.Seal(), Ranges = Progress.Seal(), Lease = lease };
        var generation = Deduplicator.Seal();
        Mutation.Do(Bug.ForgetsPendingAtSeal, () => Deduplicator.AbandonAll());
        return new SealedWork(batch, generation, deduplicatedAt, recordsAt);
    }

    /// <summary>Reads what others have committed. A commit in flight owns the table until it ends, which may be long after: then the log is read beside it.</summary>
    public async ValueTask ReadLogAsync(CancellationToken cancellation) =>
        _seen = InFlight is null ? await Table.RefreshAsync(cancellation) : await Table.PeekAsync(cancellation);

    /// <summary>Brings the index up to the log: the runs of our own commits, and those of other workers. One that is there already stays: what it knows more of is true, too.</summary>
    public async ValueTask SyncIndexAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        while (snapshot.Version > IndexVersion)
        {
            try
            {
                await Index.SyncAsync(new IndexState(snapshot.Index.Runs, snapshot.Index.TotalKeys, snapshot.Index.TotalSum), cancellation);
                IndexVersion = snapshot.Version;
            }
            catch (IndexDamagedException missing) when (missing.IsMissing)
            {
                // After a sleep of days: it was merged into another and deleted since this state was read.
                await ReadLogAsync(cancellation);
                if (Newest.Index.Runs.Any(r => r.Name == missing.Run)) throw;
                snapshot = Newest;
            }
        }
    }

    /// <summary>Drops all that is open and not committed; it will be read again.</summary>
    public void Abandon()
    {
        _open.Dispose();
        _open = new OpenBatch(Plan);
        _lease?.Dispose();
        _lease = null;
        _openVersion = -1;
        _recordsAt = null;
#if MUTATIONS
        if (Mutation.Current != Bug.DropNotUndoneOnAbandon)
#endif
        Deduplicator.AbandonAll();
        Progress.Reset();
        _begun.Clear();
        _selecting.Clear();
    }

    public void Dispose()
    {
        Budget.Keep(-_keysBytes);
        _open.Dispose();
        _lease?.Dispose();
        Merges.Dispose();
        Deduplicator.Dispose();
        Index.Dispose();
    }

    private void Opening()
    {
        if (_lease is not null) return;
        Budget.TryLease(0, out _lease);
        _openedAt = _time.GetTimestamp();
        _openVersion = IndexVersion;
    }

    private void Aged(TakenCounts counts)
    {
        if (counts.Written + counts.Duplicates + counts.Quarantined > 0) _recordsAt ??= _time.GetTimestamp();
    }

    private void Append(NormalizedChunk chunk, NormalizedRecords records, Selection selection, int ordinal)
    {
        if (selection.Count == 0) return;
        _open.Append(chunk, records, selection, ordinal);
        _lease!.Resize(_open.Bytes);
        var keys = Deduplicator.ResidentBytes + Index.ResidentBytes;
        Budget.Keep(keys - _keysBytes);
        _keysBytes = keys;
    }

    private static void SkipRows(NormalizedRecords records, TransferChunk chunk, long below)
    {
        var transfers = chunk.Transfers;
        for (var row = 0; row < records.Count && transfers[records.Transfer[row]].Offset < below; row++) records.Refused[row] = 1;
    }

    private static int CountRefused(NormalizedChunk chunk, int dataset, long skipBelow)
    {
        var count = 0;
        foreach (var rejection in chunk.Rejections)
        {
            if (rejection.Dataset == dataset && chunk.Chunk.Transfers[rejection.Transfer].Offset >= skipBelow) count++;
        }

        return count;
    }

    /// <summary>One dataset's rows of a chunk, between <see cref="Begin"/> and <see cref="Take"/>.</summary>
    private readonly record struct Begun(NormalizedChunk Chunk, int Dataset, int Ordinal, long SkipBelow, PublishedSpan Published, Selection Selection);
}

/// <summary>What became of one dataset's records in a chunk.</summary>
internal readonly record struct TakenCounts(int Written, int Duplicates, int Quarantined);

/// <summary>A sealed batch with the deduplicator's generation, the log version its rows were checked against, and when its first record was taken (timestamp); null when it has none.</summary>
internal sealed record SealedWork(SealedBatch Batch, int Generation, long DeduplicatedAt, long? RecordsAt);
