using System.Text;
using System.Text.Json;
using Apache.Arrow;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// Delta's statistics of a file (Delta protocol, "Per-file Statistics"), gathered batch by batch. Missing ones are always safe, wrong ones lose rows: bounds of
/// text are cut outwards to 32 characters, bounds of instants outwards to milliseconds, everything else is exact.
/// </summary>
internal sealed class FileStatistics(Schema schema)
{
    /// <summary>As Spark: bounds for the first 32 columns only.</summary>
    private const int BoundedColumns = 32;

    private readonly ColumnBounds[] _bounds = [.. Enumerable.Range(0, Math.Min(BoundedColumns, schema.FieldsList.Count)).Select(_ => new ColumnBounds())];
    private readonly long[] _nulls = new long[schema.FieldsList.Count];

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Takes in a row group, whose encoding has found its bounds already.</summary>
    public void Add(RecordBatch batch, ChunkMetadata[] chunks)
    {
        Rows += chunks[0].Rows;
        for (var i = 0; i < _nulls.Length; i++)
        {
            _nulls[i] += chunks[i].Nulls;
            if (i < _bounds.Length && chunks[i].LeastRow >= 0) _bounds[i].Add(ArrowValues.Stored(batch.Column(i)), chunks[i].LeastRow, chunks[i].GreatestRow);
        }
    }

    public string Json()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("numRecords", Rows);
            WriteBounds(writer, "minValues", static b => b.MinJson);
            WriteBounds(writer, "maxValues", static b => b.MaxJson);
            writer.WriteStartObject("nullCount");
            for (var i = 0; i < _nulls.Length; i++) writer.WriteNumber(schema.GetFieldByIndex(i).Name, _nulls[i]);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private void WriteBounds(Utf8JsonWriter writer, string name, Func<ColumnBounds, string?> side)
    {
        writer.WriteStartObject(name);
        for (var i = 0; i < _bounds.Length; i++)
        {
            if (side(_bounds[i]) is not { } json) continue;
            writer.WritePropertyName(schema.GetFieldByIndex(i).Name);
            writer.WriteRawValue(json);
        }

        writer.WriteEndObject();
    }
}
