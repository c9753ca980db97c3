using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Apache.Arrow;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Parquet;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>
/// Data files without Parquet: names and values one after the other. Encoding a Parquet file costs more than everything else in a simulated commit, and has tests of its own;
/// some histories use it all the same.
/// </summary>
internal static class PlainFiles
{
    public static DataFileFormat Format { get; } = new(EncodeAsync, ReadAsync, WriteAsync);

    /// <summary>Columns of a file, as text; null for null.</summary>
    public static Dictionary<string, string?[]> Decode(byte[] content)
    {
        // The mark at the end: a file that was cut off has none.
        if (content.Length < 12 || !content.AsSpan(^4..).SequenceEqual(content.AsSpan(0, 4))) throw new InvalidDataException("The file is not whole.");
        using var reader = new BinaryReader(new MemoryStream(content, writable: false));
        var (rows, columns) = (reader.ReadInt32(), reader.ReadInt32());
        var decoded = new Dictionary<string, string?[]>(columns, StringComparer.Ordinal);
        for (var c = 0; c < columns; c++)
        {
            var name = reader.ReadString();
            var values = new string?[rows];
            for (var i = 0; i < rows; i++) values[i] = reader.ReadBoolean() ? reader.ReadString() : null;
            decoded.Add(name, values);
        }

        if (reader.BaseStream.Position != content.Length - 4) throw new InvalidDataException("The file is not whole.");
        return decoded;
    }

    private static ValueTask<EncodedFile> EncodeAsync(DatasetPlan plan, PartitionBatch batch, Guid id, CancellationToken cancellation)
    {
        var content = new MemoryStream();
        using (var writer = new BinaryWriter(content, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(batch.RowCount);
            writer.Write(batch.Batch.ColumnCount);
            for (var c = 0; c < batch.Batch.ColumnCount; c++)
            {
                writer.Write(batch.Batch.Schema.GetFieldByIndex(c).Name);
                for (var i = 0; i < batch.RowCount; i++)
                {
                    var value = Text(batch.Batch.Column(c), i);
                    writer.Write(value is not null);
                    if (value is not null) writer.Write(value);
                }
            }

            writer.Write(batch.RowCount);
        }

        var sum = UInt128.Zero;
        foreach (var key in batch.Keys) sum += key;
        var path = TableLayout.NewFile(PartitionPath.Folder(TableSchema.PartitionColumns(plan), batch.Values), id);
        var bytes = MemoryPool<byte>.Shared.Rent((int)content.Length);
        content.GetBuffer().AsSpan(0, (int)content.Length).CopyTo(bytes.Memory.Span);
        return new(new EncodedFile(new DataFile(path, batch.Values, content.Length, batch.RowCount, sum, $"{{\"numRecords\":{batch.RowCount}}}"), bytes));
    }

    private static string Text(ColumnVector vector, int row) => vector switch
    {
        BytesVector bytes => Encoding.UTF8.GetString(bytes[row]),
        FixedVector<int> ints => ints.Values[row].ToString(System.Globalization.CultureInfo.InvariantCulture),
        FixedVector<long> longs => longs.Values[row].ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"No simulated dataset has a {vector.GetType()}."),
    };

    private static string? Text(IArrowArray array, int row) => array switch
    {
        RunEndEncodedArray runs => Text(runs.Values, runs.FindPhysicalIndex(row)),
        _ when array.IsNull(row) => null,
        BinaryArray bytes => Encoding.UTF8.GetString(bytes.GetBytes(row)),
        Int32Array ints => ints.Values[row].ToString(System.Globalization.CultureInfo.InvariantCulture),
        Int64Array longs => longs.Values[row].ToString(System.Globalization.CultureInfo.InvariantCulture),
        TimestampArray times => times.Values[row].ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"No simulated dataset has a {array.GetType()}."),
    };

    private static async IAsyncEnumerable<NormalizedRecords> ReadAsync(
        Stream content, DatasetPlan plan, IReadOnlyDictionary<string, string?> partitionValues, NormalizedRecords into, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await ValueTask.CompletedTask;
        using var copy = new MemoryStream();
        content.CopyTo(copy);
        var columns = Decode(copy.ToArray());
        var rows = columns[SystemColumns.Topic].Length;
        into.SetCount(into.Count + rows);
        foreach (var column in plan.Columns)
            Fill(into.Columns[column.Ordinal], partitionValues.TryGetValue(column.Name, out var value) ? [.. Enumerable.Repeat(value, rows)] : columns[column.Name]);
        Fill(into.Rescued, columns[SystemColumns.Rescued]);
        yield return into;
    }

    private static ValueTask<string> WriteAsync(
        StoredTable table, Stream content, NormalizedRecords records, ReadOnlyMemory<int> rows, int groupRows, long groupBytesMax, Func<ValueTask> pace, CancellationToken cancellation)
    {
        using var writer = new BinaryWriter(content, Encoding.UTF8, leaveOpen: true);
        writer.Write(rows.Length);
        writer.Write(table.Columns.Length);
        foreach (var column in table.Columns)
        {
            writer.Write(column.Name);
            var vector = column.Ordinal < 0 ? records.Rescued : records.Columns[column.Ordinal];
            foreach (var row in rows.Span)
            {
                writer.Write(vector.Valid[row] != 0);
                if (vector.Valid[row] != 0) writer.Write(Text(vector, row));
            }
        }

        writer.Write(rows.Length);
        return new($"{{\"numRecords\":{rows.Length}}}");
    }

    private static void Fill(ColumnVector vector, string?[] values)
    {
        foreach (var value in values)
        {
            if (value is null) vector.AppendNull();
            else if (vector is BytesVector bytes) bytes.Append(Encoding.UTF8.GetBytes(value));
            else if (vector is FixedVector<int> ints) ints.Append(int.Parse(value, System.Globalization.CultureInfo.InvariantCulture));
            else ((FixedVector<long>)vector).Append(long.Parse(value, System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
