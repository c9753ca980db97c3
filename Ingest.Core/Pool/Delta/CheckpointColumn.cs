using Parquet;
using Parquet.Schema;

namespace Ingest.Core.Pool.Delta;

/// <summary>One or more columns of a checkpoint's row group.</summary>
internal interface ICheckpointColumn
{
    /// <summary>Writes what was set of so many rows.</summary>
    Task WriteAsync(ParquetRowGroupWriter group, int rows, CancellationToken cancellation);

    /// <summary>Reads all of a row group.</summary>
    ValueTask ReadAsync(ParquetRowGroupReader group, CancellationToken cancellation);

    /// <summary>Forgets all rows.</summary>
    void Clear();
}

/// <summary>
/// A column of a checkpoint's row group as Parquet stores it: the values that are set, and for each entry how much of its path is set (definition level) and whether it goes on with the row before
/// (repetition level). Filled row by row to be written, or read whole and walked. Its memory is used for one row group after the other.
/// </summary>
/// <param name="field">Null for a column that the file lacks: all of it is null.</param>
internal sealed class CheckpointColumn<T>(DataField? field) : ICheckpointColumn where T : struct
{
    private readonly int _set = field?.MaxDefinitionLevel ?? 0;
    private readonly bool _isRepeated = field?.MaxRepetitionLevel > 0;
    private T[] _values = [];
    private int[] _definitions = [];
    private int[] _repetitions = [];
    private int _valueCount;
    private int _entryCount;
    private int _rows;
    private int _value;
    private int _entry;

    /// <summary>Whether any row has a value.</summary>
    public bool HasValues => _valueCount > 0;

    /// <summary>Sets the value of a row; rows before it that were not set are null. Of a repeated column, one value after the other.</summary>
    public void Set(int row, T value)
    {
        Entry(row, _set);
        if (_valueCount == _values.Length) Array.Resize(ref _values, Math.Max(64, _valueCount * 2));
        _values[_valueCount++] = value;
    }

    /// <summary>The same, or null where there is none.</summary>
    public void Set(int row, T? value)
    {
        if (value is { } set) Set(row, set);
        else SetNull(row, 1);
    }

    /// <summary>Sets an entry whose path is set but for so many levels.</summary>
    public void SetNull(int row, int levels) => Entry(row, _set - levels);

    public Task WriteAsync(ParquetRowGroupWriter group, int rows, CancellationToken cancellation)
    {
        Pad(rows);
        return group.WriteAllPartsAsync<T>(field!, _values.AsMemory(0, _valueCount), _definitions.AsMemory(0, _entryCount), _isRepeated ? _repetitions.AsMemory(0, _entryCount) : (ReadOnlyMemory<int>?)null, cancellation);
    }

    public async ValueTask ReadAsync(ParquetRowGroupReader group, CancellationToken cancellation)
    {
        Clear();
        _rows = checked((int)group.RowCount);
        if (field is null) return;
        var entries = checked((int)(group.GetMetadata(field)?.MetaData?.NumValues ?? throw new InvalidDataException($"The checkpoint lacks column {field.Path}.")));
        if (_values.Length < entries) _values = new T[entries];
        if (_definitions.Length < entries) _definitions = new int[entries];
        if (_isRepeated && _repetitions.Length < entries) _repetitions = new int[entries];
        await group.ReadRawAsync(field, _values.AsMemory(0, entries), _set > 0 ? _definitions.AsMemory(0, entries) : (Memory<int>?)null, _isRepeated ? _repetitions.AsMemory(0, entries) : (Memory<int>?)null, cancellation);
        if (_set == 0) _definitions.AsSpan(0, entries).Clear();
        (_entryCount, _valueCount) = (entries, _set == 0 ? entries : _definitions.AsSpan(0, entries).Count(_set));
        var rows = _isRepeated ? _repetitions.AsSpan(0, entries).Count(0) : entries;
        if (rows != _rows) throw new InvalidDataException($"Column {field.Path} of the checkpoint has {rows} rows of {_rows}.");
    }

    /// <summary>Goes to the next row of a column that is not repeated; null when it is not set there.</summary>
    public T? Next() => field is not null && _definitions[_entry++] == _set ? _values[_value++] : null;

    /// <summary>Goes to the next entry of the row: at the row's beginning to its first. False when there is none.</summary>
    /// <param name="value">Null when the entry is not set.</param>
    public bool TryNext(bool isFirst, out T? value)
    {
        value = null;
        if (field is null || _entry >= _entryCount || _repetitions[_entry] == 0 != isFirst) return false;
        if (_definitions[_entry++] == _set) value = _values[_value++];
        return true;
    }

    public void Clear()
    {
        // What the values point to is not to be kept alive.
        _values.AsSpan(0, _valueCount).Clear();
        (_valueCount, _entryCount, _rows, _value, _entry) = (0, 0, 0, 0, 0);
    }

    private void Entry(int row, int definition)
    {
        Pad(row);
        var repeats = row < _rows;
        Room();
        _definitions[_entryCount] = definition;
        _repetitions[_entryCount++] = repeats ? 1 : 0;
        _rows = row + 1;
    }

    private void Pad(int rows)
    {
        for (; _rows < rows; _rows++)
        {
            Room();
            (_definitions[_entryCount], _repetitions[_entryCount]) = (0, 0);
            _entryCount++;
        }
    }

    private void Room()
    {
        if (_entryCount < _definitions.Length) return;
        Array.Resize(ref _definitions, Math.Max(64, _entryCount * 2));
        Array.Resize(ref _repetitions, _definitions.Length);
    }
}
