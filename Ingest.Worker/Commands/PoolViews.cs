using Ingest.Core.Pool.Delta;

namespace Ingest.Worker.Commands;

/// <summary>Makes a table of the pool known to DuckDB under its name.</summary>
internal static class PoolViews
{
    private const int CopiesAtOnce = 8;

    /// <exception cref="InvalidDataException">The files alone do not tell the table's rows, or one is not there.</exception>
    public static async Task AddAsync(DuckDbQuery query, PoolTable table, CancellationToken cancellation)
    {
        if (Unreadable(table) is { } problem) throw new InvalidDataException(problem);
        var files = await LogFiles.LiveAsync(table, cancellation).ConfigureAwait(false);
        var paths = await ReachableAsync(query, table, files, cancellation).ConfigureAwait(false);
        query.AddTable(table.Name, Alike(files, paths), Columns(table), [.. table.Snapshot.Metadata!.PartitionColumns]);
    }

    /// <summary>Makes the table known without reading which files it has: it can be listed and described. A query for its rows fails, and says why.</summary>
    public static void AddColumns(DuckDbQuery query, PoolTable table) =>
        query.AddColumns(table.Name, Columns(table), Unreadable(table) ?? $"Rows are read of tables that the query calls by their names. Write {DuckDbQuery.Quote(table.Name)} in it, a comment will do.");

    private static string? Unreadable(PoolTable table) => TableSupport.ReadProblem(table.Snapshot) is { } problem ? $"Table '{table.Name}': {problem}" : null;

    private static (string Name, string Type)[] Columns(PoolTable table) => [.. TableSupport.Columns(table.Snapshot.Metadata!.SchemaString).Select(t => (t.Key, DuckDbType(t.Value)))];

    /// <summary>A contract that was given a column makes another kind of file. Ours tell in the log what they hold; what another engine's hold is only in them.</summary>
    private static List<FileGroup> Alike(IReadOnlyList<LiveFile> files, IReadOnlyList<string> paths)
    {
        var told = files.Select(f => f.Add.KeySum() is null ? null : f.Add.StatisticsColumns()).Zip(paths).ToLookup(f => f.First is not null);
        var groups = told[true].GroupBy(f => f.First!, f => f.Second, HashSet<string>.CreateSetComparer()).Select(g => new FileGroup([.. g], g.Key)).ToList();
        if (told[false].Any()) groups.Add(new FileGroup([.. told[false].Select(f => f.Second)], Columns: null));
        return groups;
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
