using Ingest.Core.Pool.Delta;

namespace Ingest.Worker.Commands;

/// <summary>A live file of a table, as its log names it.</summary>
internal sealed record LiveFile(string Path, long Bytes, LogAction.Add Add);

/// <summary>Lists the live files of a table at the version that was opened.</summary>
internal static class LogFiles
{
    public static async Task<IReadOnlyList<LiveFile>> LiveAsync(PoolTable table, CancellationToken cancellation)
    {
        var files = await LogReader.LiveFilesAsync(table.Store, table.Snapshot.Version, cancellation).ConfigureAwait(false);
        return [.. files.Values.OrderBy(f => f.Path, StringComparer.Ordinal).Select(f => new LiveFile(f.Path, f.Size, f))];
    }
}
