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

    /// <summary>Registers a table under its name; one without files is empty, with its columns.</summary>
    /// <param name="columns">All columns with their DuckDB types.</param>
    /// <param name="partitioning">Those that are in the folders' names only.</param>
    public void AddTable(string name, IReadOnlyList<FileGroup> files, IReadOnlyList<(string Name, string Type)> columns, IReadOnlyCollection<string> partitioning)
    {
        var types = string.Join(", ", columns.Where(c => partitioning.Contains(c.Name)).Select(c => $"'{c.Name}': {c.Type}"));
        var rows = files.Count == 0 ? $"{Nulls(columns)} WHERE false" : string.Join(" UNION ALL ", files.Select(Rows));
        Execute($"CREATE VIEW {Quote(name)} AS {rows}");

        string Rows(FileGroup group)
        {
            // Files come by name from the log, so that the partition folders are read but nothing that the log does not name is. Of files of one kind DuckDB opens those
            // whose partition is asked for; of others it opens every one, before each query.
            var union = group.Columns is null ? "union_by_name=true, " : "";
            var from = $"read_parquet([{string.Join(", ", group.Paths.Select(Text))}], {union}hive_partitioning=true, hive_types={{{types}}})";
            var there = group.Columns ?? ColumnsOf(from);
            return $"SELECT {string.Join(", ", columns.Select(c => partitioning.Contains(c.Name) || there.Contains(c.Name) ? Quote(c.Name) : Null(c)))} FROM {from}";
        }
    }

    /// <summary>Registers a table whose columns may be looked at, and whose rows may not.</summary>
    /// <param name="why">What a query for its rows is told.</param>
    public void AddColumns(string name, IReadOnlyList<(string Name, string Type)> columns, string why) =>
        Execute($"CREATE VIEW {Quote(name)} AS {Nulls(columns)} WHERE error({Text(why)})::BOOLEAN");

    private HashSet<string> ColumnsOf(string from)
    {
        using var described = Read($"DESCRIBE SELECT * FROM {from}");
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (described.Read()) names.Add(described.GetString(0));
        return names;
    }

    private static string Nulls(IReadOnlyList<(string Name, string Type)> columns) => $"SELECT {string.Join(", ", columns.Select(Null))}";

    private static string Null((string Name, string Type) column) => $"NULL::{column.Type} AS {Quote(column.Name)}";

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

    private static string Text(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    public static string Quote(string name) => new StringBuilder(name.Length + 2).Append('"').Append(name.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"').ToString();
}
