using System.Collections.Immutable;
using Ingest.Core.Contracts;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Pool.Sealing;

/// <summary>
/// Merges and seals one table's recent files, a plan at a time. Any number of sealers may work on a table, dead ones included: what keeps a glob over the
/// partition folders right is the plan, not who carries it out.
/// <list type="number">
/// <item>A plan is created put-if-absent; the next only when this one is in the log or given up. So no row is ever in two plans.</item>
/// <item>Files are written under the plan's names, put-if-absent: a retry finds the first one's file, with the same rows.</item>
/// <item>One entry exchanges inputs for outputs, with the proof that rows are conserved. Until then the inputs are live, and lie where no glob looks.</item>
/// <item>A name that cannot be used any more is taken by a file without rows before anything else happens to its inputs: what comes late finds it taken.</item>
/// </list>
/// </summary>
public sealed class TableSealer
{
    /// <summary>A request that took longer may have been sent by a process that was stopped for days.</summary>
    private static readonly TimeSpan s_sleepMin = TimeSpan.FromHours(1);

    private readonly DatasetPlan _contract;
    private readonly IObjectStore _store;
    private readonly SealerServices _services;
    private readonly SealingOptions _options;
    private readonly RecentFiles _recent;
    private readonly SealPlans _plans;
    private readonly string _schema;
    private long _finished = -1;
    private volatile SealBacklog? _backlog;

    public TableSealer(DatasetPlan contract, IObjectStore store, SealerServices services, SealingOptions options)
    {
        _contract = contract;
        _schema = TableSchema.SchemaString(contract);
        _store = store;
        _services = services;
        _options = options;
        _recent = new RecentFiles(store, services.WorkFolder);
        _plans = new SealPlans(store);
    }

    /// <summary>What was not sealed when it was last looked; null before that. Safe from any thread.</summary>
    public SealBacklog? Backlog => _backlog;

    /// <summary>Finishes the plan that is under way, or makes and carries out a new one. Null when nothing is due.</summary>
    /// <exception cref="TableRefusedException">The table is beyond what we support, or was re-created.</exception>
    /// <exception cref="InvalidDataException">Log or plans cannot be read.</exception>
    /// <exception cref="IOException">The store or the local disk failed; whoever comes next finishes the plan.</exception>
    public async ValueTask<SealReport?> RunOnceAsync(SealScope scope, CancellationToken cancellation)
    {
        _services.Throttle.Begin();
        while (true)
        {
            if (!await _recent.RefreshAsync(cancellation)) return null;
            if (TableSupport.DepartmentProblem(_recent.Current, _schema) is { } problem) throw new TableRefusedException($"Table '{_contract.Name}': {problem}");
            var now = _services.Time.GetUtcNow();
            _backlog = Count(now);
            var newest = await _plans.NewestAsync(cancellation);
            Mutation.Set(Bug.PlansBeforeThePlanIsDone, ref _finished, newest?.Number ?? -1);
            if (newest is not null && newest.Number != _finished)
            {
                await CatchUpAsync(newest, cancellation);
                if (await FinishAsync(newest, cancellation) is { } report) return report;
            }

            var number = (newest?.Number ?? -1) + 1;
            var options = _services.Throttle.IsHolding ? _options with { PlanInputsMax = Math.Min(_options.PlanInputsMax, _options.PlanInputsBusyMax) } : _options;
            var items = SealPlanner.Plan(_recent.Folders, _recent.SealedIn, now, options, scope, number, _services.Ids);
            if (items.IsEmpty) return null;
            var plan = new SealPlan(number, _services.Ids.Next(), _recent.Current.Version, items);
            if (await _plans.CreateAsync(plan, cancellation) && await FinishAsync(plan, cancellation) is { } done) return done;
        }
    }

    private SealBacklog Count(DateTimeOffset now) =>
        new(_recent.Count, _recent.Bytes, _recent.Refused, SealPlanner.DueSince(_recent.Folders, _recent.SealedIn, now, _options), _recent.Current.Version);

    /// <summary>Deletes plans that were finished before a time.</summary>
    internal ValueTask CleanPlansAsync(DateTimeOffset olderThan, CancellationToken cancellation) => _plans.CleanAsync(olderThan, cancellation);

