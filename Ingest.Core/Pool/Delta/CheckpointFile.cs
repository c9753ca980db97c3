using System.IO.Compression;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Parquet;

namespace Ingest.Core.Pool.Delta;

/// <summary>The bytes of a classic, single-file checkpoint.</summary>
internal static class CheckpointFile
{
    /// <summary>Actions of a row group: readers and writers hold one at a time, so a table of a million files is read and written in little memory; it is also small enough for most of it to be gone at the next collection.</summary>
#if DEBUG
    private const int RowGroupActions = 7;
#else
    private const int RowGroupActions = 4_096;
#endif

    /// <summary>Shows the checkpoint's actions in portions. False when there is none or it is not whole: then what was seen is to be forgotten.</summary>
    public static async ValueTask<bool> VisitAsync(IObjectStore table, long version, string? workFolder, Action<IReadOnlyList<LogAction>> visit, CancellationToken cancellation)
    {
        var (content, _) = await OpenAsync(table, version, workFolder, cancellation);
        using (content) return content is not null && await VisitAsync(content, visit, cancellation);
    }

    /// <summary>The checkpoint's bytes, and whether they are what our manifest says: ours, to the last byte. Nothing when it is missing, or holds something else than the manifest says.</summary>
    /// <param name="workFolder">Where a large one is put; null: it is held in memory.</param>
    public static async ValueTask<(Spool? Content, bool IsOurs)> OpenAsync(IObjectStore table, long version, string? workFolder, CancellationToken cancellation)
    {
        if (await FetchAsync(table, version, workFolder, cancellation) is not { } content) return (null, false);
        try
        {
            if (await IndexManifest.ReadHashAsync(table, version, cancellation) is not { } wanted) return (content, false);
            if (await HashAsync(content) == wanted.Bytes) return (content, true);

            // Encoded by another release, perhaps: then its actions are the same.
            var told = new CheckpointTold(version);
            if (await VisitAsync(content, told.Add, cancellation) && told.Hash() == wanted.Actions) return (content, false);
        }
        catch
        {
            content.Dispose();
            throw;
        }

        content.Dispose();
        return (null, false);
    }

    /// <summary>Likewise, of a checkpoint's bytes.</summary>
    public static async ValueTask<bool> VisitAsync(Spool content, Action<IReadOnlyList<LogAction>> visit, CancellationToken cancellation)
    {
        try
        {
            var isWhole = false;
            await foreach (var portion in DecodeAsync(content, cancellation))
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

    /// <summary>The files of a checkpoint that was seen to be whole, a row group in memory at a time. All is on this machine, so nothing is waited for.</summary>
    public static IEnumerable<LogAction.Add> Adds(Spool content) => DecodeAsync(content, CancellationToken.None).ToBlockingEnumerable().SelectMany(p => p).OfType<LogAction.Add>();

    /// <summary>The checkpoint's actions; null when there is none or it is not whole (the log is read from further back then).</summary>
    public static async ValueTask<IReadOnlyList<LogAction>?> ReadAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        var actions = new List<LogAction>();
        return await VisitAsync(table, version, null, actions.AddRange, cancellation) ? actions : null;
    }

    public static async ValueTask EncodeAsync(IEnumerable<LogAction> actions, Stream to, CancellationToken cancellation, int rowGroupActions = RowGroupActions)
    {
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Fastest };
        await using var file = await ParquetWriter.CreateAsync(CheckpointSchema.Written, to, options, cancellationToken: cancellation);
        var columns = new CheckpointColumns(CheckpointSchema.Written.GetDataFields());
        foreach (var action in actions)
        {
            columns.Add(action);
            if (columns.Rows == rowGroupActions) await columns.WriteAsync(file, cancellation);
        }

        if (columns.Rows > 0) await columns.WriteAsync(file, cancellation);
    }

    /// <summary>XXH128 of the bytes.</summary>
    public static ValueTask<UInt128> HashAsync(Spool content) => content.UseAsync(static bytes => new ValueTask<UInt128>(XxHash128.HashToUInt128(bytes.Span)));

    /// <summary>In small portions. Throws, in one of many ways, when the bytes are no checkpoint.</summary>
    public static async IAsyncEnumerable<IReadOnlyList<LogAction>> DecodeAsync(Spool content, [EnumeratorCancellation] CancellationToken cancellation)
    {
        content.Position = 0;
        await using var file = await ParquetReader.CreateAsync(content, null, leaveStreamOpen: true, cancellation);
        var columns = new CheckpointColumns(file.Schema.GetDataFields());
        for (var group = 0; group < file.RowGroupCount; group++)
        {
            using var rows = file.OpenRowGroupReader(group);
            await foreach (var portion in columns.ReadAsync(rows, cancellation)) yield return portion;
        }
    }

    private static async ValueTask<Spool?> FetchAsync(IObjectStore table, long version, string? workFolder, CancellationToken cancellation)
    {
        var name = LogNames.Checkpoint(version);
        if (workFolder is null) return await table.ReadAsync(name, cancellation) is { } bytes ? Spool.Of(bytes) : null;
        var content = new Spool(workFolder);
        try
        {
            if (await table.CopyToAsync(name, content, cancellation)) return content;
        }
        catch
        {
            content.Dispose();
            throw;
        }

        content.Dispose();
        return null;
    }
}
