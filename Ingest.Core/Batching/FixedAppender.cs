using System.Runtime.CompilerServices;
using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>Columns whose chunk vector already has Arrow's width.</summary>
internal sealed class FixedAppender<T>(IArrowType type) : ColumnAppender where T : unmanaged
{
    private readonly NativeBuffer<T> _values = new();

    public override long Bytes => _values.Bytes + ValidBytes;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        var from = (FixedVector<T>)vector;
        _values.Reserve((long)Count + rows.Length);
        var values = from.Values;
        var to = _values.Values.Slice(Count, rows.Length);
        for (var i = 0; i < rows.Length; i++) to[i] = values[rows[i]];
        AppendValid(from.Valid, rows);
    }

    public override void Release()
    {
        _values.Release();
        ReleaseValid();
    }

    public override IArrowArray Seal() => ArrowArrayFactory.BuildArray(Data(type, ValidityBitmap(), new ArrowBuffer(_values.Memory[..(Count * Unsafe.SizeOf<T>())])));
}