    /// <summary>
    /// A plan may have been made of files that came after our last look. To whom they are not known they seem gone, and the plan's file, which another sealer may have committed, would be
    /// given up: replaced by one without rows.
    /// </summary>
    /// <exception cref="IOException">The log ends before the plan's version: it was taken back to an earlier state, or shows us an old one.</exception>
    private async ValueTask CatchUpAsync(SealPlan plan, CancellationToken cancellation)
    {
        if (plan.Version <= _recent.Current.Version) return;
        await _recent.RefreshAsync(cancellation);
        if (plan.Version <= _recent.Current.Version) return;
        _recent.Forget();
        await _recent.RefreshAsync(cancellation);
        if (plan.Version > _recent.Current.Version)
            throw new IOException($"{_contract.Name}: plan {plan.Number} of sealing was made at version {plan.Version}, and the log ends at {_recent.Current.Version}. Was the table taken back to an earlier state?");
    }

    /// <summary>Carries a plan out, unless it is in the log; null when nothing came of it.</summary>
    private async ValueTask<SealReport?> FinishAsync(SealPlan plan, CancellationToken cancellation)
    {
        var started = _services.Time.GetTimestamp();
        SealReport? report = null;
        if (!await IsInLogAsync(plan, cancellation))
        {
            var table = StoredTable.For(_contract, _recent.Current.Metadata!.SchemaString);
            var merge = new FileMerge(table, _store, _services, _options);
            var outputs = new List<SealedOutput>();
            await using (var merges = new MergesAhead(plan.Items, Mergers(table), cancellation))
            {
                foreach (var item in plan.Items)
                {
                    if (await WriteAsync(plan, merge, merges, item, cancellation) is { } output) outputs.Add(output);
                }
            }

            report = await CommitAsync(plan, merge, outputs, started, cancellation);
        }

        _finished = plan.Number;
        return report;
    }

    /// <summary>Several rest for nobody: a throttle is owned by one task.</summary>
    private ImmutableArray<FileMerge> Mergers(StoredTable table) =>
        [.. Enumerable.Range(1, _services.MergesAtOnce).Select(i => new FileMerge(table, _store, _services.MergesAtOnce == 1 ? _services : _services with { Throttle = Throttle.None(_services.Time) }, _options, i))];

    /// <summary>
    /// When the entries since the plan were cleaned away, its files tell. One entry names all its outputs: where one is live, the plan is in the log, whatever became of items that were
    /// left out. Else only where all inputs of an item are live is there something left to do.
    /// </summary>
    private async ValueTask<bool> IsInLogAsync(SealPlan plan, CancellationToken cancellation)
    {
        var told = await _recent.WasRewrittenAsync(plan.Id, plan.Version, cancellation);

        // Who slept may have put an entry, be it ours, where the log was cleaned since. Entries are deleted in order: while the one that the plan was made at is there, those after it are the log.
        // Where all is there to be done and no entry says otherwise, that needs no look.
        if ((told == true || (told == false && !plan.Items.All(AreLive))) && await _store.SizeAsync(LogNames.Entry(plan.Version), cancellation) is null) told = null;
        var isInLog = told ?? (plan.Items.Any(i => _recent.IsLive(i.Output)) || !plan.Items.Any(AreLive));
        Mutation.Set(Bug.SealsWhatIsGone, ref isInLog, false);
        return isInLog;
    }

