using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using Apache.Arrow;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Writes one Arrow array as one Parquet column chunk: values without the nulls, and one definition level a row.</summary>
internal static class ColumnChunkWriter
{
    public static async Task WriteAsync(ParquetRowGroupWriter group, DataField field, IArrowArray array, int start, int count, CancellationToken cancellation)
    {
        var levels = ArrayPool<int>.Shared.Rent(count);
        try
        {
            var present = Levels(array, start, levels.AsSpan(0, count));
            await WriteValuesAsync(group, field, array, start, levels.AsMemory(0, count), present, cancellation);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(levels);
        }
    }

    private static Task WriteValuesAsync(ParquetRowGroupWriter group, DataField field, IArrowArray array, int start, ReadOnlyMemory<int> levels, int present, CancellationToken cancellation) => array switch
    {
        BinaryArray bytes => PutAsync<ReadOnlyMemory<byte>>(group, field, levels, present, (to, l) => GatherBytes(bytes, start, l, to), cancellation),
        Date32Array or Int32Array => PutAsync<int>(group, field, levels, present, (to, l) => Gather(Values<int>(array)[start..], l, to), cancellation),
        TimestampArray or Int64Array => PutAsync<long>(group, field, levels, present, (to, l) => Gather(Values<long>(array)[start..], l, to), cancellation),
        DoubleArray => PutAsync<double>(group, field, levels, present, (to, l) => Gather(Values<double>(array)[start..], l, to), cancellation),
        BooleanArray booleans => PutAsync<bool>(group, field, levels, present, (to, l) => GatherBooleans(booleans, start, l, to), cancellation),
        Decimal128Array { Precision: <= 9 } => PutAsync<int>(group, field, levels, present, (to, l) => GatherNarrow(Values<Int128>(array)[start..], l, to, static v => (int)v), cancellation),
        Decimal128Array { Precision: <= 18 } => PutAsync<long>(group, field, levels, present, (to, l) => GatherNarrow(Values<Int128>(array)[start..], l, to, static v => (long)v), cancellation),
        Decimal128Array wide => PutAsync<BigDecimal>(group, field, levels, present, (to, l) => GatherNarrow(Values<Int128>(array)[start..], l, to, v => new BigDecimal((BigInteger)v, wide.Precision, wide.Scale)), cancellation),
        _ => throw new InvalidOperationException($"No Parquet encoding for {array.Data.DataType}."),
    };

    private delegate void GatherInto<T>(Span<T> to, ReadOnlySpan<int> levels);

    private static async Task PutAsync<T>(ParquetRowGroupWriter group, DataField field, ReadOnlyMemory<int> levels, int present, GatherInto<T> gather, CancellationToken cancellation) where T : struct
    {
        var values = ArrayPool<T>.Shared.Rent(Math.Max(1, present));
        try
        {
            gather(values.AsSpan(0, present), levels.Span);
            await group.WriteAllPartsAsync<T>(field, values.AsMemory(0, present), levels, null, cancellation);
        }
        finally
        {
            ArrayPool<T>.Shared.Return(values, clearArray: System.Runtime.CompilerServices.RuntimeHelpers.IsReferenceOrContainsReferences<T>());
        }
    }

    /// <summary>1 for a value and 0 for null; returns the number of values.</summary>
    private static int Levels(IArrowArray array, int start, Span<int> levels)
    {
        if (array.NullCount == 0)
        {
            levels.Fill(1);
            return levels.Length;
        }

        var bitmap = array.Data.Buffers[0].Span;
        var present = 0;
        for (var i = 0; i < levels.Length; i++)
        {
            var bit = (bitmap[(start + i) >> 3] >> ((start + i) & 7)) & 1;
            levels[i] = bit;
            present += bit;
        }

        return present;
    }

    private static ReadOnlySpan<T> Values<T>(IArrowArray array) where T : struct => MemoryMarshal.Cast<byte, T>(array.Data.Buffers[1].Span);

    private static void Gather<T>(ReadOnlySpan<T> from, ReadOnlySpan<int> levels, Span<T> to)
    {
        if (to.Length == levels.Length)
        {
            from[..to.Length].CopyTo(to);
            return;
        }

        var next = 0;
        for (var i = 0; i < levels.Length; i++)
        {
            if (levels[i] != 0) to[next++] = from[i];
        }
    }

    private static void GatherNarrow<T>(ReadOnlySpan<Int128> from, ReadOnlySpan<int> levels, Span<T> to, Func<Int128, T> narrow)
    {
        var next = 0;
        for (var i = 0; i < levels.Length; i++)
        {
            if (levels[i] != 0) to[next++] = narrow(from[i]);
        }
    }

    private static void GatherBooleans(BooleanArray from, int start, ReadOnlySpan<int> levels, Span<bool> to)
    {
        var bits = from.Data.Buffers[1].Span;
        var next = 0;
        for (var i = 0; i < levels.Length; i++)
        {
            if (levels[i] != 0) to[next++] = ((bits[(start + i) >> 3] >> ((start + i) & 7)) & 1) != 0;
        }
    }

    private static void GatherBytes(BinaryArray from, int start, ReadOnlySpan<int> levels, Span<ReadOnlyMemory<byte>> to)
    {
        var data = from.Data.Buffers[2].Memory;
        var offsets = from.ValueOffsets[start..];
        var next = 0;
        for (var i = 0; i < levels.Length; i++)
        {
            if (levels[i] != 0) to[next++] = data[offsets[i]..offsets[i + 1]];
        }
    }
}
