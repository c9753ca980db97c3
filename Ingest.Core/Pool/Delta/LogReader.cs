using System.Globalization;
using System.Text.Json;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Delta;

/// <summary>Reads a table's log: the newest readable checkpoint, then every entry after it. Entries are found by number, never by listing alone.</summary>
public static class LogReader
{
    /// <summary>The table as of its newest entry; null when there is no table.</summary>
    /// <exception cref="InvalidDataException">The log has a hole or cannot be read.</exception>
    public static async ValueTask<Snapshot?> LoadAsync(IObjectStore table, CancellationToken cancellation)
    {
        var snapshot = await StartAsync(table, cancellation);
        await foreach (var entry in EntriesAsync(table, snapshot.Version + 1, cancellation))
            snapshot = snapshot.Apply(entry.Version, entry.Actions, await ResolverAsync(table, snapshot, entry, cancellation));
        await RefuseHolesAsync(table, snapshot.Version, cancellation);
        return snapshot.Version < 0 ? null : snapshot;
    }

    /// <summary>An entry beyond the next one means that one in between is gone: going on would write into the hole and hide what lies behind it.</summary>
    private static async ValueTask RefuseHolesAsync(IObjectStore table, long tip, CancellationToken cancellation)
    {
        await foreach (var found in table.ListAsync(LogNames.Folder, tip < 0 ? null : LogNames.Entry(tip), cancellation))
        {
            if (!LogNames.TryParseEntry(found.Name, out var version) || version <= tip) continue;
            if (version == tip + 1 || await table.SizeAsync(LogNames.Entry(tip + 1), cancellation) is not null) return; // committed just now
            throw new InvalidDataException($"The log has a hole: entry {tip + 1} is missing, and entry {version} is there. Restore the missing entries from a copy before anything is written.");
        }
    }

    /// <summary>Entries from a version on, until the first that does not exist.</summary>
    public static async IAsyncEnumerable<(long Version, IReadOnlyList<LogAction> Actions)> EntriesAsync(
        IObjectStore table, long from, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var version = from; ; version++)
        {
            if (await table.ReadAsync(LogNames.Entry(version), cancellation) is not { } bytes) yield break;
            yield return (version, LogJson.Read(bytes));
        }
    }

    /// <summary>The live files at the snapshot's version, by path.</summary>
    public static async ValueTask<IReadOnlyDictionary<string, LogAction.Add>> LiveFilesAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        var live = new Dictionary<string, LogAction.Add>(StringComparer.Ordinal);
        var from = 0L;

        // The hint is asked once: it may move on while the checkpoint that it named is read.
        if (await CheckpointHintAsync(table, cancellation) is { } hint && hint <= version && await CheckpointFile.ReadAsync(table, hint, cancellation) is { } start)
        {
            foreach (var add in start.OfType<LogAction.Add>()) live[add.Path] = add;
            from = hint + 1;
        }

        await foreach (var (at, actions) in EntriesAsync(table, from, cancellation))
        {
            if (at > version) break;
            foreach (var action in actions)
            {
                if (action is LogAction.Add add) live[add.Path] = add;
                else if (action is LogAction.Remove remove) live.Remove(remove.Path);
            }
        }

        return live;
    }

    /// <summary>The version that <c>_last_checkpoint</c> names; null when there is none or it cannot be read (it is only a hint).</summary>
    public static async ValueTask<long?> CheckpointHintAsync(IObjectStore table, CancellationToken cancellation)
    {
        if (await table.ReadAsync(LogNames.LastCheckpoint, cancellation) is not { } bytes) return null;
        try
        {
            using var hint = JsonDocument.Parse(bytes);
            return hint.RootElement.GetProperty("version").GetInt64();
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static async ValueTask<Snapshot> StartAsync(IObjectStore table, CancellationToken cancellation)
    {
        if (await CheckpointHintAsync(table, cancellation) is { } hint && await CheckpointFile.ReadAsync(table, hint, cancellation) is { } actions)
            return await FromCheckpointAsync(table, hint, actions, cancellation);
        if (await table.SizeAsync(LogNames.Entry(0), cancellation) is not null) return new Snapshot();

        // The first entries were cleaned away and the hint is lost: find the newest checkpoint by name.
        var newest = -1L;
        await foreach (var found in table.ListAsync(LogNames.Folder, null, cancellation))
        {
            if (found.Name.EndsWith(".checkpoint.parquet", StringComparison.Ordinal)
                && long.TryParse(found.Name.AsSpan(LogNames.Folder.Length, 20), NumberStyles.None, CultureInfo.InvariantCulture, out var version)) newest = Math.Max(newest, version);
        }

        return newest >= 0 && await CheckpointFile.ReadAsync(table, newest, cancellation) is { } fallback
            ? await FromCheckpointAsync(table, newest, fallback, cancellation)
            : new Snapshot();
    }

    private static async ValueTask<Snapshot> FromCheckpointAsync(IObjectStore table, long version, IReadOnlyList<LogAction> actions, CancellationToken cancellation)
    {
        var snapshot = new Snapshot { Version = version - 1 }.Apply(version, [.. actions.Where(a => a is not LogAction.Remove)]);
        var newest = actions.OfType<LogAction.Add>().Select(a => a.ModificationTime).Concat(actions.OfType<LogAction.Txn>().Select(t => t.LastUpdated ?? 0)).DefaultIfEmpty(0).Max();
        return snapshot with { Index = await IndexManifest.ReadAsync(table, version, cancellation), LastTimestamp = newest };
    }

    /// <summary>Removed files carry no counts of rows: where an entry removes some, the files before it say what they held.</summary>
    private static async ValueTask<Func<string, LogAction.Add?>?> ResolverAsync(
        IObjectStore table, Snapshot before, (long Version, IReadOnlyList<LogAction> Actions) entry, CancellationToken cancellation)
    {
        if (!entry.Actions.Any(a => a is LogAction.Remove)) return null;
        var live = await LiveFilesAsync(table, before.Version, cancellation);
        return path => live.GetValueOrDefault(path);
    }
}
