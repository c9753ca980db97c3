using System.IO.Hashing;
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

    /// <exception cref="IOException">The checkpoint was not written; the log is complete without it.</exception>
    public static async ValueTask WriteAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        try
        {
            var index = await IndexManifest.AtAsync(table, version, cancellation);
            var (told, bytes) = await EncodeAsync(table, version, cancellation);
            if (index.IsKnown) await WriteManifestAsync(table, version, index, told.State, new CheckpointHash(XxHash128.HashToUInt128(bytes), told.Hash()), cancellation);
            var size = await WriteFileAsync(table, version, bytes, told, cancellation);

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

    private static async ValueTask<(CheckpointTold, byte[])> EncodeAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        var content = await CheckpointContent.LoadAsync(table, version, cancellation);
        var told = new CheckpointTold(version);
        return (told, await CheckpointFile.EncodeAsync(told.Listen(content.Actions(Expired(content))), cancellation));
    }

    /// <summary>The reconciled actions of a version, in an order that follows from the log, and its index.</summary>
    /// <exception cref="InvalidDataException">The log does not reach that version.</exception>
    public static async ValueTask<(List<LogAction> Actions, LogIndex Index)> ReplayAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        var content = await CheckpointContent.LoadAsync(table, version, cancellation);
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
    private static async ValueTask<long> WriteFileAsync(IObjectStore table, long version, byte[] bytes, CheckpointTold told, CancellationToken cancellation)
    {
        var name = LogNames.Checkpoint(version);
        if (await table.CreateUniqueAsync(name, bytes, cancellation) == CreateOutcome.AlreadyExists && !await HoldsAsync(table, version, told, cancellation))
            await table.ReplaceAsync(name, bytes, cancellation); // damaged, or another engine's with other tombstones: the protocol allows to overwrite it
        if (!await HoldsAsync(table, version, told, cancellation)) throw new IOException($"The checkpoint of version {version} did not read back as it was written.");
        return await table.SizeAsync(name, cancellation) ?? throw new IOException($"The checkpoint of version {version} is gone again.");
    }

    private static async ValueTask<bool> HoldsAsync(IObjectStore table, long version, CheckpointTold told, CancellationToken cancellation)
    {
        var stored = new CheckpointTold(version);
        return await CheckpointFile.VisitAsync(table, version, stored.Add, cancellation) && stored.Hash() == told.Hash();
    }
}
