using System.Text;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// Writes checkpoints. Their content follows from the log up to their version alone, so two workers that write the same one write the same.
/// Order: index manifest, checkpoint, read back and compare, hint; a crash between any two leaves nothing that misleads a reader.
/// </summary>
internal static class CheckpointWriter
{
    /// <summary>Removed files stay in checkpoints this long, so that readers of old versions and vacuum know of them (Delta's default).</summary>
    private static readonly TimeSpan s_tombstoneRetention = TimeSpan.FromDays(7);

    /// <param name="workFolder">Local folder of this process, where large checkpoints are put together; null: they are held in memory.</param>
    /// <exception cref="IOException">The checkpoint was not written; the log is complete without it.</exception>
    public static async ValueTask WriteAsync(IObjectStore table, long version, CancellationToken cancellation, string? workFolder = null)
    {
        using var content = new Spool(workFolder);
        try
        {
            var index = await IndexManifest.AtAsync(table, version, cancellation);
            var told = await EncodeAsync(table, version, workFolder, content, cancellation);
            if (index.IsKnown) await WriteManifestAsync(table, version, index, told.State, new CheckpointHash(await CheckpointFile.HashAsync(content), told.Hash()), cancellation);
            var size = await WriteFileAsync(table, version, workFolder, content, told, cancellation);

            // Going back would be harmless, but untidy: another worker may have written a later one meanwhile.
            if (await LogReader.CheckpointHintAsync(table, cancellation) is { } hint && hint >= version) return;
            await table.ReplaceAsync(
                LogNames.LastCheckpoint,
                Encoding.UTF8.GetBytes($"{{\"version\":{version},\"size\":{told.Actions},\"sizeInBytes\":{size},\"numOfAddFiles\":{told.State.LiveFiles}}}\n"),
                cancellation);
        }
        catch (InvalidDataException unreadable)
        {
            throw new IOException($"The checkpoint of version {version} was not written: {unreadable.Message}", unreadable);
        }
    }

    private static async ValueTask<CheckpointTold> EncodeAsync(IObjectStore table, long version, string? workFolder, Spool to, CancellationToken cancellation)
    {
        using var content = await CheckpointContent.LoadAsync(table, version, workFolder, cancellation);
        var told = new CheckpointTold(version);
        await CheckpointFile.EncodeAsync(told.Listen(content.Actions(Expired(content))), to, cancellation);
        return told;
    }

    /// <summary>The reconciled actions of a version, in an order that follows from the log, and its index.</summary>
    /// <exception cref="InvalidDataException">The log does not reach that version.</exception>
    public static async ValueTask<(List<LogAction> Actions, LogIndex Index)> ReplayAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        using var content = await CheckpointContent.LoadAsync(table, version, null, cancellation);
        return ([.. content.Actions(Expired(content))], await IndexManifest.AtAsync(table, version, cancellation));
    }

    /// <summary>The same from version 0 on, without any checkpoint and with all tombstones; null when the first entries are gone.</summary>
    public static async ValueTask<IReadOnlyList<LogAction>?> ReplayFromStartAsync(IObjectStore table, long version, CancellationToken cancellation) =>
        await CheckpointContent.FromStartAsync(table, version, cancellation) is { } content ? [.. content.Actions(long.MinValue)] : null;

    /// <summary>Tombstones expire by the log's clock, not by ours.</summary>
    private static long Expired(CheckpointContent content) => content.LastTimestamp - (long)s_tombstoneRetention.TotalMilliseconds;

    /// <summary>Whoever is first writes it; a damaged one gives way.</summary>
    private static async ValueTask WriteManifestAsync(IObjectStore table, long version, LogIndex index, Snapshot state, CheckpointHash hash, CancellationToken cancellation)
    {
        var bytes = IndexManifest.Write(version, index, state, hash);
        if (await table.CreateUniqueAsync(LogNames.IndexManifest(version), bytes, cancellation) == CreateOutcome.Created) return;
        if (!(await IndexManifest.ReadAsync(table, version, cancellation)).IsKnown) await table.ReplaceAsync(LogNames.IndexManifest(version), bytes, cancellation);
    }

    /// <summary>Returns the size of the checkpoint that is in the store and was read back from there, whoever wrote it.</summary>
    private static async ValueTask<long> WriteFileAsync(IObjectStore table, long version, string? workFolder, Spool content, CheckpointTold told, CancellationToken cancellation)
    {
        var name = LogNames.Checkpoint(version);
        if (await content.UseAsync(bytes => table.CreateUniqueAsync(name, bytes, cancellation)) == CreateOutcome.AlreadyExists && !await HoldsAsync(table, version, workFolder, told, cancellation))
        {
            // Damaged, or another engine's with other tombstones: the protocol allows to overwrite it.
            await content.UseAsync(async bytes =>
            {
                await table.ReplaceAsync(name, bytes, cancellation);
                return true;
            });
        }

        if (!await HoldsAsync(table, version, workFolder, told, cancellation)) throw new IOException($"The checkpoint of version {version} did not read back as it was written.");
        return await table.SizeAsync(name, cancellation) ?? throw new IOException($"The checkpoint of version {version} is gone again.");
    }

    private static async ValueTask<bool> HoldsAsync(IObjectStore table, long version, string? workFolder, CheckpointTold told, CancellationToken cancellation)
    {
        var stored = new ActionsHash();
        return await CheckpointFile.VisitAsync(table, version, workFolder, stored.Add, cancellation) && stored.Value == told.Hash();
    }
}
