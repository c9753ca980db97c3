using System.IO.Hashing;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// One table's log, opened for writing. One call at a time: whoever commits owns it until the call returns. <see cref="Current"/> may be read from any thread.
/// </summary>
public sealed partial class DeltaTable
{
    private const string AcceptTopicOperation = "ACCEPT TOPIC";

    private readonly IObjectStore _store;
    private readonly TableSpec _spec;
    private readonly IdSource _ids;
    private readonly TimeProvider _time;
    private readonly RemovedFiles _removed;
    private volatile Snapshot _current;

    private DeltaTable(IObjectStore store, TableSpec spec, IdSource ids, TimeProvider time, Snapshot current)
    {
        _store = store;
        _spec = spec;
        _ids = ids;
        _time = time;
        _current = current;
        _removed = new RemovedFiles(store);
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
        if (current is null)
        {
            // Whoever loses this race reads the winner's table and checks it like any other. An unclear answer is asked again, with the same content.
            var first = TableFit.New(spec, ids, time);
            await RefuseRemainsAsync(store, spec.Name, cancellation);
            while (current is null)
            {
                await CreateEntryAsync(store, 0, first, cancellation);
                current = await LogReader.LoadAsync(store, cancellation);
            }
        }

        TableFit.Check(spec, current);
        var table = new DeltaTable(store, spec, ids, time, current);
        while (TableSupport.Missing(table.Opened.SchemaString, spec.SchemaString) is not null) await table.AddColumnsAsync(cancellation);
        return table;
    }

    /// <summary>
    /// A table whose log is gone is not a new table: made anew, it would take in again what the brokers still have, beside sealed files that hold the same rows, and the rest would be lost.
    /// </summary>
    private static async ValueTask RefuseRemainsAsync(IObjectStore store, string name, CancellationToken cancellation)
    {
        if (await LogReader.RemainsAsync(store, cancellation) is not { } remains) return;

        // Or somebody has just created it, and has committed since we looked for its log.
        if (await LogReader.LoadAsync(store, cancellation) is not null) return;
        throw new TableRefusedException($"Table '{name}' {LogReader.WithoutLog(remains)} To begin anew, move the folder '{name}' out of the pool first.");
    }

    /// <summary>Opens a table as it is, whatever its contract says; null when there is none.</summary>
    /// <exception cref="TableRefusedException">The table is beyond what we support.</exception>
    public static async ValueTask<DeltaTable?> OpenAsync(IObjectStore store, string name, IdSource ids, TimeProvider time, CancellationToken cancellation)
    {
        if (await LogReader.LoadAsync(store, cancellation) is not { } current) return null;
        if (TableSupport.Problem(current) is { } problem) throw new TableRefusedException($"Table '{name}': {problem}");
        var metadata = current.Metadata!;
        var spec = new TableSpec(name, metadata.Description, metadata.SchemaString, metadata.PartitionColumns, metadata.Configuration.GetValueOrDefault(TableSpec.DedupKey) ?? "", int.MaxValue);
        return new DeltaTable(store, spec, ids, time, current);
    }

    /// <summary>
    /// Moves a partition's offset over offsets that are lost for good, by an entry that says so. Null when the table has no such partition or stands there already.
    /// </summary>
    /// <returns>The offsets given up, and the outcome.</returns>
    public async ValueTask<(OffsetRange Gap, CommitOutcome Outcome)?> AcceptGapAsync(string sourceName, TopicPartition source, long to, CancellationToken cancellation)
    {
        if (!_current.Txns.TryGetValue(AppId.For(sourceName, source), out var stored) || stored >= to) return null;

        // Of a partition that was begun and never read there is no line that knows it, but of others of its topic.
        var lines = (await Ledger.ReadAsync(_store, cancellation)).Lines.Where(l => l.Department.Length > 0 && l.Source.Topic == source.Topic).ToList();
        var department = (lines.Find(l => l.AppId == AppId.For(sourceName, source)) ?? lines.FirstOrDefault())?.Department ?? "";
        var account = new Batching.RangeAccount
        {
            Right = new CommitRight(source, stored),
            Department = department,
            Range = new OffsetRange(stored, to),
            Records = 0,
            Written = 0,
            Duplicates = 0,
            Quarantined = 0,
            PublishedUntilMs = 0,
        };
        var request = new CommitRequest
        {
            TransactionId = _ids.Next(),
            Files = [],
            Ranges = [account],
            Run = null,
            DeduplicatedAt = _current.Version,
            Operation = Ledger.GapOperation,
            ContractHash = "",
        };
        return (account.Range, await CommitAsync(request, s => AppId.For(sourceName, s), cancellation));
    }

