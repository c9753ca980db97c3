using System.Runtime.CompilerServices;
using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Columns whose chunk vector already has Arrow's width.</summary>
internal sealed class FixedAppender<T>(IArrowType type) : ColumnAppender where T : unmanaged
{
    private T[] _values = [];

    public override long Bytes => ((long)_values.Length * Unsafe.SizeOf<T>()) + Valid.Length;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (FixedVector<T>)vector;
        var at = Count;
        ColumnArrays<T>.Grow(ref _values, at, at + rows.Length);
        var values = from.Values;
        var to = _values.AsSpan(at, rows.Length);
        for (var i = 0; i < rows.Length; i++) to[i] = values[rows[i]];
        AppendValid(from.Valid, rows);
    }

    /// <summary>Appends the same value so many times.</summary>
    public void AppendRepeated(T value, int count)
    {
        ColumnArrays<T>.Grow(ref _values, Count, Count + count);
        _values.AsSpan(Count, count).Fill(value);
        AppendValid(count);
    }

    public override void Release()
    {
        ColumnArrays<T>.Release(ref _values);
        ReleaseValid();
    }

    public override IArrowArray Seal() => ArrowArrayFactory.BuildArray(Data(type, ValidityBitmap(), Wrap(_values, Count)));

    /// <summary>The array's own memory as Arrow wants it: bytes.</summary>
    private static ArrowBuffer Wrap(T[] values, int count) => new(new ArrayBytes<T>(values).Memory[..(count * Unsafe.SizeOf<T>())]);
}
