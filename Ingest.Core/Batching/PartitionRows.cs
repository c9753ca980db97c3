using Apache.Arrow;
using Apache.Arrow.Types;

namespace Ingest.Core.Batching;

/// <summary>Rows taken out of a sealed batch, when another worker has committed equal ones first. A rare path: clear rather than fast.</summary>
public static class PartitionRows
{
    /// <summary>The same batch without the rows marked true.</summary>
    public static PartitionBatch Without(PartitionBatch batch, ReadOnlySpan<bool> drop)
    {
        var keep = new List<int>(batch.RowCount);
        for (var row = 0; row < batch.RowCount; row++)
        {
            if (!drop[row]) keep.Add(row);
        }

        var arrays = batch.Batch.Arrays.Select(a => Take(a, keep)).ToArray();
        return batch with
        {
            Memory = null,
            Batch = new RecordBatch(batch.Batch.Schema, arrays, keep.Count),
            Keys = [.. keep.Select(r => batch.Keys[r])],
            Contents = batch.Contents.Length == 0 ? [] : [.. keep.Select(r => batch.Contents[r])],
            Ranges = [.. keep.Select(r => batch.Ranges[r])],
        };
    }

    private static IArrowArray Take(IArrowArray array, List<int> keep)
    {
        if (array is RunEndEncodedArray encoded) return Take(encoded, keep);
        var data = array.Data;
        var valid = new byte[(keep.Count + 7) / 8];
        var nulls = 0;
        for (var i = 0; i < keep.Count; i++)
        {
            if (array.IsNull(keep[i])) nulls++;
            else valid[i >> 3] |= (byte)(1 << (i & 7));
        }

        var validity = new ArrowBuffer(valid);
        ArrowBuffer[] buffers = array switch
        {
            BooleanArray => [validity, Bits(data.Buffers[1], keep)],
            BinaryArray binary => [validity, .. Bytes(binary, keep)],
            _ => [validity, Fixed(data.Buffers[1], ((FixedWidthType)data.DataType).BitWidth / 8, keep)],
        };
        return ArrowArrayFactory.BuildArray(new ArrayData(data.DataType, keep.Count, nulls, 0, buffers));
    }

    private static RunEndEncodedArray Take(RunEndEncodedArray array, List<int> keep)
    {
        var (ends, runs) = (new List<int>(), new List<int>());
        for (var i = 0; i < keep.Count; i++)
        {
            var run = array.FindPhysicalIndex(keep[i]);
            if (runs.Count == 0 || runs[^1] != run)
            {
                runs.Add(run);
                ends.Add(i);
            }

            ends[^1] = i + 1;
        }

        return new RunEndEncodedArray(new Int32Array.Builder().AppendRange(ends).Build(), Take(array.Values, runs));
    }

    private static ArrowBuffer Bits(ArrowBuffer from, List<int> keep)
    {
        var bits = new byte[(keep.Count + 7) / 8];
        for (var i = 0; i < keep.Count; i++)
        {
            if ((from.Span[keep[i] >> 3] >> (keep[i] & 7) & 1) != 0) bits[i >> 3] |= (byte)(1 << (i & 7));
        }

        return new ArrowBuffer(bits);
    }

    private static ArrowBuffer[] Bytes(BinaryArray from, List<int> keep)
    {
        var offsets = new int[keep.Count + 1];
        for (var i = 0; i < keep.Count; i++) offsets[i + 1] = offsets[i] + from.GetValueLength(keep[i]);
        var data = new byte[offsets[^1]];
        for (var i = 0; i < keep.Count; i++)
        {
            var start = from.ValueOffsets[keep[i]];
            from.Values.Slice(start, from.ValueOffsets[keep[i] + 1] - start).CopyTo(data.AsSpan(offsets[i]));
        }

        return [new ArrowBuffer(new ArrayBytes<int>(offsets).Memory), new ArrowBuffer(data)];
    }

    private static ArrowBuffer Fixed(ArrowBuffer from, int width, List<int> keep)
    {
        var values = new byte[keep.Count * width];
        for (var i = 0; i < keep.Count; i++) from.Span.Slice(keep[i] * width, width).CopyTo(values.AsSpan(i * width));
        return new ArrowBuffer(values);
    }
}