    /// <summary>
    /// Knows a topic by another id from now on, by an entry that says so. Null when the table never read the topic, or knows it by that id already.
    /// </summary>
    /// <returns>The version of the entry.</returns>
    public async ValueTask<long?> AcceptTopicAsync(string sourceName, string topic, string id, CancellationToken cancellation)
    {
        while (true)
        {
            await ReadNewAsync(null, cancellation);
            var appId = AppId.For(sourceName, new TopicPartition(topic, 0));
            var hasRead = _current.Txns.Keys.Any(a => AppId.TryParse(a, out var name, out var source) && name == sourceName && source.Topic == topic);
            var info = Info(AcceptTopicOperation);
            if (!hasRead || TopicPin.Action(_current, appId, id, info.Timestamp) is not { } pin) return null;
            var version = _current.Version + 1;
            if (await CreateEntryAsync(_store, version, [new LogAction.Info(info), pin], cancellation)) return version;
        }
    }

    /// <summary>Reads entries that others have committed.</summary>
    public async ValueTask<Snapshot> RefreshAsync(CancellationToken cancellation)
    {
        await ReadNewAsync(null, cancellation);
        return _current;
    }

    /// <summary>
    /// The newest state by the log, and nothing of ours is changed: also while somebody commits, and owns this table until then. For what is said of offsets; files that other engines removed are not taken off its counts.
    /// </summary>
    /// <exception cref="TableRefusedException">The log is not the one that was opened.</exception>
    public async ValueTask<Snapshot> PeekAsync(CancellationToken cancellation)
    {
        var tip = await StandingAsync(_current, cancellation);
        await foreach (var entry in LogReader.ReadEntriesAsync(_store, tip.Version + 1, cancellation)) tip = tip.Apply(entry.Version, entry.Actions) with { EntryHash = entry.Hash };
        return tip;
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
        return created || (_current.Index.IsKnown && _current.Index.Runs.SequenceEqual(runs));
    }

    /// <summary>Writes the checkpoint of a version: the index manifest first, then the file, read back, then the hint.</summary>
    /// <param name="workFolder">Local folder of this process, where a large one is put together; null: it is held in memory.</param>
    public ValueTask WriteCheckpointAsync(long version, CancellationToken cancellation, string? workFolder = null) => CheckpointWriter.WriteAsync(_store, version, cancellation, workFolder);

    /// <summary>Applies new entries; version and index of the one that carries <paramref name="transactionId"/>, if any does.</summary>
    private async ValueTask<(long Version, IndexDelta Index)?> ReadNewAsync(string? transactionId, CancellationToken cancellation)
    {
        var standing = await StandingAsync(_current, cancellation);
        if (!ReferenceEquals(standing, _current))
        {
            _removed.Forget();
            _current = standing;
        }

        (long, IndexDelta)? own = null;
        await foreach (var entry in LogReader.ReadEntriesAsync(_store, _current.Version + 1, cancellation))
        {
            _current = await _removed.ApplyAsync(_current, entry, cancellation);
            if (transactionId is null || entry.TransactionId != transactionId) continue;
            var index = entry.Actions.OfType<LogAction.Info>().FirstOrDefault()?.Content.Index;
            own = (entry.Version, index ?? new IndexDelta([], [], _current.Index.TotalKeys, _current.Index.TotalSum));
        }

        return own;
    }

    /// <summary>
    /// A free slot after the newest entry that we know of means something only while that entry is there and is the same. Where it was cleaned
    /// away, we slept too long and start again from a checkpoint; where it is another one, so is the table. The state to go on from.
    /// </summary>
    private async ValueTask<Snapshot> StandingAsync(Snapshot known, CancellationToken cancellation)
    {
        var bytes = await _store.ReadAsync(LogNames.Entry(known.Version), cancellation);
        if (bytes is not null && (known.EntryHash is not { } hash || hash == XxHash128.HashToUInt128(bytes))) return known;
        var now = bytes is null ? await LogReader.LoadAsync(_store, cancellation) : null;
        if (now is not null && now.Version >= known.Version && now.TableId == known.TableId) return now;
        throw new TableRefusedException(
            $"the log of table '{_spec.Name}' is not the one that was opened: entry {known.Version} is {(bytes is null ? "gone" : "another one")}. It was deleted, restored or re-created. " +
            "Nothing was written. Restart the worker to go on with the table as it is now.");
    }

    private async ValueTask AddColumnsAsync(CancellationToken cancellation)
    {
        await ReadNewAsync(null, cancellation);
        TableFit.Check(_spec, _current);
        var metadata = _current.Metadata!;
        if (TableSupport.Missing(metadata.SchemaString, _spec.SchemaString) is not null)
        {
            var widened = metadata with { SchemaString = TableSupport.Widened(metadata.SchemaString, _spec.SchemaString) };
            await CreateEntryAsync(_store, _current.Version + 1, [new LogAction.Info(Info("ADD COLUMNS")), widened], cancellation);
            await ReadNewAsync(null, cancellation);
        }

        Opened = _current.Metadata!;
    }

    private CommitInfo Info(string operation) => Info(operation, _current);

    private CommitInfo Info(string operation, Snapshot on) => new()
    {
        Timestamp = Math.Max(_time.GetUtcNow().ToUnixTimeMilliseconds(), on.LastTimestamp + 1),
        Operation = operation,
        EngineInfo = EngineInfo.Text,
        TransactionId = _ids.Next().ToString("D"),
        ReadVersion = on.Version,
    };

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
}
