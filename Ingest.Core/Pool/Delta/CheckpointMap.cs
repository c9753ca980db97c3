using System.Collections.Immutable;
using Parquet;
using Parquet.Schema;

namespace Ingest.Core.Pool.Delta;

/// <summary>The two columns of a map. Rows come in order of their files' paths, so a row's map is often that of the row before, and is then the same object.</summary>
internal sealed class CheckpointMap(DataField? key, DataField? value) : ICheckpointColumn
{
    private static readonly ImmutableSortedDictionary<string, string?> s_empty = ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal);

    private readonly CheckpointColumn<ReadOnlyMemory<char>> _keys = new(key);
    private readonly CheckpointColumn<ReadOnlyMemory<char>> _values = new(value);
    private readonly List<(ReadOnlyMemory<char> Key, ReadOnlyMemory<char>? Value)> _row = [];
    private readonly List<(string Key, string? Value)> _before = [];
    private ImmutableSortedDictionary<string, string?> _last = s_empty;

    /// <summary>Sets the map of a row, which may be empty.</summary>
    public void Set(int row, ImmutableSortedDictionary<string, string?> map)
    {
        if (map.IsEmpty)
        {
            // The map is set, and no entry of it.
            _keys.SetNull(row, 1);
            _values.SetNull(row, 2);
        }

        foreach (var (name, text) in map)
        {
            _keys.Set(row, name.AsMemory());
            if (text is null) _values.SetNull(row, 1);
            else _values.Set(row, text.AsMemory());
        }
    }

    public async Task WriteAsync(ParquetRowGroupWriter group, int rows, CancellationToken cancellation)
    {
        await _keys.WriteAsync(group, rows, cancellation);
        await _values.WriteAsync(group, rows, cancellation);
    }

    public async ValueTask ReadAsync(ParquetRowGroupReader group, CancellationToken cancellation)
    {
        await _keys.ReadAsync(group, cancellation);
        await _values.ReadAsync(group, cancellation);
    }

    /// <summary>The map of the next row; empty when it is not set there.</summary>
    /// <param name="instead">What a value that is not set becomes; always the same for one map.</param>
    public ImmutableSortedDictionary<string, string?> Next(string? instead = null)
    {
        _row.Clear();
        for (var isFirst = true; _keys.TryNext(isFirst, out var name); isFirst = false)
        {
            _values.TryNext(isFirst, out var text);
            if (name is { } set) _row.Add((set, text ?? instead?.AsMemory()));
        }

        return IsBefore() ? _last : Make();
    }

    public void Clear()
    {
        _keys.Clear();
        _values.Clear();
        _row.Clear();
    }

    private bool IsBefore()
    {
        if (_row.Count != _before.Count) return false;
        for (var i = 0; i < _row.Count; i++)
        {
            if (!_row[i].Key.Span.SequenceEqual(_before[i].Key) || !IsSame(_row[i].Value, _before[i].Value)) return false;
        }

        return true;
    }

    private ImmutableSortedDictionary<string, string?> Make()
    {
        _last = s_empty;
        for (var i = 0; i < _row.Count; i++)
        {
            var known = i < _before.Count ? _before[i] : default;
            var name = known.Key is not null && _row[i].Key.Span.SequenceEqual(known.Key) ? known.Key : _row[i].Key.ToString();
            var text = IsSame(_row[i].Value, known.Value) ? known.Value : _row[i].Value?.ToString();
            if (i < _before.Count) _before[i] = (name, text);
            else _before.Add((name, text));
            _last = _last.SetItem(name, text);
        }

        if (_before.Count > _row.Count) _before.RemoveRange(_row.Count, _before.Count - _row.Count);
        return _last;
    }

    private static bool IsSame(ReadOnlyMemory<char>? text, string? known) => text is { } set ? known is not null && set.Span.SequenceEqual(known) : known is null;
}
