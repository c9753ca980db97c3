using System.IO.Hashing;
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

    private const string AcceptTopicOperation = "ACCEPT TOPIC";

    /// <summary>
    /// Oldest files that an entry may name: nothing names them before, so vacuum deletes them after a week at the earliest. A commit may take as long as the store refuses, or the process is
    /// stopped; then it is given up, and its records are read again.
    /// </summary>
    private static readonly TimeSpan s_filesAgeMax = TimeSpan.FromDays(2);

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
        var department = (await Ledger.ReadAsync(_store, cancellation)).Lines.FirstOrDefault(l => l.AppId == AppId.For(sourceName, source))?.Department ?? "";
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

    /// <summary>Carries one commit through, whatever the store answers, until its outcome is known.</summary>
    /// <exception cref="OperationCanceledException">The outcome is not known: the entry may stand in the log, or appear there later. Delete nothing.</exception>
    /// <exception cref="StoreException">As above; a store that repeats what fails does not throw here.</exception>
    public async ValueTask<CommitOutcome> CommitAsync(CommitRequest request, Func<TopicPartition, string> appIdOf, CancellationToken cancellation)
    {
        try
        {
            return await DriveAsync(request, appIdOf, cancellation);
        }
        catch (TableRefusedException gone)
        {
            return new CommitOutcome.Stopped(gone.Message);
        }
    }

    private async ValueTask<CommitOutcome> DriveAsync(CommitRequest request, Func<TopicPartition, string> appIdOf, CancellationToken cancellation)
    {
        var attempt = new CommitAttempt(request, Opened, appIdOf, _spec.CheckpointInterval);
        var readAt = Since.Now(_time);
        var command = attempt.Start();
        while (true)
        {
            switch (command)
            {
                case CommitCommand.ReadLog:
                    var own = await ReadNewAsync(attempt.TransactionText, cancellation);
                    readAt = Since.Now(_time);
                    command = attempt.LogRead(_current, own, _time.GetUtcNow().ToUnixTimeMilliseconds());
                    if (command is CommitCommand.Put && request.FilesSince?.Elapsed(_time) > s_filesAgeMax) return new CommitOutcome.Fenced($"its files have been waiting for more than {s_filesAgeMax.TotalDays:0} days, and may be deleted as nobody's");
                    break;
                case CommitCommand.Put put:
                    var left = s_putDeadline - readAt.Elapsed(_time);
                    command = left > TimeSpan.Zero ? await PutAsync(attempt, put, left, cancellation) : attempt.Overdue();
                    break;
                case CommitCommand.ReadBack readBack:
                    command = await LogReader.ReadEntryAsync(_store, readBack.Version, cancellation) is { } found
                        ? attempt.ReadBackFound(found.TransactionId)
                        : attempt.ReadBackMissing();
                    break;
                case CommitCommand.Done { Outcome: CommitOutcome.Committed committed } when await IsBelowTheLogAsync(committed.Version, readAt, cancellation):
                    command = attempt.Overdue();
                    break;
                case CommitCommand.Done done:
                    if (done.Outcome is CommitOutcome.Committed) await ReadNewAsync(null, cancellation);
                    return done.Outcome;
            }
        }
    }

    /// <summary>
    /// Whether an entry found in its slot counts for nothing: a process that is stopped between the deadline's check and the put may wake when the log was cleaned beyond the slot, and put
    /// its entry where no reader looks. It does count while the entry before it is there, for those are deleted in order; else the log is read again, and says.
    /// </summary>
    private async ValueTask<bool> IsBelowTheLogAsync(long version, Since readAt, CancellationToken cancellation) =>
        readAt.Elapsed(_time) > s_putDeadline && version > 0 && await _store.SizeAsync(LogNames.Entry(version - 1), cancellation) is null;

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

    /// <summary>A store that repeats what fails may take for ever, and a put must not: past its deadline it is given up, and the slot is read.</summary>
    private async ValueTask<CommitCommand> PutAsync(CommitAttempt attempt, CommitCommand.Put put, TimeSpan deadline, CancellationToken cancellation)
    {
#if MUTATIONS
        if (Mutation.Current == Bug.PublishesIndexBeforeRows && put.Entry.OfType<LogAction.Info>().FirstOrDefault() is { Content.Index: { } index } told && put.Version > 1)
        {
            await CreateEntryAsync(_store, put.Version, [new LogAction.Info(Info("INDEX") with { Index = index })], cancellation);
            put = put with { Version = put.Version + 1, Entry = [told with { Content = told.Content with { Index = null } }, .. put.Entry.Where(a => a is not LogAction.Info)] };
        }
#endif
        using var late = new CancellationTokenSource(deadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            return await _store.CreateAsync(LogNames.Entry(put.Version), LogJson.Write(put.Entry), either.Token) == CreateOutcome.Created
                ? attempt.PutCreated()
                : attempt.PutExists();
        }
        catch (StoreException unclear) when (unclear.Kind == StoreFault.Unknown)
        {
            return attempt.PutUnknown();
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return attempt.PutUnknown();
        }
    }

    /// <summary>Applies new entries; version and index of the one that carries <paramref name="transactionId"/>, if any does.</summary>
    private async ValueTask<(long Version, IndexDelta Index)?> ReadNewAsync(string? transactionId, CancellationToken cancellation)
    {
        await StandAsync(cancellation);
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
    /// away, we slept too long and start again from a checkpoint; where it is another one, so is the table.
    /// </summary>
    private async ValueTask StandAsync(CancellationToken cancellation)
    {
        var bytes = await _store.ReadAsync(LogNames.Entry(_current.Version), cancellation);
        if (bytes is not null && (_current.EntryHash is not { } hash || hash == XxHash128.HashToUInt128(bytes))) return;
        var now = bytes is null ? await LogReader.LoadAsync(_store, cancellation) : null;
        if (now is null || now.Version < _current.Version || now.TableId != _current.TableId)
        {
            throw new TableRefusedException(
                $"the log of table '{_spec.Name}' is not the one that was opened: entry {_current.Version} is {(bytes is null ? "gone" : "another one")}. It was deleted, restored or re-created. " +
                "Nothing was written. Restart the worker to go on with the table as it is now.");
        }

        _removed.Forget();
        _current = now;
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

    private CommitInfo Info(string operation) => new()
    {
        Timestamp = Math.Max(_time.GetUtcNow().ToUnixTimeMilliseconds(), _current.LastTimestamp + 1),
        Operation = operation,
        EngineInfo = EngineInfo.Text,
        TransactionId = _ids.Next().ToString("D"),
        ReadVersion = _current.Version,
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
