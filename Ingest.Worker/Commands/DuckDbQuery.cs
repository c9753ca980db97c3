using System.Text;
using DuckDB.NET.Data;
using DuckDB.NET.Native;
using static DuckDB.NET.Native.NativeMethods;

namespace Ingest.Worker.Commands;

/// <summary>DuckDB over exactly the live files of a pool: each table is a view of its name. Nothing but the list of files comes from our code.</summary>
internal sealed class DuckDbQuery : IDisposable
{
    private readonly DuckDBConnection _connection = new("DataSource=:memory:");
    private readonly DirectoryInfo _folder;

    /// <exception cref="CommandRefusedException">There is no place for temporary files.</exception>
    public DuckDbQuery()
    {
        try
        {
            _folder = Directory.CreateTempSubdirectory("ingest-sql-");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new CommandRefusedException(ExitCodes.BadConfiguration, $"No folder for temporary files can be made: {refused.Message} Give a place for them with the variable TMPDIR.");
        }

        _connection.Open();

        // What does not fit goes over the disk, into a folder that others cannot read. As it comes, DuckDB takes four fifths of the machine's memory, and writes into the folder that the user is in.
        Execute($"SET memory_limit = '{Math.Max(64, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 21)}MiB'; SET temp_directory = {Text(Path.Combine(Folder, "spilled"))}");
    }

    /// <summary>Where copies of files may lie that DuckDB cannot reach, and what it has no memory for; gone with the query.</summary>
    public string Folder => _folder.FullName;

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

    /// <summary>Runs the statements one after the other, each when the result before it was read, or left.</summary>
    /// <exception cref="CommandRefusedException">DuckDB refuses one; those before it are done.</exception>
    public IEnumerable<SqlResult> Run(string sql)
    {
        var count = ExtractStatements.DuckDBExtractStatements(_connection.NativeConnection, sql, out var statements);
        using var extracted = statements;
        if (count == 0) throw new CommandRefusedException(ExitCodes.Failed, ExtractStatements.DuckDBExtractStatementsError(statements) is { Length: > 0 } error ? error : "There is no statement in the query.");
        for (var i = 0; i < count; i++)
        {
            using var result = Run(statements, i);
            yield return result;
        }
    }

    /// <summary>Ends the statement that runs, if one does.</summary>
    public void Interrupt() => _connection.NativeConnection.Interrupt();

    public void Dispose()
    {
        _connection.Dispose();
        DeleteFolder();
    }

    /// <summary>For a process that ends while a statement still runs, which closing would wait for.</summary>
    public void DeleteFolder()
    {
        try
        {
            if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
        }
        catch (IOException)
        {
            // The statement has just put something there. What the command was told matters more than what is left in a temporary folder.
        }
    }

    private SqlResult Run(DuckDBExtractedStatements statements, int index)
    {
        var prepared = ExtractStatements.DuckDBPrepareExtractedStatement(_connection.NativeConnection, statements, index, out var statement);
        using (statement)
        {
            if (prepared != DuckDBState.Success) throw new CommandRefusedException(ExitCodes.Failed, PreparedStatements.DuckDBPrepareError(statement));
            if (PreparedStatements.DuckDBExecutePreparedStreaming(statement, out var result) == DuckDBState.Success) return new SqlResult(result);
            var error = SqlResult.ErrorOf(ref result);
            result.Close();
            throw new CommandRefusedException(ExitCodes.Failed, error ?? "DuckDB failed, and does not say why.");
        }
    }

    private static string Text(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    public static string Quote(string name) => new StringBuilder(name.Length + 2).Append('"').Append(name.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"').ToString();
}
