using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Apache.Arrow;

namespace Ingest.Core.Pool.Parquet;

/// <summary>The values of Arrow arrays as they lie in memory. Arrays have no offset; ours never do.</summary>
internal static class ArrowValues
{
    public static ReadOnlySpan<T> Of<T>(IArrowArray array) where T : struct => MemoryMarshal.Cast<byte, T>(array.Data.Buffers[1].Span);

    /// <summary>A value of a fixed width of at most 8 bytes as Parquet stores it: integers and narrow decimals as they are, doubles by their bits.</summary>
    public static long Integer(IArrowArray array, int row) => array switch
    {
        Int32Array or Date32Array => Of<int>(array)[row],
        _ => Of<long>(array)[row],
    };

    /// <summary>The same for chosen rows; all from <paramref name="start"/> on when none are named.</summary>
    public static void Gather(IArrowArray array, int start, ReadOnlySpan<int> rows, Span<long> to)
    {
        switch (array)
        {
            case Int32Array or Date32Array: Gather(Of<int>(array), start, rows, to, static v => v); break;
            default:
                var values = Of<long>(array);
                if (rows.IsEmpty) values.Slice(start, to.Length).CopyTo(to);
                else Gather(values, start, rows, to, static v => v);
                break;
        }
    }

    /// <summary>Where the values lie: of a run-end encoded array the values of its runs.</summary>
    public static IArrowArray Stored(IArrowArray array) => array is RunEndEncodedArray runs ? runs.Values : array;

    /// <summary>For each row from <paramref name="start"/> on the run it belongs to.</summary>
    public static void FindRuns(RunEndEncodedArray array, int start, Span<int> to)
    {
        var ends = Of<int>(array.RunEnds);
        var run = array.FindPhysicalIndex(start);
        for (var i = 0; i < to.Length; run++)
        {
            var end = Math.Min(to.Length, ends[run] - start);
            to[i..end].Fill(run);
            i = end;
        }
    }

    public static void WriteBigEndian(Int128 value, Span<byte> to)
    {
        Span<byte> whole = stackalloc byte[16];
        BinaryPrimitives.WriteInt128BigEndian(whole, value);
        whole[^to.Length..].CopyTo(to);
    }

    private static void Gather<T>(ReadOnlySpan<T> values, int start, ReadOnlySpan<int> rows, Span<long> to, Func<T, long> widen)
    {
        if (rows.IsEmpty)
        {
            for (var i = 0; i < to.Length; i++) to[i] = widen(values[start + i]);
        }
        else
        {
            for (var i = 0; i < rows.Length; i++) to[i] = widen(values[rows[i]]);
        }
    }
}
