using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Replay;

/// <summary>
/// One table's part in a replay: rows are selected by the table's own deduplicator, gathered, and committed by the service's own commit job. The account of each
/// topic-partition moves an offset of its own, which counts the rows that came by replay: two replays at once fence each other there.
/// </summary>
internal sealed class ReplayLane : IDisposable
{
    private readonly DatasetPlan _plan;
    private readonly TableIndex _index;
    private readonly Deduplicator _deduplicator;
    private readonly TableLane? _lane;
    private readonly CommitJobServices _services;
    private readonly Selection _selection = new();
    private readonly List<Account> _accounts = [];
    private readonly HashSet<string> _ownRuns = new(StringComparer.Ordinal);
    private OpenBatch _open;
    private long _deduplicatedAt = -1;

    /// <summary>A lane that commits.</summary>
    public ReplayLane(TableLane lane, CommitJobServices services)
        : this(lane.Plan, lane.Index, lane.Deduplicator, services) => _lane = lane;

    /// <summary>A lane that only judges: for a dry run, which must not even create a table.</summary>
    public ReplayLane(DatasetPlan plan, TableIndex index, CommitJobServices services)
        : this(plan, index, new Deduplicator(plan, index), services)
    {
    }

    private ReplayLane(DatasetPlan plan, TableIndex index, Deduplicator deduplicator, CommitJobServices services)
    {
        _plan = plan;
        _index = index;
        _deduplicator = deduplicator;
        _services = services;
        _open = new OpenBatch(plan);
    }

    public string Name => _plan.Name;

    /// <summary>Selects and gathers the new rows. The answer is good until the next call.</summary>
    public Selection Take(NormalizedChunk chunk, NormalizedRecords records)
    {
        _deduplicator.Select(records, _selection);
        if (_selection.Count == 0 || _lane is null) return _selection;
        if (_deduplicatedAt < 0) _deduplicatedAt = _lane.IndexVersion;
        var ordinal = _accounts.FindIndex(a => a.Source == chunk.Chunk.Source);
        if (ordinal < 0)
        {
            ordinal = _accounts.Count;
            _accounts.Add(new Account(chunk.Chunk.Source, chunk.Topic.Department));
        }

        _open.Append(chunk, records, _selection, ordinal);
        _accounts[ordinal].Rows += _selection.Count;
        foreach (var row in _selection.Rows.AsSpan(0, _selection.Count))
            PublishedHour.Add(_accounts[ordinal].Hours, new PublishedHour(PublishedHour.StartOf(chunk.Chunk.Transfers[records.Transfer[row]].PublishedAtMs), 0, 1, 0, 0));
        return _selection;
    }

    /// <summary>Commits what was gathered: the version, null when there was nothing.</summary>
    /// <exception cref="ReplayAbandonedException">Somebody else moved what the batch rests on; begin it anew.</exception>
    public async Task<long?> CommitAsync(CancellationToken cancellation)
    {
        if (_open.RowCount == 0 || _lane is not { } lane) return null;
        new ByteBudget(long.MaxValue).TryLease(_open.Bytes, out var lease);
        var batch = new SealedBatch { Plan = _plan, Partitions = _open.Seal(), Ranges = [.. _accounts.Select(a => Sealed(a, lane))], Lease = lease };
        var job = new CommitJob(lane, new SealedWork(batch, _deduplicator.Seal(), _deduplicatedAt, 0), _services, merge: null, after: null, _ownRuns);
        Forget();
        job.Start(_services.Scheduler, cancellation);
        switch (await job.Completion)
        {
            case JobResult.Committed committed:
                await lane.SyncIndexAsync(lane.Table.Current, cancellation);
                _deduplicator.Committed(job.Work.Generation);
                committed.Batch.Dispose();
                return committed.Version;
            case JobResult.Abandoned abandoned:
                job.DisposeBatch();
                cancellation.ThrowIfCancellationRequested();
                throw new ReplayAbandonedException(abandoned.Why);
            case JobResult.Stopped stopped:
                job.DisposeBatch();
                throw new Pool.Delta.TableRefusedException($"Table '{Name}' cannot be written: {stopped.Why}");
            default:
                throw new InvalidOperationException("Unknown job result.");
        }
    }

    /// <summary>Drops what was gathered and not committed, and reads what others have committed.</summary>
    public async Task RestartAsync(CancellationToken cancellation)
    {
        Abandon();
        if (_lane is not { } lane) return;
        await lane.Table.RefreshAsync(cancellation);
        await lane.SyncIndexAsync(lane.Table.Current, cancellation);
    }

    private void Abandon()
    {
        _deduplicator.AbandonAll();

        // An entry that was given up may still arrive. Its rows are judged anew then, so it counts as a rival's.
        lock (_ownRuns) _ownRuns.Clear();
        _open.Dispose();
        Forget();
    }

    public void Dispose()
    {
        _open.Dispose();
        if (_lane is not null)
        {
            _lane.Dispose();
            return;
        }

        _deduplicator.Dispose();
        _index.Dispose();
    }

    private void Forget()
    {
        _open = new OpenBatch(_plan);
        _accounts.Clear();
        _deduplicatedAt = -1;
    }

    private RangeAccount Sealed(Account account, TableLane lane)
    {
        var from = lane.Table.Current.Txns.TryGetValue(_services.AppIdOf(account.Source), out var stored) ? stored : 0;
        return new RangeAccount
        {
            Right = new CommitRight(account.Source, from),
            Department = account.Department,
            Range = new OffsetRange(from, from + account.Rows),
            Records = account.Rows,
            Written = account.Rows,
            Duplicates = 0,
            Quarantined = 0,
            PublishedUntilMs = 0,
            Hours = [.. account.Hours],
        };
    }

    private sealed class Account(TopicPartition source, string department)
    {
        public TopicPartition Source => source;

        public string Department => department;

        public long Rows { get; set; }

        public List<PublishedHour> Hours { get; } = [];
    }
}

/// <summary>A batch of a replay rests on something that another writer has changed meanwhile.</summary>
internal sealed class ReplayAbandonedException(string why) : Exception(why);
