using System.IO.Hashing;
using System.Runtime.InteropServices;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Housekeeping;

/// <summary>
/// Finds, and on demand deletes, files that no retained version needs: a version is retained if it was the newest at any moment of the retention. What is younger
/// than that by the store's clock stays in any case: it may wait for its commit.
/// </summary>
public static class Vacuum
{
    /// <summary>Shortest retention unless forced: longer than any query, and than any commit may take.</summary>
    public static readonly TimeSpan RetentionMin = TimeSpan.FromDays(7);

    /// <remarks>
    /// Before anything goes, an entry is put into the next slot of the log, unless somebody else has just taken it, and the log is read again. A process that was stopped for days with its put
    /// already decided would else name files in that slot which are nobody's today: now it finds the slot taken, reads the log, and sees how old they are.
    /// </remarks>
    /// <param name="delete">False: only say what would go.</param>
    /// <param name="ids">Of the entry in the log.</param>
    /// <param name="workFolder">Local folder of this process, where a large checkpoint is put to be read.</param>
    /// <param name="report">Shown each object that goes, and whether no entry that the log still has ever named it.</param>
    /// <exception cref="InvalidDataException">The log does not tell which files are needed; nothing was deleted.</exception>
    public static async ValueTask<Vacuumed> RunAsync(
        IObjectStore table, TimeSpan retention, bool delete, IdSource ids, TimeProvider time, string workFolder, Action<StoredObject, bool>? report, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(retention, TimeSpan.Zero);
        var cutoff = time.GetUtcNow() - retention;
        var needed = await NeededAsync(table, cutoff.ToUnixTimeMilliseconds(), workFolder, cancellation);
        var isFenced = !delete;
        var deletes = new StoreDeletes(table);
        var result = new Vacuumed(0, 0, 0, 0);
        await foreach (var found in table.ListAsync("", null, cancellation))
        {
            // The log, the index and what else is ours alone begin with an underscore.
            var isYoung = found.ModifiedAt > cutoff;
            Mutation.Set(Bug.VacuumForgetsAge, ref isYoung, false);
            if (found.Name.StartsWith('_') || isYoung || needed.Files.Contains(Name(found.Name))) continue;
            if (!isFenced)
            {
                (needed, isFenced) = (await FenceAsync(needed), true);
                if (needed.Files.Contains(Name(found.Name))) continue;
            }

            var isOrphan = !needed.Removed.Contains(Name(found.Name));
            report?.Invoke(found, isOrphan);
            if (delete) await deletes.AddAsync(found.Name, cancellation);
            result = result with { Files = result.Files + 1, Bytes = result.Bytes + found.Size, Orphans = result.Orphans + (isOrphan ? 1 : 0) };
        }

        await deletes.CompleteAsync(cancellation);
        if (!delete || needed.Runs is null || (!isFenced && !await IndexOrphans.AnyAsync(table, needed.Runs, cutoff, cancellation))) return result;
        if (!isFenced) needed = await FenceAsync(needed);
        return needed.Runs is { } runs ? result with { IndexObjects = await IndexOrphans.DeleteAsync(table, runs, cutoff, cancellation) } : result;

        async ValueTask<Needed> FenceAsync(Needed before)
        {
            while (true)
            {
                await TakeSlotAsync(table, before.Tip, ids.Next(), time.GetUtcNow(), cancellation);
                var after = await NeededAsync(table, cutoff.ToUnixTimeMilliseconds(), workFolder, cancellation);
                if (after.Tip.Version > before.Tip.Version) return after;
            }
        }
    }

    /// <summary>Whoever's entry it is: what counts is that the slot is taken.</summary>
    private static async ValueTask TakeSlotAsync(IObjectStore table, Snapshot tip, Guid id, DateTimeOffset now, CancellationToken cancellation)
    {
        var info = new CommitInfo
        {
            Timestamp = Math.Max(now.ToUnixTimeMilliseconds(), tip.LastTimestamp + 1),
            Operation = "VACUUM START",
            EngineInfo = EngineInfo.Text,
            TransactionId = id.ToString("D"),
            ReadVersion = tip.Version,
        };
        try
        {
            await table.CreateAsync(LogNames.Entry(tip.Version + 1), LogJson.Write([new LogAction.Info(info)]), cancellation);
        }
        catch (StoreException unclear) when (unclear.Kind == StoreFault.Unknown)
        {
            // The log, when it is read again, says whether the slot is taken.
        }
    }