    /// <summary>Makes an item's file durable in the store; null when it was given up.</summary>
    private async ValueTask<SealedOutput?> WriteAsync(SealPlan plan, FileMerge merge, MergesAhead merges, SealItem item, CancellationToken cancellation)
    {
        if (!AreLive(item)) return await GiveUpAsync(plan, merge, item, cancellation);
        try
        {
            using var merged = await merges.TakeAsync(item);

            // It took a while: what was live then may be gone, and then nothing may appear under this name.
            await _services.Throttle.WaitAsync(_recent.RefreshAsync(cancellation));
            var readAt = Since.Now(_services.Time);
            if (!AreLive(item)) return await GiveUpAsync(plan, merge, item, cancellation);
            var (written, bytes) = (merged.Written, merged.File.Length);
            if (await _services.Throttle.WaitAsync(merged.File.UseAsync(content => _store.CreateUniqueAsync(item.Output, content, cancellation))) == CreateOutcome.AlreadyExists)
            {
                // Somebody else's, by the same plan: the same rows, perhaps in other bytes; or none, if somebody could not read the inputs.
                if (await StoredAsync(merge, item, cancellation) is not { } stored) return null;
                if (stored.Sums.Rows == 0 && merged.Read.Rows > 0)
                {
                    if (item.IsSealed) await _plans.KeepTakenAsync(item.Output, cancellation);
                    return null;
                }

                if (stored.Sums != merged.Read) throw new InvalidDataException($"{item.Output} is in the store with other rows than its plan says.");
                (written, bytes) = stored;
            }
            else if (readAt.Elapsed(_services.Time) > s_sleepMin)
            {
                // The same once more, after a sleep. The file is new, so its name was free: whatever became of the plan, what had this name, if anything, is no longer wanted.
                await _recent.RefreshAsync(cancellation);
                if (!AreLive(item))
                {
                    if (item.IsSealed && !_recent.IsLive(item.Output)) await TakeNameAsync(merge, item, cancellation);
                    return null;
                }
            }

            return new SealedOutput(item, merged.Read, written, bytes, merged.StatsJson);
        }
        catch (InvalidDataException damaged)
        {
            SealLog.ItemRefused(_services.Logger, _contract.Name, item.Output, damaged.Message);
            foreach (var input in item.Inputs) _recent.Refuse(input.Path);

            // The inputs are live: another sealer may commit this item at any moment, so what it has written must not be touched. A file without rows may be there from an earlier try.
            if (!item.IsSealed) return null;
            await _plans.KeepTakenAsync(item.Output, cancellation);
            if (await _store.CreateUniqueAsync(item.Output, await merge.EmptyAsync(cancellation), cancellation) == CreateOutcome.Created
                || await StoredAsync(merge, item, cancellation) is not { Sums.Rows: > 0 }) return null;
            await _plans.LetGoAsync(item.Output, cancellation);
            throw;
        }
    }

    /// <summary>
    /// The file under an item's name; null when that is no file. It is half of one then, of an upload that was cut off, which nobody was told to have done; a second look makes sure. It
    /// takes the name for good, so a file without rows goes there, and the inputs go into the next plan.
    /// </summary>
    private async ValueTask<(RowSums Sums, long Bytes)?> StoredAsync(FileMerge merge, SealItem item, CancellationToken cancellation)
    {
        var mends = true;
        Mutation.Set(Bug.SealStopsAtHalfAFile, ref mends, false);
        for (var look = 1; ; look++)
        {
            try
            {
                return await merge.SumStoredAsync(item, cancellation) ?? throw new IOException($"{item.Output} was in the store and is gone.");
            }
            catch (InvalidDataException torn) when (look > 1 && mends)
            {
                SealLog.ItemTorn(_services.Logger, _contract.Name, item.Output, torn.Message);
                await TakeNameAsync(merge, item, cancellation);
                return null;
            }
            catch (InvalidDataException) when (look == 1)
            {
                // Looked at once more.
            }
        }
    }

    private async ValueTask<SealReport?> CommitAsync(SealPlan plan, FileMerge merge, List<SealedOutput> outputs, long started, CancellationToken cancellation)
    {
        while (true)
        {
            await _recent.RefreshAsync(cancellation);
            if (await IsInLogAsync(plan, cancellation)) return null;
            foreach (var gone in outputs.Where(o => !AreLive(o.Item)).ToArray())
            {
                await GiveUpAsync(plan, merge, gone.Item, cancellation);
                outputs.Remove(gone);
            }

            if (outputs.Count == 0) return null;
            var actions = RewriteCommit.Entry(_recent.Current, plan.Id, [.. outputs.Select(o => o.ToLog())], Proof(plan, outputs), _services.Time.GetUtcNow().ToUnixTimeMilliseconds());
            var readAt = Since.Now(_services.Time);
            if (await RewriteCommit.PutAsync(_store, _recent.Current, actions, cancellation) is not { } entry) continue;

            // A process that was stopped meanwhile may have put it below a log that was cleaned since: the entry before it is gone then, and what the log says is to be read anew.
            if (readAt.Elapsed(_services.Time) > s_sleepMin && await _store.SizeAsync(LogNames.Entry(entry.Version - 1), cancellation) is null)
            {
                _recent.Forget();
                continue;
            }

            _recent.Apply(entry);
            var report = SealReport.Of(outputs, entry.Version);
            SealLog.Rewritten(_services.Logger, report.Inputs, report.Rows, _contract.Name, report.Outputs, report.BytesOut >> 20, entry.Version, _services.Time.GetElapsedTime(started).TotalSeconds);
            return report;
        }
    }

