using Ingest.Core.Pool.Delta;

namespace Ingest.Worker.Commands;

/// <summary>Makes a table of the pool known to DuckDB under its name.</summary>
internal static class PoolViews
{
    public static async Task AddAsync(DuckDbQuery query, PoolTable table, CancellationToken cancellation)
    {
        var files = await LogFiles.LiveAsync(table, cancellation).ConfigureAwait(false);
        var partitioning = table.Snapshot.Metadata!.PartitionColumns;
        var types = TableSupport.Columns(table.Snapshot.Metadata.SchemaString);
        query.AddTable(table.Name, [.. files.Select(f => f.FullPath)], [.. types.Select(t => (t.Key, DuckDbType(t.Value)))], [.. partitioning]);
    }

    private static string DuckDbType(string delta) => delta switch
    {
        "string" => "VARCHAR",
        "integer" => "INTEGER",
        "long" => "BIGINT",
        "double" => "DOUBLE",
        "boolean" => "BOOLEAN",
        "date" => "DATE",
        "timestamp" => "TIMESTAMPTZ",
        "binary" => "BLOB",
        _ => delta.ToUpperInvariant(),
    };
}
