using System.IO.Compression;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Parquet;
using Parquet.Serialization;

namespace Ingest.Core.Pool.Delta;

/// <summary>The bytes of a classic, single-file checkpoint.</summary>
internal static class CheckpointFile
{
    /// <summary>Actions of a row group: readers hold one at a time, so a table of a million files opens in little memory.</summary>
#if DEBUG
    private const int RowGroupActions = 7;
#else
    private const int RowGroupActions = 20_000;
#endif

    /// <summary>Shows the checkpoint's actions in portions. False when there is none or it is not whole: then what was seen is to be forgotten.</summary>
    public static async ValueTask<bool> VisitAsync(IObjectStore table, long version, Action<IReadOnlyList<LogAction>> visit, CancellationToken cancellation)
    {
        return await ReadBytesAsync(table, version, cancellation) is ({ } bytes, _) && await VisitAsync(bytes, visit, cancellation);
    }

    /// <summary>The checkpoint's bytes, and whether they are what our manifest says: ours, to the last byte. Nothing when it is missing, or holds something else than the manifest says.</summary>
    public static async ValueTask<(byte[]? Bytes, bool IsOurs)> ReadBytesAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        if (await table.ReadAsync(LogNames.Checkpoint(version), cancellation) is not { } bytes) return (null, false);
        if (await IndexManifest.ReadHashAsync(table, version, cancellation) is not { } wanted) return (bytes, false);
        if (System.IO.Hashing.XxHash128.HashToUInt128(bytes) == wanted.Bytes) return (bytes, true);

        // Encoded by another release, perhaps: then its actions are the same.
        var told = new CheckpointTold(version);
        return await VisitAsync(bytes, told.Add, cancellation) && told.Hash() == wanted.Actions ? (bytes, false) : (null, false);
    }

    /// <summary>Likewise, of a checkpoint's bytes.</summary>
    public static async ValueTask<bool> VisitAsync(byte[] bytes, Action<IReadOnlyList<LogAction>> visit, CancellationToken cancellation)
    {
        try
        {
            var isWhole = false;
            await foreach (var portion in DecodeAsync(bytes, cancellation))
            {
                visit(portion);
                isWhole |= portion.Any(a => a is LogAction.Metadata);
            }

            return isWhole;
        }
        catch (Exception damaged) when (ParquetDamage.Is(damaged))
        {
            return false;
        }
    }

    /// <summary>The files of a checkpoint that was seen to be whole, a row group in memory at a time. All is in memory, so nothing is waited for.</summary>
    public static IEnumerable<LogAction.Add> Adds(byte[] bytes) => DecodeAsync(bytes, CancellationToken.None).ToBlockingEnumerable().SelectMany(p => p).OfType<LogAction.Add>();

    /// <summary>The checkpoint's actions; null when there is none or it is not whole (the log is read from further back then).</summary>
    public static async ValueTask<IReadOnlyList<LogAction>?> ReadAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        var actions = new List<LogAction>();
        return await VisitAsync(table, version, actions.AddRange, cancellation) ? actions : null;
    }

    public static async ValueTask<byte[]> EncodeAsync(IEnumerable<LogAction> actions, CancellationToken cancellation, int rowGroupActions = RowGroupActions)
    {
        using var buffer = new MemoryStream();
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Fastest, RowGroupSize = rowGroupActions };
        await ParquetSerializer.SerializeAsync(actions.Select(CheckpointRow.From).OfType<CheckpointRow>(), buffer, options, null, cancellation);
        return buffer.ToArray();
    }

    /// <summary>A row group at a time. Throws, in one of many ways, when the bytes are no checkpoint.</summary>
    public static async IAsyncEnumerable<IReadOnlyList<LogAction>> DecodeAsync(byte[] bytes, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        using var buffer = new MemoryStream(bytes, writable: false);
        int groups;
        await using (var reader = await ParquetReader.CreateAsync(buffer, null, leaveStreamOpen: true, cancellation)) groups = reader.RowGroupCount;
        for (var group = 0; group < groups; group++)
        {
            buffer.Position = 0;
            var rows = await ParquetSerializer.DeserializeAsync<CheckpointRow>(buffer, null, group, cancellation);
            yield return [.. rows.Data.Select(r => r.ToAction()).OfType<LogAction>()];
        }
    }
}
