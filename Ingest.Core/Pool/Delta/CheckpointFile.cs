using System.IO.Compression;
using Ingest.Core.Stores;
using Parquet;
using Parquet.Serialization;

namespace Ingest.Core.Pool.Delta;

/// <summary>The bytes of a classic, single-file checkpoint.</summary>
internal static class CheckpointFile
{
    /// <summary>The checkpoint's actions; null when there is none or it is not whole (the log is read from further back then).</summary>
    public static async ValueTask<IReadOnlyList<LogAction>?> ReadAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        if (await table.ReadAsync(LogNames.Checkpoint(version), cancellation) is not { } bytes) return null;
        try
        {
            return await DecodeAsync(bytes, cancellation);
        }
        catch (Exception damaged) when (damaged is InvalidDataException or EndOfStreamException or IOException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    public static async ValueTask<byte[]> EncodeAsync(IEnumerable<LogAction> actions, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream();
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Fastest };
        await ParquetSerializer.SerializeAsync(actions.Select(CheckpointRow.From).OfType<CheckpointRow>(), buffer, options, null, cancellation);
        return buffer.ToArray();
    }

    public static async ValueTask<IReadOnlyList<LogAction>> DecodeAsync(byte[] bytes, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream(bytes, writable: false);
        var rows = await ParquetSerializer.DeserializeAsync<CheckpointRow>(buffer, null, null, cancellation);
        return [.. rows.Data.Select(r => r.ToAction()).OfType<LogAction>()];
    }
}
