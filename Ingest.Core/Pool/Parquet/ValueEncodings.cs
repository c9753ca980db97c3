using System.Buffers.Binary;
using System.Numerics;

namespace Ingest.Core.Pool.Parquet;

/// <summary>The value encodings that we write besides PLAIN (parquet-format, Encodings.md). Benchmark: EncodeBenchmarks.</summary>
internal static class ValueEncodings
{
    // Shorter runs cost more as runs than as packed values.
    private const int RunMin = 16;
    private const int BlockValues = 128;
    private const int MiniblockValues = 32;

    /// <summary>RLE: runs, and packed groups of eight values between them.</summary>
    /// <param name="width">Bits of the largest value, 1 to 31.</param>
    public static void WriteHybrid(ReadOnlySpan<int> values, int width, PageBuffer to)
    {
        var pending = 0;
        for (var i = 0; i < values.Length;)
        {
            var end = RunEnd(values, i);
            if (end - i < RunMin)
            {
                i = end;
                continue;
            }

            // Packed values come in whole groups: the run lends what the last group lacks.
            var lent = -(i - pending) & 7;
            WritePacked(values[pending..(i + lent)], width, to);
            WriteRun(values[i], end - i - lent, width, to);
            i = pending = end;
        }

        WritePacked(values[pending..], width, to);
    }

    /// <summary>One run: the level of every row of a page that has no null.</summary>
    public static void WriteRun(int value, int count, int width, PageBuffer to)
    {
        to.WriteVarint((ulong)(uint)count << 1);
        for (var bits = 0; bits < width; bits += 8) to.WriteByte((byte)(value >> bits));
    }

    /// <summary>DELTA_BINARY_PACKED of 64-bit values, or of 32-bit ones held in 64 bits.</summary>
    public static void WriteDeltas(ReadOnlySpan<long> values, bool is32, PageBuffer to)
    {
        to.WriteVarint(BlockValues);
        to.WriteVarint(BlockValues / MiniblockValues);
        to.WriteVarint((ulong)values.Length);
        to.WriteZigzag(values.IsEmpty ? 0 : values[0]);
        Span<long> deltas = stackalloc long[BlockValues];
        for (var start = 1; start < values.Length; start += BlockValues)
        {
            var count = Math.Min(BlockValues, values.Length - start);
            var least = long.MaxValue;
            for (var i = 0; i < count; i++)
            {
                deltas[i] = Delta(values, start + i, is32);
                least = Math.Min(least, deltas[i]);
            }

            WriteBlock(deltas, count, least, is32, to);
        }
    }

    /// <summary>About what <see cref="WriteHybrid"/> takes, in bytes.</summary>
    public static long HybridBytes(ReadOnlySpan<int> values, int width)
    {
        const int RunHeader = 2;
        long bits = 0;
        for (var i = 0; i < values.Length;)
        {
            var end = RunEnd(values, i);
            bits += end - i < RunMin ? (long)(end - i) * width : 8 * (RunHeader + ((width + 7) / 8));
            i = end;
        }

        return bits / 8;
    }

    /// <summary>About what <see cref="WriteDeltas"/> takes, in bytes: one block in so many is measured.</summary>
    public static long DeltaBytes(ReadOnlySpan<long> values, bool is32)
    {
        const int OneIn = 8;
        long bits = 0, blocks = 0;
        for (var start = 1; start < values.Length; start += BlockValues * OneIn, blocks++)
        {
            var end = Math.Min(values.Length, start + BlockValues);
            var least = long.MaxValue;
            for (var i = start; i < end; i++) least = Math.Min(least, Delta(values, i, is32));
            bits += 8 * ((BlockValues / MiniblockValues) + sizeof(int));
            for (var first = start; first < end; first += MiniblockValues)
            {
                ulong all = 0;
                for (var i = first; i < Math.Min(end, first + MiniblockValues); i++) all |= Above(Delta(values, i, is32), least, is32);
                bits += MiniblockValues * WidthOf(all);
            }
        }

        return blocks == 0 ? 0 : bits / blocks * ((values.Length / BlockValues) + 1) / 8;
    }

    /// <summary>Bits that hold the value.</summary>
    public static int WidthOf(ulong value) => 64 - BitOperations.LeadingZeroCount(value);

    private static void WriteBlock(Span<long> deltas, int count, long least, bool is32, PageBuffer to)
    {
        Span<ulong> above = stackalloc ulong[BlockValues];
        above.Clear();
        to.WriteZigzag(least);
        Span<int> widths = stackalloc int[BlockValues / MiniblockValues];
        widths.Clear();
        for (var m = 0; m * MiniblockValues < count; m++)
        {
            ulong all = 0;
            for (var i = m * MiniblockValues; i < Math.Min(count, (m + 1) * MiniblockValues); i++)
            {
                above[i] = Above(deltas[i], least, is32);
                all |= above[i];
            }

            widths[m] = WidthOf(all);
        }

        foreach (var width in widths) to.WriteByte((byte)width);
        for (var m = 0; m * MiniblockValues < count; m++) Pack(above.Slice(m * MiniblockValues, MiniblockValues), widths[m], to);
    }

    /// <summary>Differences wrap around in the width of the type, and are summed up so again.</summary>
    private static long Delta(ReadOnlySpan<long> values, int at, bool is32)
    {
        var delta = values[at] - values[at - 1];
        return is32 ? (int)delta : delta;
    }

    private static ulong Above(long delta, long least, bool is32) => is32 ? (uint)(delta - least) : (ulong)(delta - least);

    private static int RunEnd(ReadOnlySpan<int> values, int start)
    {
        var rest = values[start..].IndexOfAnyExcept(values[start]);
        return rest < 0 ? values.Length : start + rest;
    }

    private static void WritePacked(ReadOnlySpan<int> values, int width, PageBuffer to)
    {
        if (values.IsEmpty) return;
        var groups = (values.Length + 7) / 8;
        to.WriteVarint(((ulong)(uint)groups << 1) | 1);
        Span<ulong> piece = stackalloc ulong[256];
        for (var start = 0; start < groups * 8; start += piece.Length)
        {
            var count = Math.Min(piece.Length, values.Length - start);
            for (var i = 0; i < count; i++) piece[i] = (uint)values[start + i];
            var padded = Math.Min(piece.Length, (groups * 8) - start);
            piece[count..padded].Clear();
            Pack(piece[..padded], width, to);
        }
    }

    /// <summary>Packs a multiple of eight values, least significant bit first.</summary>
    private static void Pack(ReadOnlySpan<ulong> values, int width, PageBuffer to)
    {
        if (width == 0) return;
        var bytes = to.Reserve((values.Length * width / 8) + 8);
        ulong packed = 0;
        var used = 0;
        var at = 0;
        foreach (var value in values)
        {
            packed |= value << used;
            used += width;
            if (used < 64) continue;
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], packed);
            at += 8;
            used -= 64;
            packed = used == 0 ? 0 : value >> (width - used);
        }

        if (used > 0) BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], packed);
        to.Advance(values.Length * width / 8);
    }
}
