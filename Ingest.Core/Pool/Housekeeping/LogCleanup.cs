using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Housekeeping;

/// <summary>
/// Deletes what of a log is older than its retention: entries, checkpoints and manifests before the newest checkpoint that is itself old enough, and that reads
/// back whole. That checkpoint, its entry and its manifest stay: with them offsets and valid index runs. Oldest first, so that a crash leaves no hole.
/// </summary>
public static class LogCleanup
{
    /// <param name="workFolder">Local folder of this process, where a large checkpoint is put to be read.</param>
    /// <exception cref="StoreException">The store failed; what was deleted is deleted.</exception>
    public static async ValueTask<LogCleaned> RunAsync(IObjectStore table, TimeSpan retention, DateTimeOffset now, string workFolder, CancellationToken cancellation)
    {
        var cutoff = now - retention;
        if (await BaseAsync(table, cutoff, workFolder, cancellation) is not { } keep) return new LogCleaned(0, 0, -1);
        var (entries, checkpoints) = (0, 0);
        Mutation.Set(Bug.CleansLogBeyondCheckpoint, ref keep, version => version + 2);
        await foreach (var found in table.ListAsync(LogNames.Folder, null, cancellation))
        {
            var isEntry = LogNames.TryParseEntry(found.Name, out var version);
            if ((!isEntry && !LogNames.TryParseCheckpoint(found.Name, out version)) || version >= keep) continue;
            await table.DeleteAsync(found.Name, cancellation);
            if (isEntry) entries++;
            else checkpoints++;
        }

        Mutation.Set(Bug.CleansIndexManifest, ref keep, version => version + 1);
        await foreach (var found in table.ListAsync(LogNames.IndexManifests, null, cancellation))
        {
            if (LogNames.TryParseManifest(found.Name, out var version) && version < keep) await table.DeleteAsync(found.Name, cancellation);
        }

        return new LogCleaned(entries, checkpoints, keep);
    }

    /// <summary>The version before which nothing is needed; null when there is none yet.</summary>
    private static async ValueTask<long?> BaseAsync(IObjectStore table, DateTimeOffset cutoff, string workFolder, CancellationToken cancellation)
    {
        var checkpoints = new List<long>();
        await foreach (var found in table.ListAsync(LogNames.Folder, null, cancellation))
        {
            // The entry behind a checkpoint is as old as the version; a checkpoint may have been written later.
            if (found.ModifiedAt > cutoff) continue;
            if (LogNames.TryParseCheckpoint(found.Name, out var version)) checkpoints.Add(version);
        }

        for (var i = checkpoints.Count - 1; i >= 0; i--)
        {
            var version = checkpoints[i];
            if (await table.SizeAsync(LogNames.Entry(version), cancellation) is null) continue;
            if ((await IndexManifest.ReadAsync(table, version, cancellation)).IsKnown && await CheckpointFile.VisitAsync(table, version, workFolder, static _ => { }, cancellation)) return version;
        }

        return null;
    }
}

/// <summary>What was deleted.</summary>
/// <param name="Base">The version that the log can be read from now; -1 when nothing was old enough.</param>
public sealed record LogCleaned(int Entries, int Checkpoints, long Base);
