using DuckDB.NET.Data;
using Ingest.Perf.Workloads;

namespace Ingest.Perf.Compare.Contenders;

/// <summary>DuckDB with the same records in a file: no Kafka, no offsets, no memory of earlier runs. Reads, drops repetitions, writes zstd Parquet by department and date.</summary>
internal static class DuckDbFromFile
{
    private static readonly (string Name, string Type)[] s_columns =
    [
        ("id", "VARCHAR"), ("dept", "VARCHAR"), ("plate", "VARCHAR"), ("kind", "VARCHAR"), ("owner", "VARCHAR"), ("district", "VARCHAR"),
        ("amount", "DECIMAL(12,2)"), ("points", "INTEGER"), ("active", "BOOLEAN"), ("at", "TIMESTAMP"),
    ];

    public static long Run(Workload workload, string file, string output)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        Execute(connection, "SET threads = 2");
        Execute(connection, "SET preserve_insertion_order = false");

        Execute(connection, $"COPY (SELECT DISTINCT *, \"at\"::DATE AS event_date FROM ({Source(workload, file)}))" +
            $" TO '{output}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (dept, event_date))");
        return workload.Records;
    }

    /// <summary>Of four ways to read an array a line, the fastest: each line as a typed list, then unnested.</summary>
    private static string Source(Workload workload, string file) => workload.RecordsPerMessage == 1
        ? $"SELECT * FROM read_json('{file}', format = 'newline_delimited', columns = {{{string.Join(", ", s_columns.Select(c => $"\"{c.Name}\": '{c.Type}'"))}}})"
        : $"SELECT unnest(json, recursive := true) FROM read_json('{file}', format = 'newline_delimited', records = false, columns = {{json: 'STRUCT({string.Join(", ", s_columns.Select(c => $"\"{c.Name}\" {c.Type}"))})[]'}})";

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
