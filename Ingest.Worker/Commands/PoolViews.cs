using Ingest.Core.Pool.Delta;

namespace Ingest.Worker.Commands;

/// <summary>Makes a table of the pool known to DuckDB under its name.</summary>
internal static class PoolViews
{
    private const int CopiesAtOnce = 8;

    public static async Task AddAsync(DuckDbQuery query, PoolTable table, CancellationToken cancellation)
    {
        if (TableSupport.ReadProblem(table.Snapshot) is { } problem) throw new InvalidDataException($"Table '{table.Name}': {problem}");
        var files = await LogFiles.LiveAsync(table, cancellation).ConfigureAwait(false);
        var partitioning = table.Snapshot.Metadata!.PartitionColumns;
        var types = TableSupport.Columns(table.Snapshot.Metadata.SchemaString);
        query.AddTable(table.Name, await ReachableAsync(query, table, files, cancellation).ConfigureAwait(false), [.. types.Select(t => (t.Key, DuckDbType(t.Value)))], [.. partitioning]);
    }

    /// <summary>Paths that DuckDB can open. What reads objects over the network is an extension that is not bundled, so files of buckets are copied first, and that is said.</summary>
    private static async Task<IReadOnlyList<string>> ReachableAsync(DuckDbQuery query, PoolTable table, IReadOnlyList<LiveFile> files, CancellationToken cancellation)
    {
        if (table.Folder is { } folder) return [.. files.Select(f => Path.Combine(folder, f.Path))];
        var copies = Path.Combine(query.Folder, table.Name);
        if (files.Count > 0) await Console.Error.WriteLineAsync($"Copying {Output.Count(files.Count)} {(files.Count == 1 ? "file" : "files")}, {Output.Bytes(files.Sum(f => f.Bytes))}, of {table.Name} into {copies}.").ConfigureAwait(false);
        await Parallel.ForEachAsync(files, new ParallelOptions { MaxDegreeOfParallelism = CopiesAtOnce, CancellationToken = cancellation }, async (file, token) =>
        {
            var path = Path.Combine(copies, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var copy = File.Create(path);
            if (!await table.Store.CopyToAsync(file.Path, copy, token).ConfigureAwait(false))
                throw new InvalidDataException($"{file.Path} is in the log of {table.Name} and not in the store.");
        }).ConfigureAwait(false);
        return [.. files.Select(f => Path.Combine(copies, f.Path))];
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
