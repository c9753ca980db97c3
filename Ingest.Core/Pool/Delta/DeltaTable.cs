using System.Collections.Immutable;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// One table's log, opened for writing. One call at a time: whoever commits owns it until the call returns. <see cref="Current"/> may be read from any thread.
/// </summary>
public sealed class DeltaTable
{
    /// <summary>
    /// Longest time between reading the log and a put. Create-if-absent forgets once old entries are cleaned away: a writer that slept through that
    /// could create a version that already lived. Far below any retention of a log, far above any put.
    /// </summary>
    private static readonly TimeSpan s_putDeadline = TimeSpan.FromMinutes(5);

    private readonly IObjectStore _store;
    private readonly TableSpec _spec;
    private readonly IdSource _ids;
    private readonly TimeProvider _time;
    private volatile Snapshot _current;

    private DeltaTable(IObjectStore store, TableSpec spec, IdSource ids, TimeProvider time, Snapshot current)
    {
        _store = store;
        _spec = spec;
        _ids = ids;
        _time = time;
        _current = current;
        Opened = current.Metadata!;
    }

    public string Name => _spec.Name;

    /// <summary>The newest state that we know of.</summary>
    public Snapshot Current => _current;

    /// <summary>The table's metadata when we opened it.</summary>
    public LogAction.Metadata Opened { get; private set; }

    /// <summary>Opens the table, creates it when there is none, and adds columns that its contract has and it has not.</summary>
    /// <exception cref="TableRefusedException">The table is not what the contract says, or beyond what we support.</exception>
    public static async ValueTask<DeltaTable> OpenOrCreateAsync(IObjectStore store, TableSpec spec, IdSource ids, TimeProvider time, CancellationToken cancellation)
    {
        var current = await LogReader.LoadAsync(store, cancellation);
        while (current is null)
        {
            // Whoever loses this race reads the winner's table and checks it like any other. After an unclear answer the log may still be empty: once more.
            await CreateEntryAsync(store, 0, NewTable(spec, ids, time), cancellation);
            current = await LogReader.LoadAsync(store, cancellation);
        }

        Check(spec, current);
        var table = new DeltaTable(store, spec, ids, time, current);
        while (TableSupport.Missing(table.Opened.SchemaString, spec.SchemaString) is not null) await table.AddColumnsAsync(cancellation);
        return table;
    }

    /// <summary>Reads entries that others have committed.</summary>
    public async ValueTask<Snapshot> RefreshAsync(CancellationToken cancellation)
    {
        await ReadNewAsync(null, cancellation);
        return _current;
    }

    /// <summary>Carries one commit through, whatever the store answers, until its outcome is known.</summary>
    public async ValueTask<CommitOutcome> CommitAsync(CommitRequest request, Func<TopicPartition, string> appIdOf, CancellationToken cancellation)
    {
        var attempt = new CommitAttempt(request, Opened, appIdOf, _spec.CheckpointInterval);
        var readAt = _time.GetTimestamp();
        var command = attempt.Start();
        while (true)
        {
            switch (command)
            {
                case CommitCommand.ReadLog:
                    var own = await ReadNewAsync(attempt.TransactionText, cancellation);
                    readAt = _time.GetTimestamp();
                    command = attempt.LogRead(_current, own, _time.GetUtcNow().ToUnixTimeMilliseconds());
                    break;
                case CommitCommand.Put put:
                    command = _time.GetElapsedTime(readAt) > s_putDeadline ? attempt.Overdue() : await PutAsync(attempt, put, cancellation);
                    break;
                case CommitCommand.ReadBack readBack:
                    command = await _store.ReadAsync(LogNames.Entry(readBack.Version), cancellation) is { } bytes
                        ? attempt.ReadBackFound(InfoOf(LogJson.Read(bytes))?.TransactionId)
                        : attempt.ReadBackMissing();
                    break;
                case CommitCommand.Done done:
                    if (done.Outcome is CommitOutcome.Committed) await ReadNewAsync(null, cancellation);
                    return done.Outcome;
            }
        }
    }

    /// <summary>Publishes a rebuilt index: these runs and no others are valid from now on. False when somebody committed rows meanwhile; rebuild on top of those.</summary>
    public async ValueTask<bool> ReplaceIndexAsync(IReadOnlyList<RunDescriptor> runs, long rebuiltAt, CancellationToken cancellation)
    {
        await ReadNewAsync(null, cancellation);
        if (_current.Version != rebuiltAt) return false;
        var keys = runs.Sum(r => r.Keys);
        var sum = runs.Aggregate(UInt128.Zero, (s, r) => s + r.Sum);
        var info = Info("INDEX REBUILD") with { Index = new IndexDelta(runs, [], keys, sum), ReplacesIndex = true };
        var created = await CreateEntryAsync(_store, rebuiltAt + 1, [new LogAction.Info(info)], cancellation);
        await ReadNewAsync(null, cancellation);
        return created || _current.Index.Runs.SequenceEqual(runs);
    }

    /// <summary>Writes the checkpoint of a version: the index manifest first, then the file, read back, then the hint.</summary>
    public ValueTask WriteCheckpointAsync(long version, CancellationToken cancellation) => CheckpointWriter.WriteAsync(_store, version, _time, cancellation);

