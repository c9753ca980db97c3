using System.IO.Hashing;
using System.Text.Json;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Delta;

/// <summary>Reads a table's log: the newest readable checkpoint, then every entry after it. Entries are found by number, never by listing alone.</summary>
public static class LogReader
{
    /// <summary>The table as of its newest entry; null when there is no table.</summary>
    /// <exception cref="InvalidDataException">The log has a hole or cannot be read.</exception>
    public static async ValueTask<Snapshot?> LoadAsync(IObjectStore table, CancellationToken cancellation)
    {
        for (var begunAt = long.MinValue; ;)
        {
            var snapshot = await StartAsync(table, cancellation);
            var start = snapshot.Version;
            var removed = new RemovedFiles(table);
            try
            {
                await foreach (var entry in ReadEntriesAsync(table, start + 1, cancellation)) snapshot = await removed.ApplyAsync(snapshot, entry, cancellation);
            }
            catch (InvalidDataException) when (start > begunAt)
            {
                // What an entry takes away may have to be looked up in those before it, and they may be gone by then: as below.
                begunAt = start;
                continue;
            }

            if (await HoleAsync(table, snapshot.Version, cancellation) is not { } beyond) return snapshot.Version < 0 ? null : snapshot;

            // Who was stopped for weeks between two entries finds the rest cleaned away, and a later checkpoint to begin at.
            if (start <= begunAt) throw new InvalidDataException($"The log has a hole: entry {snapshot.Version + 1} is missing, and entry {beyond} is there. Restore the missing entries from a copy before anything is written.");
            begunAt = start;
        }
    }

    /// <summary>A file or index run in the folder of a table that has no log: what is left of a table. Null when there is none.</summary>
    public static async ValueTask<string?> RemainsAsync(IObjectStore table, CancellationToken cancellation)
    {
        foreach (var folder in new[] { TableLayout.Recent, IndexNames.Folder })
        {
            await foreach (var found in table.ListAsync(folder, null, cancellation)) return found.Name;
        }

        return null;
    }

    /// <summary>What to say of a table without a log, after its name.</summary>
    public static string WithoutLog(string remains) => $"has files ({remains}, for one) and no log: _delta_log was deleted, or only a part of the folder was restored. Restore _delta_log from a copy; its rows are safe in their files until then.";