    private static Conservation Proof(SealPlan plan, List<SealedOutput> outputs)
    {
        var read = outputs.Aggregate(default(RowSums), (s, o) => s + o.Read);
        var written = outputs.Aggregate(default(RowSums), (s, o) => s + o.Written);
        return new Conservation(plan.Number, read.Rows, written.Rows, read.Keys, written.Keys, read.Whole, written.Whole);
    }

    private bool AreLive(SealItem item)
    {
        var areLive = item.Inputs.All(i => _recent.IsLive(i.Path));
        Mutation.Set(Bug.SealsWhatIsGone, ref areLive, true);
        return areLive;
    }

    /// <summary>
    /// Inputs were removed without our plan: nobody can ever commit this item. From now on nothing with rows is at its name, nor will be: a file without
    /// rows is. When the plan is in the log after all, it was that which removed them.
    /// </summary>
    private async ValueTask<SealedOutput?> GiveUpAsync(SealPlan plan, FileMerge merge, SealItem item, CancellationToken cancellation)
    {
        if (await IsInLogAsync(plan, cancellation)) return null;
        SealLog.ItemVoid(_services.Logger, _contract.Name, item.Output);
        if (item.IsSealed) await TakeNameAsync(merge, item, cancellation);
        return null;
    }

    /// <summary>Puts a file without rows where an item's was to be, for good: a sealer that slept for months may still want to put one with rows there.</summary>
    private async ValueTask TakeNameAsync(FileMerge merge, SealItem item, CancellationToken cancellation)
    {
        await _plans.KeepTakenAsync(item.Output, cancellation);
        await _store.ReplaceAsync(item.Output, await merge.EmptyAsync(cancellation), cancellation);
    }
}

/// <summary>What a sealer works with.</summary>
/// <param name="WorkFolder">Local folder of its own for files on their way; may be deleted at any time.</param>
public sealed record SealerServices(string WorkFolder, IdSource Ids, TimeProvider Time, Throttle Throttle, ILogger Logger)
{
    /// <summary>How data files are written and read.</summary>
    public DataFileFormat Files { get; init; } = DataFileFormat.Parquet;

    /// <summary>Partitions that are merged at the same time, each with as much memory as <see cref="SealingOptions.MemoryBytes"/> says twice over. For commands: a worker merges one, and holds back.</summary>
    public int MergesAtOnce { get; init; } = 1;

    /// <summary>Told, as files are merged, how many bytes the most rows so far take that were in memory at once, with as much again for encoding them.</summary>
    public Action<long> Holding { get; init; } = static _ => { };
}

/// <summary>An item's file, durable in the store, that no log entry names yet.</summary>
internal sealed record SealedOutput(SealItem Item, RowSums Read, RowSums Written, long Bytes, string StatsJson)
{
    public RewrittenFile ToLog() => new(
        Item.IsSealed
            ? RewriteCommit.Add(Item.Output, Item.PartitionValues, Bytes, StatsJson, Written.Keys)
            : RewriteCommit.Add(Item.Output, Item.PartitionValues, Bytes, StatsJson, Written.Keys, (RecentFile.SinceTag, Item.SinceMs), (RecentFile.UntilTag, Item.UntilMs)),
        [.. Item.Inputs.Select(i => new LogAction.Remove(i.Path, null, DataChange: false, Item.PartitionValues, i.Size))]);
}

/// <summary>What one plan did.</summary>
/// <param name="Sealed">Outputs that lie in the partition folders now.</param>
/// <param name="BytesIn">Bytes of the inputs.</param>
public sealed record SealReport(long Version, int Inputs, int Outputs, int Sealed, long Rows, long BytesIn, long BytesOut)
{
    public static SealReport operator +(SealReport a, SealReport b) => new(
        b.Version, a.Inputs + b.Inputs, a.Outputs + b.Outputs, a.Sealed + b.Sealed, a.Rows + b.Rows, a.BytesIn + b.BytesIn, a.BytesOut + b.BytesOut);

    internal static SealReport Of(IReadOnlyCollection<SealedOutput> outputs, long version) => new(
        version, outputs.Sum(o => o.Item.Inputs.Length), outputs.Count, outputs.Count(o => o.Item.IsSealed), outputs.Sum(o => o.Written.Rows), outputs.Sum(o => o.Item.Bytes), outputs.Sum(o => o.Bytes));
}
