using System.Text;
using DuckDB.NET.Data;

namespace Ingest.Worker.Commands;

/// <summary>DuckDB over exactly the live files of a pool: each table is a view of its name. Nothing but the list of files comes from our code.</summary>
internal sealed class DuckDbQuery : IDisposable
{
    private readonly DuckDBConnection _connection = new("DataSource=:memory:");

    private string? _folder;

    public DuckDbQuery() => _connection.Open();

    /// <summary>Where copies of files may lie that DuckDB cannot reach; gone with the query.</summary>
    public string Folder => _folder ??= Directory.CreateTempSubdirectory("ingest-sql-").FullName;

    /// <summary>Registers a table; one without files becomes an empty view with its columns.</summary>
    /// <param name="columns">All columns with their DuckDB types.</param>
    /// <param name="partitioning">Those that are in the folders' names only.</param>
    public void AddTable(string name, IReadOnlyList<string> files, IReadOnlyList<(string Name, string Type)> columns, IReadOnlyCollection<string> partitioning)
    {
        var view = Quote(name);
        if (files.Count == 0)
        {
            Execute($"CREATE VIEW {view} AS SELECT {string.Join(", ", columns.Select(c => $"NULL::{c.Type} AS {Quote(c.Name)}"))} WHERE false");
            return;
        }

        // Files come by name from the log, so that the partition folders are read but nothing that the log does not name is.
        var list = string.Join(", ", files.Select(f => $"'{f.Replace("'", "''", StringComparison.Ordinal)}'"));
        var types = string.Join(", ", columns.Where(c => partitioning.Contains(c.Name)).Select(c => $"'{c.Name}': {c.Type}"));
        Execute($"CREATE VIEW {view} AS SELECT {string.Join(", ", columns.Select(c => Quote(c.Name)))} FROM read_parquet([{list}], union_by_name=true, hive_partitioning=true, hive_types={{{types}}})");
    }

    public DuckDBDataReader Read(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return (DuckDBDataReader)command.ExecuteReader();
    }

    /// <summary>Returns how many rows it wrote; -1 for a statement that writes none.</summary>
    public int Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        _connection.Dispose();
        if (_folder is not null) Directory.Delete(_folder, recursive: true);
    }

    public static string Quote(string name) => new StringBuilder(name.Length + 2).Append('"').Append(name.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"').ToString();
}