    /// <summary>Files live at the oldest retained version, and all that was added since; hashes of their paths, for there may be a million.</summary>
    private static async ValueTask<Needed> NeededAsync(IObjectStore table, long cutoffMs, string workFolder, CancellationToken cancellation)
    {
        var tip = await LogReader.LoadAsync(table, cancellation) ?? throw new InvalidDataException("There is no table here.");
        if (TableSupport.Problem(tip) is { } problem) throw new InvalidDataException($"Which of its files are needed cannot be told: {problem}");
        var (files, removed) = (new HashSet<UInt128>(), new HashSet<UInt128>());
        var runs = tip.Index.Runs.Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        var oldest = await OldestRetainedAsync(table, tip.Version, cutoffMs, cancellation);
        Mutation.Set(Bug.VacuumForgetsRetention, ref oldest, tip.Version);
        await LogReader.VisitAsync(table, oldest, workFolder, files.Clear, actions => Apply(actions, keepRemoved: false), cancellation);
        await foreach (var entry in LogReader.ReadEntriesAsync(table, oldest + 1, cancellation))
        {
            Apply(entry.Actions, keepRemoved: true);
            foreach (var index in entry.Actions.OfType<LogAction.Info>().Select(i => i.Content.Index).OfType<IndexDelta>())
            {
                runs.UnionWith(index.Added.Select(r => r.Name));
                runs.UnionWith(index.Removed);
            }
        }

        // A plan that nobody has finished yet may have its files here already, for as long as it likes.
        var plans = new SealPlans(table);
        if (await plans.NewestAsync(cancellation) is { } plan) files.UnionWith(plan.Items.Select(i => Name(i.Output)));

        // One that an entry has named all the same, for the file was whole, is like any other.
        await foreach (var taken in plans.TakenAsync(cancellation))
        {
            if (!removed.Contains(Name(taken))) files.Add(Name(taken));
        }

        await foreach (var manifest in table.ListAsync(LogNames.IndexManifests, null, cancellation)) runs.Add(IndexNames.RunOf(manifest.Name));
        return new Needed(tip, files, removed, tip.Index.IsKnown ? runs : null);

        void Apply(IReadOnlyList<LogAction> actions, bool keepRemoved)
        {
            foreach (var action in actions)
            {
                if (action is LogAction.Add add)
                {
                    files.Add(Name(add.Path));
                }
                else if (action is LogAction.Remove gone)
                {
                    removed.Add(Name(gone.Path));
                    if (!keepRemoved) files.Remove(Name(gone.Path));
                }
            }
        }
    }

    /// <summary>The newest version that is older than the cutoff, if the log still reaches it; else the oldest that it reaches.</summary>
    private static async ValueTask<long> OldestRetainedAsync(IObjectStore table, long tip, long cutoffMs, CancellationToken cancellation)
    {
        var (first, times) = (-1L, new List<DateTimeOffset>());
        await foreach (var found in table.ListAsync(LogNames.Folder, null, cancellation))
        {
            if (!LogNames.TryParseEntry(found.Name, out var version) || version > tip) continue;
            if (first < 0 && (version == 0 || await table.SizeAsync(LogNames.Checkpoint(version), cancellation) is not null)) first = version;
            if (first >= 0) times.Add(found.ModifiedAt);
        }

        if (first < 0) return tip;
        var (low, high) = (0, times.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (await TimeAsync(middle) <= cutoffMs) low = middle;
            else high = middle - 1;
        }

        return first + low;

        // The later of the entry's own time and the store's: a process that was stopped before its put says a time long past, and readers of the version before it have only just begun.
        async ValueTask<long> TimeAsync(int at)
        {
            var entry = await LogReader.ReadEntryAsync(table, first + at, cancellation);
            return Math.Max(entry?.Actions.OfType<LogAction.Info>().FirstOrDefault()?.Content.Timestamp ?? 0, times[at].ToUnixTimeMilliseconds());
        }
    }

    private static UInt128 Name(string path) => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(path.AsSpan()));

    /// <param name="Runs">Objects of the index that stay; null when the log does not tell which runs are valid.</param>
    private sealed record Needed(Snapshot Tip, HashSet<UInt128> Files, HashSet<UInt128> Removed, IReadOnlySet<string>? Runs);
}

/// <summary>What went, or would go.</summary>
/// <param name="Orphans">Files that no entry the log still has ever named.</param>
public sealed record Vacuumed(long Files, long Bytes, long Orphans, int IndexObjects);
