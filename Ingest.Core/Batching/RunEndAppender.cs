using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Types;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Batching;

/// <summary>
/// A column whose values stay the same over many rows, never null: each value once, and the row at which it ends (Arrow's run-end encoding). What a chunk brings is
/// a vector with one row, which stands for all of the chunk's.
/// </summary>
/// <param name="values">Where the values go.</param>
internal sealed class RunEndAppender(ColumnAppender values) : ColumnAppender
{
    private readonly NativeBuffer<int> _ends = new();
    private int _runs;
    private byte[] _last = [];
    private int _lastLength = -1;

    public override long Bytes => _ends.Bytes + values.Bytes;

    public override void Append(ColumnVector vector, ReadOnlySpan<int> rows)
    {
        if (rows.IsEmpty) return;
        var value = vector switch
        {
            BytesVector bytes => bytes[0],
            FixedVector<int> ints => MemoryMarshal.AsBytes(ints.Values.AsSpan(0, 1)),
            _ => throw new ArgumentException($"No run of a {vector.GetType()}.", nameof(vector)),
        };
        if (value.Length != _lastLength || !value.SequenceEqual(_last.AsSpan(0, _lastLength))) Begin(vector, value);
        AppendValid(rows.Length);
        _ends.Values[_runs - 1] = Count;
    }

    public override void Release()
    {
        _ends.Release();
        values.Release();
        ReleaseValid();
    }

    public override IArrowArray Seal() =>
        new RunEndEncodedArray(ArrowArrayFactory.BuildArray(new ArrayData(Int32Type.Default, _runs, 0, 0, [ArrowBuffer.Empty, new ArrowBuffer(_ends.Memory[..(_runs * sizeof(int))])])), values.Seal());

    private void Begin(ColumnVector vector, ReadOnlySpan<byte> value)
    {
        _ends.Reserve(++_runs);
        values.Append(vector, [0]);
        if (_last.Length < value.Length) _last = new byte[value.Length];
        value.CopyTo(_last);
        _lastLength = value.Length;
    }
}
