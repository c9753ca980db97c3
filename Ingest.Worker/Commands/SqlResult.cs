using DuckDB.NET.Native;
using static DuckDB.NET.Native.NativeMethods;

namespace Ingest.Worker.Commands;

/// <summary>What one statement of a query gives. Its rows come as DuckDB makes them, which waits for the reader: no more than some thousand of them are in memory.</summary>
internal sealed class SqlResult : IDisposable
{
    private DuckDBResult _result;
    private DuckDBDataChunk? _chunk;
    private SqlColumn[] _columns = [];
    private long _row = -1, _rowsOfChunk;

    /// <param name="result">Belongs to the new one.</param>
    public SqlResult(DuckDBResult result)
    {
        _result = result;
        var kind = Query.DuckDBResultReturnType(result);
        HasRows = kind == DuckDBResultType.QueryResult;
        if (HasRows) Names = [.. Enumerable.Range(0, (int)Query.DuckDBColumnCount(ref _result)).Select(i => Query.DuckDBColumnName(ref _result, i))];
        if (kind == DuckDBResultType.ChangedRows && Query.DuckDBResultStatementType(result) == DuckDBStatementType.Copy) Copied = Query.DuckDBRowsChanged(ref _result);
    }

    /// <summary>It is a query for rows, be there any or none.</summary>
    public bool HasRows { get; }

    public IReadOnlyList<string> Names { get; } = [];

    /// <summary>How many rows COPY wrote; null for any other statement.</summary>
    public long? Copied { get; }

    /// <summary>The next row is here already; else DuckDB makes it, however long that takes.</summary>
    public bool IsNextHere => _row + 1 < _rowsOfChunk;

    /// <summary>What went wrong; null for nothing. Of several threads one may end because of another's error before that is noted: DuckDB then says "interrupted".</summary>
    public static string? ErrorOf(ref DuckDBResult result)
    {
        if (Query.DuckDBResultError(ref result) is not { Length: > 0 } error) return null;
        return Query.DuckDBResultErrorType(ref result) == DuckDBErrorType.Interrupt ? $"{error} If nobody did that, the query failed, and DuckDB does not say why. Run it again; 'set threads = 1;' before it brings the reason." : error;
    }

    /// <exception cref="CommandRefusedException">DuckDB could not go on: what came before is not all.</exception>
    public bool Read()
    {
        if (++_row < _rowsOfChunk) return true;
        _chunk?.Dispose();
        _chunk = Query.DuckDBFetchChunk(_result);
        (_row, _rowsOfChunk) = (0, _chunk.IsInvalid ? 0 : (long)DataChunks.DuckDBDataChunkGetSize(_chunk));
        if (_rowsOfChunk == 0)
        {
            // The end looks the same when the query failed half-way.
            return ErrorOf(ref _result) is { } error ? throw new CommandRefusedException(ExitCodes.Failed, error) : false;
        }

        var isFirst = _columns.Length == 0;
        if (isFirst) _columns = new SqlColumn[Names.Count];
        for (var i = 0; i < _columns.Length; i++)
        {
            var vector = DataChunks.DuckDBDataChunkGetVector(_chunk, i);
            if (isFirst) _columns[i] = new SqlColumn(Names[i], vector);
            else _columns[i].MoveTo(vector);
        }

        return true;
    }

    /// <summary>A value of the row; null for null.</summary>
    public string? Text(int column) => _columns[column].IsNull(_row) ? null : _columns[column].Text(_row);

    /// <summary>The row as one JSON object.</summary>
    public string Json() => SqlValue.Json(writer =>
    {
        writer.WriteStartObject();
        for (var i = 0; i < _columns.Length; i++)
        {
            writer.WritePropertyName(Names[i]);
            _columns[i].Write(writer, _row);
        }

        writer.WriteEndObject();
    });

    /// <summary>Ends the query where it has not ended.</summary>
    public void Dispose()
    {
        _chunk?.Dispose();
        _result.Close();
    }
}
