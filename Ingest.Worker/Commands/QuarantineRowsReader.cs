using System.Globalization;
using DuckDB.NET.Data;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Replay;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;

namespace Ingest.Worker.Commands;

/// <summary>Reads the quarantine of a pool with DuckDB: the view <c>q</c> has its rows with the column <c>is_replayed</c>.</summary>
internal sealed class QuarantineRowsReader : IDisposable
{
    private readonly DuckDbQuery _query = new();

    private QuarantineRowsReader()
    {
    }

    /// <summary>Null when the pool has no quarantine.</summary>
    public static async Task<QuarantineRowsReader?> OpenAsync(PoolTables pool, CancellationToken cancellation)
    {
        if (pool.Tables.FirstOrDefault(t => t.Name == QuarantineDataset.Name) is not { } quarantine) return null;
        var replayed = pool.Tables.FirstOrDefault(t => t.Name == ReplayedDataset.Name);
        var reader = new QuarantineRowsReader();
        await PoolViews.AddAsync(reader._query, quarantine, cancellation).ConfigureAwait(false);
        if (replayed is not null) await PoolViews.AddAsync(reader._query, replayed, cancellation).ConfigureAwait(false);

        // Tables of earlier versions have no headers.
        var header = TableSupport.Columns(quarantine.Snapshot.Metadata!.SchemaString).ContainsKey("header") ? "" : ", NULL::BLOB AS header";
        var taken = replayed is null ? "false" : $"id IN (SELECT id FROM {DuckDbQuery.Quote(ReplayedDataset.Name)})";
        reader._query.Execute($"CREATE VIEW q AS SELECT *{header}, {taken} AS is_replayed FROM {DuckDbQuery.Quote(QuarantineDataset.Name)}");
        return reader;
    }

    public DuckDBDataReader Read(string sql) => _query.Read(sql);

    /// <summary>The values of a column.</summary>
    public IReadOnlyCollection<string> Distinct(string column)
    {
        using var reader = _query.Read($"SELECT DISTINCT {column} FROM q WHERE {column} IS NOT NULL");
        var values = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read()) values.Add(reader.GetString(0));
        return values;
    }

    /// <summary>The rows, ordered by where they came from.</summary>
    public IEnumerable<(QuarantinedRecord Record, string? Field, string? Detail)> Rows(QuarantineFilter filter)
    {
        var shared = SharedHeaders(filter);
        using var reader = _query.Read(
            $"""
            SELECT id, department, dataset, reason, _topic, _partition, _offset, _position, coalesce(epoch_ms(_published_at), 0), raw, header, field, detail
            FROM q WHERE {filter.Where()} ORDER BY _topic, _partition, _offset, _position
            """);
        while (reader.Read())
        {
            var record = new QuarantinedRecord
            {
                Id = reader.GetString(0),
                Department = reader.GetString(1),
                Dataset = Text(reader, 2),
                Reason = reader.GetString(3),
                Source = new TopicPartition(reader.GetString(4), reader.GetInt32(5)),
                Offset = reader.GetInt64(6),
                Position = reader.GetInt32(7),
                PublishedAtMs = Convert.ToInt64(reader.GetValue(8), CultureInfo.InvariantCulture),
                Raw = Bytes(reader, 9) ?? [],
                Header = Bytes(reader, 10),
            };
            if (record.Header is null && shared.TryGetValue((record.SourceName, record.Source, record.Offset), out var header)) record = record with { Header = header };
            yield return (record, Text(reader, 11), Text(reader, 12));
        }
    }

    public void Dispose() => _query.Dispose();

    /// <summary>The headers of transfers of which not every row keeps it, because there are so many or it is so large.</summary>
    private Dictionary<(string SourceName, TopicPartition Source, long Offset), byte[]> SharedHeaders(QuarantineFilter filter)
    {
        var headers = new Dictionary<(string, TopicPartition, long), byte[]>();
        using var reader = _query.Read(
            $"""
            SELECT split_part(id, '/', 1), _topic, _partition, _offset, any_value(header) FROM q
            WHERE header IS NOT NULL AND (_topic, _partition, _offset) IN (SELECT (_topic, _partition, _offset) FROM q WHERE header IS NULL AND _position >= 0 AND {filter.Where()})
            GROUP BY ALL
            """);
        while (reader.Read()) headers[(reader.GetString(0), new TopicPartition(reader.GetString(1), reader.GetInt32(2)), reader.GetInt64(3))] = Bytes(reader, 4)!;
        return headers;
    }

    private static string? Text(DuckDBDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static byte[]? Bytes(DuckDBDataReader reader, int column)
    {
        if (reader.IsDBNull(column)) return null;
        using var stream = reader.GetStream(column);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
