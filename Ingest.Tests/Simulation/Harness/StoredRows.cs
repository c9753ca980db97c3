using System.Globalization;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Transfers;
using Parquet;
using Parquet.Schema;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>A row of a table as an independent reader sees it.</summary>
/// <param name="Version">The log entry that first had it; -1 when that is not asked.</param>
internal sealed record StoredRow(long Version, string Department, Place Place, IReadOnlyDictionary<string, string?> Values);

/// <summary>Reads the rows of data files, without the service's own reader.</summary>
internal static class StoredRows
{
    public static IEnumerable<StoredRow> Read(byte[] content, string department, bool isParquet)
    {
        var columns = isParquet ? ReadParquet(content) : PlainFiles.Decode(content);
        var rows = columns[SystemColumns.Topic].Length;
        for (var i = 0; i < rows; i++)
        {
            var source = new TopicPartition(columns[SystemColumns.Topic][i]!, Number(columns[SystemColumns.Partition][i]));
            var place = new Place(source, long.Parse(columns[SystemColumns.Offset][i]!, CultureInfo.InvariantCulture), Number(columns[SystemColumns.Position][i]));
            yield return new StoredRow(-1, department, place, columns.ToDictionary(c => c.Key, c => c.Value[i], StringComparer.Ordinal));
        }
    }

    private static int Number(string? text) => int.Parse(text!, CultureInfo.InvariantCulture);

    private static Dictionary<string, string?[]> ReadParquet(byte[] content) => ReadParquetAsync(content).AsTask().GetAwaiter().GetResult();

    private static async ValueTask<Dictionary<string, string?[]>> ReadParquetAsync(byte[] content)
    {
        using var stream = new MemoryStream(content, writable: false);
        await using var reader = await ParquetReader.CreateAsync(stream, null, leaveStreamOpen: true, CancellationToken.None);
        var columns = new Dictionary<string, string?[]>(StringComparer.Ordinal);
        foreach (var field in reader.Schema.GetDataFields())
        {
            var values = new List<string?>();
            for (var g = 0; g < reader.RowGroupCount; g++)
            {
                var group = reader.OpenRowGroupReader(g);
                if (field is DateTimeDataField || field.ClrType == typeof(long)) values.AddRange(await ReadAsync<long>(group, field.Name, ColumnType.Long, static v => v.ToString(CultureInfo.InvariantCulture)));
                else if (field.ClrType == typeof(int)) values.AddRange(await ReadAsync<int>(group, field.Name, ColumnType.Int, static v => v.ToString(CultureInfo.InvariantCulture)));
                else values.AddRange(await ReadAsync<ReadOnlyMemory<byte>>(group, field.Name, ColumnType.String, static v => Encoding.UTF8.GetString(v.Span)));
            }

            columns.Add(field.Name, [.. values]);
        }

        return columns;
    }

    private static async ValueTask<IEnumerable<string?>> ReadAsync<T>(ParquetRowGroupReader group, string name, ColumnType type, Func<T, string> text) where T : struct
    {
        var field = FileColumns.Physical(name, type, 0, 0);
        _ = new ParquetSchema(field);
        var rows = (int)group.RowCount;
        var values = new T[rows];
        var levels = new int[rows];
        await group.ReadRawAsync<T>(field, values, levels, null, CancellationToken.None);
        var next = 0;
        return levels.Select(l => l == 0 ? null : text(values[next++])).ToArray();
    }
}