    private async ValueTask<CommitCommand> PutAsync(CommitAttempt attempt, CommitCommand.Put put, CancellationToken cancellation)
    {
        try
        {
            return await _store.CreateAsync(LogNames.Entry(put.Version), LogJson.Write(put.Entry), cancellation) == CreateOutcome.Created
                ? attempt.PutCreated()
                : attempt.PutExists();
        }
        catch (StoreException unclear) when (unclear.Kind == StoreFault.Unknown)
        {
            return attempt.PutUnknown();
        }
    }

    /// <summary>Applies new entries; version and index of the one that carries <paramref name="transactionId"/>, if any does.</summary>
    private async ValueTask<(long Version, IndexDelta Index)?> ReadNewAsync(string? transactionId, CancellationToken cancellation)
    {
        (long, IndexDelta)? own = null;
        await foreach (var (version, actions) in LogReader.EntriesAsync(_store, _current.Version + 1, cancellation))
        {
            _current = _current.Apply(version, actions);
            if (transactionId is null || InfoOf(actions) is not { } info || info.TransactionId != transactionId) continue;
            own = (version, info.Index ?? new IndexDelta([], [], _current.Index.TotalKeys, _current.Index.TotalSum));
        }

        return own;
    }

    private async ValueTask AddColumnsAsync(CancellationToken cancellation)
    {
        await ReadNewAsync(null, cancellation);
        Check(_spec, _current);
        var metadata = _current.Metadata!;
        if (TableSupport.Missing(metadata.SchemaString, _spec.SchemaString) is not null)
        {
            var widened = metadata with { SchemaString = TableSupport.Widened(metadata.SchemaString, _spec.SchemaString) };
            await CreateEntryAsync(_store, _current.Version + 1, [new LogAction.Info(Info("ADD COLUMNS")), widened], cancellation);
            await ReadNewAsync(null, cancellation);
        }

        Opened = _current.Metadata!;
    }

    private CommitInfo Info(string operation) => new()
    {
        Timestamp = Math.Max(_time.GetUtcNow().ToUnixTimeMilliseconds(), _current.LastTimestamp + 1),
        Operation = operation,
        EngineInfo = EngineInfo.Text,
        TransactionId = _ids.Next().ToString("D"),
        ReadVersion = _current.Version,
    };

    private static void Check(TableSpec spec, Snapshot current)
    {
        if (TableSupport.Problem(current) is { } problem) throw new TableRefusedException($"Table '{spec.Name}': {problem}");
        var metadata = current.Metadata!;
        if (!metadata.PartitionColumns.SequenceEqual(spec.PartitionColumns))
        {
            throw new TableRefusedException(
                $"Table '{spec.Name}' is partitioned by ({string.Join(", ", metadata.PartitionColumns)}) and its contract says ({string.Join(", ", spec.PartitionColumns)}). " +
                "Partitioning cannot change in place: restore the contract's, or give the dataset another name.");
        }

        var signature = metadata.Configuration.GetValueOrDefault(TableSpec.DedupKey);
        if (signature is not null && signature != spec.DedupSignature)
        {
            throw new TableRefusedException(
                $"Table '{spec.Name}': the contract changes what counts as a duplicate. The table was written with '{signature}', the contract says '{spec.DedupSignature}': " +
                "rows already there would no longer be recognised. List new columns under dedup.except, restore the old columns, or give the dataset another name.");
        }

        var types = TableSupport.Columns(metadata.SchemaString);
        foreach (var (name, type) in TableSupport.Columns(spec.SchemaString))
        {
            if (types.TryGetValue(name, out var old) && old != type)
                throw new TableRefusedException($"Table '{spec.Name}': column '{name}' is {old} in the table and {type} in the contract. A column's type cannot change: give the new one another name.");
        }
    }

    private static List<LogAction> NewTable(TableSpec spec, IdSource ids, TimeProvider time)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var info = new CommitInfo { Timestamp = now, Operation = "CREATE TABLE", EngineInfo = EngineInfo.Text, TransactionId = ids.Next().ToString("D") };
        var configuration = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("delta.appendOnly", "false").Add(TableSpec.DedupKey, spec.DedupSignature);
        return
        [
            new LogAction.Info(info),
            new LogAction.Protocol(1, 2, [], []),
            new LogAction.Metadata(ids.Next().ToString("D"), spec.SchemaString, spec.PartitionColumns, configuration, spec.Name, spec.Description, now),
        ];
    }

    /// <summary>Puts an entry that may as well be somebody else's: who put it does not matter, the log is read afterwards.</summary>
    private static async ValueTask<bool> CreateEntryAsync(IObjectStore store, long version, IReadOnlyList<LogAction> actions, CancellationToken cancellation)
    {
        try
        {
            return await store.CreateAsync(LogNames.Entry(version), LogJson.Write(actions), cancellation) == CreateOutcome.Created;
        }
        catch (StoreException unclear) when (unclear.Kind == StoreFault.Unknown)
        {
            return false;
        }
    }

    private static CommitInfo? InfoOf(IReadOnlyList<LogAction> actions) => actions.OfType<LogAction.Info>().FirstOrDefault()?.Content;
}