    /// <summary>Entries from a version on, until the first that does not exist.</summary>
    public static async IAsyncEnumerable<(long Version, IReadOnlyList<LogAction> Actions)> EntriesAsync(
        IObjectStore table, long from, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var entry in ReadEntriesAsync(table, from, cancellation)) yield return (entry.Version, entry.Actions);
    }

    /// <summary>Every entry that the log still has: from 0, or from the first that was not cleaned away and whose state a checkpoint tells.</summary>
    public static async IAsyncEnumerable<(long Version, IReadOnlyList<LogAction> Actions)> RetainedAsync(
        IObjectStore table, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var isWhole = await table.SizeAsync(LogNames.Entry(0), cancellation) is not null && await table.SizeAsync(LogNames.Entry(1), cancellation) is not null;
        if ((isWhole ? 0 : await OldestAsync(table, cancellation)) is not { } version) yield break;
        await foreach (var entry in ReadEntriesAsync(table, version, cancellation)) yield return (entry.Version, entry.Actions);
    }

    /// <summary>The live files at a version, by path.</summary>
    /// <exception cref="InvalidDataException">Neither checkpoints nor entries reach that version any more. Never an empty list instead.</exception>
    public static async ValueTask<IReadOnlyDictionary<string, LogAction.Add>> LiveFilesAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        var live = new Dictionary<string, LogAction.Add>(StringComparer.Ordinal);
        await VisitAsync(table, version, null, live.Clear, Apply, cancellation);
        return live;

        void Apply(IReadOnlyList<LogAction> actions)
        {
            foreach (var action in actions)
            {
                if (action is LogAction.Add add) live[add.Path] = add;
                else if (action is LogAction.Remove remove) live.Remove(remove.Path);
            }
        }
    }

    /// <summary>Shows the actions that lead to a version, from the best checkpoint on, in portions; what was shown before a <paramref name="restart"/> is void.</summary>
    /// <param name="workFolder">Local folder of this process, where a large checkpoint is put to be read; null: it is held in memory.</param>
    /// <exception cref="InvalidDataException">Neither checkpoints nor entries reach that version any more.</exception>
    internal static async ValueTask VisitAsync(IObjectStore table, long version, string? workFolder, Action restart, Action<IReadOnlyList<LogAction>> visit, CancellationToken cancellation)
    {
        var last = -1L;
        await foreach (var candidate in LogStart.CandidatesAsync(table, version, cancellation))
        {
            restart();
            if (!await CheckpointFile.VisitAsync(table, candidate, workFolder, visit, cancellation)) continue;
            last = candidate;
            break;
        }

        if (last < 0) restart();
        for (var at = last + 1; at <= version; at++)
        {
            if (await ReadEntryAsync(table, at, cancellation) is not { } entry) break;
            visit(entry.Actions);
            last = at;
        }

        if (last != version) throw new InvalidDataException($"The files of version {version} cannot be told any more: the log has neither a readable checkpoint nor all entries up to it (it reaches {last}).");
    }

    /// <summary>The version that <c>_last_checkpoint</c> names; null when there is none or it cannot be read (it is only a hint).</summary>
    public static async ValueTask<long?> CheckpointHintAsync(IObjectStore table, CancellationToken cancellation)
    {
        if (await table.ReadAsync(LogNames.LastCheckpoint, cancellation) is not { } bytes) return null;
        try
        {
            using var hint = JsonDocument.Parse(bytes);
            return hint.RootElement.GetProperty("version").GetInt64() is >= 0 and var version ? version : null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>One entry; null when its slot is free.</summary>
    internal static async ValueTask<LogEntry?> ReadEntryAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        if (await table.ReadAsync(LogNames.Entry(version), cancellation) is not { } bytes) return null;
        try
        {
            var hash = XxHash128.HashToUInt128(bytes);
            return new LogEntry(version, ReadEntries.Of(bytes, hash), hash);
        }
        catch (InvalidDataException malformed)
        {
            throw new InvalidDataException($"Log entry {version}: {PrefixedStore.FullName(table, LogNames.Entry(version))} is damaged: {malformed.Message}. Restore the file from a copy of the pool before anything is written.", malformed);
        }
    }

    internal static async IAsyncEnumerable<LogEntry> ReadEntriesAsync(
        IObjectStore table, long from, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var version = from; await ReadEntryAsync(table, version, cancellation) is { } entry; version++) yield return entry;
    }

    private static async ValueTask<Snapshot> StartAsync(IObjectStore table, CancellationToken cancellation)
    {
        await foreach (var version in LogStart.CandidatesAsync(table, long.MaxValue, cancellation))
        {
            var snapshot = await IndexManifest.ReadTableAsync(table, version, cancellation);
            if (snapshot is null)
            {
                snapshot = new Snapshot { Version = version };
                if (!await CheckpointFile.VisitAsync(table, version, null, actions => snapshot = snapshot.Absorb(actions.Where(a => a is not LogAction.Remove), version, null), cancellation)) continue;
                snapshot = snapshot with { Index = await IndexManifest.AtAsync(table, version, cancellation) };
            }

            // Checkpoints keep no commitInfo. Its time is the entry's, and what the files and offsets say where that was cleaned away.
            var entry = await ReadEntryAsync(table, version, cancellation);
            var time = entry?.Actions.OfType<LogAction.Info>().FirstOrDefault()?.Content.Timestamp ?? 0;
            return snapshot with
            {
                LastTimestamp = Math.Max(snapshot.NewestTime, time),
                EntryHash = entry?.Hash,
            };
        }

        return new Snapshot();
    }

    /// <summary>An entry beyond the next one means that one in between is gone: going on would write into the hole and hide what lies behind it. Null when there is none.</summary>
    private static async ValueTask<long?> HoleAsync(IObjectStore table, long tip, CancellationToken cancellation)
    {
        await foreach (var found in table.ListAsync(LogNames.Folder, tip < 0 ? null : LogNames.Entry(tip), cancellation))
        {
            if (!LogNames.TryParseEntry(found.Name, out var version) || version <= tip) continue;
            var isThere = version == tip + 1 || await table.SizeAsync(LogNames.Entry(tip + 1), cancellation) is not null; // committed just now
            Mutation.Set(Bug.ConcludesHoleFromListAlone, ref isThere, version == tip);
            return isThere ? null : version;
        }

        return null;
    }

    /// <summary>
    /// Where a cleaned log begins. Who slept for weeks may have put an entry below that since: whatever lies before a gap, or before the first checkpoint, is none of it. The next cleaning
    /// deletes it.
    /// </summary>
    private static async ValueTask<long?> OldestAsync(IObjectStore table, CancellationToken cancellation)
    {
        var (begin, told, last, checkpoint) = ((long?)null, (long?)null, -1L, -1L);
        await foreach (var found in table.ListAsync(LogNames.Folder, null, cancellation))
        {
            // In the order of names a checkpoint comes just before its entry.
            if (LogNames.TryParseCheckpoint(found.Name, out var version)) checkpoint = version;
            if (!LogNames.TryParseEntry(found.Name, out version)) continue;
            if (begin is null || (version != last + 1 && await table.SizeAsync(LogNames.Entry(last + 1), cancellation) is null)) (begin, told) = (version, null);
            if (checkpoint == version) told ??= version;
            last = version;
        }

        return begin == 0 ? 0 : told ?? begin;
    }
}
