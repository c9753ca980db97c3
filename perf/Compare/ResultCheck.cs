using Ingest.Worker.Commands;

namespace Ingest.Perf.Compare;

/// <summary>Asks DuckDB whether a contender made the rows that it should have, in the partitions that it should have. Not part of the time.</summary>
internal static class ResultCheck
{
    /// <summary>A folder of Parquet files.</summary>
    /// <exception cref="ContestException">Rows are missing, or too many.</exception>
    public static void Folder(string name, Stage stage)
    {
        using var query = new DuckDbQuery();
        Rows(name, stage, query, $"read_parquet('{stage.Output}/**/*.parquet')");
    }

    /// <summary>The live files of a pool's table.</summary>
    public static async Task PoolAsync(string name, string folder, Stage stage, CancellationToken cancellation)
    {
        var pool = await PoolTables.OpenAsync(folder, cancellation).ConfigureAwait(false);
        var table = pool.Tables.FirstOrDefault(t => t.Name == stage.Workload.Dataset) ?? throw new ContestException($"{name} made no table.");
        using var query = new DuckDbQuery();
        await PoolViews.AddAsync(query, table, cancellation).ConfigureAwait(false);
        Rows(name, stage, query, DuckDbQuery.Quote(table.Name));
    }

    private static void Rows(string name, Stage stage, DuckDbQuery query, string from)
    {
        using var reader = query.Read($"SELECT count(*), count(DISTINCT id) FROM {from}");
        reader.Read();
        var (rows, distinct) = (reader.GetInt64(0), reader.GetInt64(1));
        if (rows != stage.Workload.Distinct || distinct != rows) throw new ContestException($"{name} made {rows} rows of {distinct} records; {stage.Workload.Distinct} are right.");
    }
}
