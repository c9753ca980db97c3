using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// Reads a data file of ours back into column vectors, by physical type, as <see cref="FileColumns"/> wrote it. Columns that the file does not have are null;
/// partition columns come from the log.
/// </summary>
public sealed class DataFileReader : IAsyncDisposable
{
    private readonly ParquetReader _reader;
    private readonly DatasetPlan _plan;
    private readonly IReadOnlyDictionary<string, string?> _partitionValues;
    private readonly HashSet<string> _present;
    private readonly Dictionary<string, DataField> _physical;

    private DataFileReader(ParquetReader reader, DatasetPlan plan, IReadOnlyDictionary<string, string?> partitionValues)
    {
        _reader = reader;
        _plan = plan;
        _partitionValues = partitionValues;
        _present = reader.Schema.GetDataFields().Select(f => f.Name).ToHashSet(StringComparer.Ordinal);

        // As in writing, a column is asked for by its physical type: fields of a schema of our own, found in the file by name.
        var physical = plan.Columns.Select(c => FileColumns.Physical(c.Name, c.Type, c.Precision, c.Scale)).Append(FileColumns.Physical(SystemColumns.Rescued, ColumnType.String, 0, 0)).ToArray();
        _ = new ParquetSchema(physical);
        _physical = physical.ToDictionary(f => f.Name, StringComparer.Ordinal);
    }

    public int RowGroups => _reader.RowGroupCount;

    /// <exception cref="InvalidDataException">This is not a Parquet file, or it is damaged.</exception>
    public static async ValueTask<DataFileReader> OpenAsync(Stream content, DatasetPlan plan, IReadOnlyDictionary<string, string?> partitionValues, CancellationToken cancellation)
    {
        try
        {
            return new DataFileReader(await ParquetReader.CreateAsync(content, new ParquetOptions { UseBigDecimal = true }, leaveStreamOpen: true, cancellation), plan, partitionValues);
        }
        catch (Exception damaged) when (ParquetDamage.IsOfContent(damaged))
        {
            throw new InvalidDataException($"This is not a readable Parquet file: {damaged.Message}", damaged);
        }
    }

    /// <summary>Fills the vectors with a row group's rows.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public ValueTask ReadAsync(int rowGroup, NormalizedRecords into, CancellationToken cancellation)
    {
        into.Clear();
        return AppendAsync(rowGroup, into, cancellation);
    }

    /// <summary>Adds a row group's rows to those that the vectors hold.</summary>
    /// <exception cref="InvalidDataException">The file is damaged; what the vectors hold then is to be forgotten.</exception>
    public async ValueTask AppendAsync(int rowGroup, NormalizedRecords into, CancellationToken cancellation)
    {
        try
        {
            await AppendGroupAsync(rowGroup, into, cancellation);
        }
        catch (Exception damaged) when (ParquetDamage.IsOfContent(damaged))
        {
            throw new InvalidDataException($"Its row group {rowGroup} cannot be read: {damaged.Message}", damaged);
        }
    }

    private async ValueTask AppendGroupAsync(int rowGroup, NormalizedRecords into, CancellationToken cancellation)
    {
        var group = _reader.OpenRowGroupReader(rowGroup);
        var rows = (int)group.RowCount;
        into.SetCount(into.Count + rows);
        foreach (var column in _plan.Columns)
        {
            var vector = into.Columns[column.Ordinal];
            if (_partitionValues.TryGetValue(column.Name, out var value)) Repeat(vector, column, value, rows);
            else await ReadColumnAsync(group, column.Name, vector, rows, cancellation);
        }

        await ReadColumnAsync(group, SystemColumns.Rescued, into.Rescued, rows, cancellation);
    }

    public ValueTask DisposeAsync() => _reader.DisposeAsync();

    private ValueTask ReadColumnAsync(ParquetRowGroupReader group, string name, ColumnVector vector, int rows, CancellationToken cancellation)
    {
        if (!_present.Contains(name))
        {
            for (var i = 0; i < rows; i++) vector.AppendNull();
            return ValueTask.CompletedTask;
        }

        var field = _physical[name];
        return vector switch
        {
            BytesVector bytes => ReadAsync<ReadOnlyMemory<byte>>(group, field, rows, (values, levels) => Append(bytes, values, levels), cancellation),
            FixedVector<int> ints => ReadAsync<int>(group, field, rows, (values, levels) => Append(ints, values, levels), cancellation),
            FixedVector<long> longs when field.ClrType == typeof(int) => ReadAsync<int>(group, field, rows, (values, levels) => Append(longs, values, levels, v => v), cancellation),
            FixedVector<long> longs => ReadAsync<long>(group, field, rows, (values, levels) => Append(longs, values, levels), cancellation),
            FixedVector<double> doubles => ReadAsync<double>(group, field, rows, (values, levels) => Append(doubles, values, levels), cancellation),
            FixedVector<byte> booleans => ReadAsync<bool>(group, field, rows, (values, levels) => Append(booleans, values, levels, v => v ? (byte)1 : (byte)0), cancellation),
            FixedVector<Int128> wide => ReadAsync<BigDecimal>(group, field, rows, (values, levels) => Append(wide, values, levels, v => (Int128)v.UnscaledValue), cancellation),
            _ => throw new InvalidOperationException($"No way to read {vector.GetType()}."),
        };
    }

    /// <summary>Takes the values of a column, without the nulls, and one definition level a row.</summary>
    private delegate void Taken<T>(ReadOnlySpan<T> values, ReadOnlySpan<int> levels);

    private static async ValueTask ReadAsync<T>(ParquetRowGroupReader group, DataField field, int rows, Taken<T> taken, CancellationToken cancellation) where T : struct
    {
        var values = ArrayPool<T>.Shared.Rent(rows);
        var levels = ArrayPool<int>.Shared.Rent(rows);
        try
        {
            await group.ReadRawAsync<T>(field, values.AsMemory(0, rows), levels.AsMemory(0, rows), null, cancellation);
            taken(values.AsSpan(0, rows), levels.AsSpan(0, rows));
        }
        finally
        {
            ArrayPool<T>.Shared.Return(values, RuntimeHelpers.IsReferenceOrContainsReferences<T>());
            ArrayPool<int>.Shared.Return(levels);
        }
    }

    private static void Append(BytesVector vector, ReadOnlySpan<ReadOnlyMemory<byte>> values, ReadOnlySpan<int> levels)
    {
        vector.Reserve(vector.Count + levels.Length);
        var next = 0;
        foreach (var level in levels)
        {
            if (level != 0) vector.Append(values[next++].Span);
            else vector.AppendNull();
        }
    }

    private static void Append<T>(FixedVector<T> vector, ReadOnlySpan<T> values, ReadOnlySpan<int> levels) where T : unmanaged
    {
        if (levels.Contains(0))
        {
            Append(vector, values, levels, v => v);
            return;
        }

        var (at, count) = (vector.Count, vector.Count + levels.Length);
        vector.Reserve(count);
        values[..levels.Length].CopyTo(vector.Values.AsSpan(at));
        vector.Valid.AsSpan(at, levels.Length).Fill(1);
        vector.SetCount(count);
    }

    private static void Append<TFrom, T>(FixedVector<T> vector, ReadOnlySpan<TFrom> values, ReadOnlySpan<int> levels, Func<TFrom, T> convert) where T : unmanaged
    {
        vector.Reserve(vector.Count + levels.Length);
        var next = 0;
        foreach (var level in levels)
        {
            if (level != 0) vector.Append(convert(values[next++]));
            else vector.AppendNull();
        }
    }

    private static void Repeat(ColumnVector vector, ColumnPlan column, string? value, int rows)
    {
        for (var i = 0; i < rows; i++)
        {
            if (value is null)
            {
                vector.AppendNull();
                continue;
            }

            switch (vector)
            {
                case BytesVector bytes: bytes.Append(Encoding.UTF8.GetBytes(value)); break;
                case FixedVector<byte> booleans: booleans.Append(value == "true" ? (byte)1 : (byte)0); break;
                case FixedVector<int> days when column.Type == ColumnType.Date: days.Append(DateOnly.ParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture).DayNumber - new DateOnly(1970, 1, 1).DayNumber); break;
                case FixedVector<int> ints: ints.Append(int.Parse(value, CultureInfo.InvariantCulture)); break;
                case FixedVector<long> longs: longs.Append(long.Parse(value, CultureInfo.InvariantCulture)); break;
                default: throw new InvalidOperationException($"No partition value of type {column.Type}.");
            }
        }
    }
}
