using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>Looking up a sorted batch: filter, directory, and inside the block by interpolation.</summary>
internal sealed unsafe partial class RunReader
{
    /// <summary>Keys whose places are fetched into the cache together, so that their misses overlap.</summary>
    private const int Ahead = 32;

    /// <summary>
    /// Marks the keys that this run holds in <paramref name="present"/> and sets their contents. Keys already marked are passed over.
    /// </summary>
    /// <param name="keys">Ascending.</param>
    /// <param name="contents">Identity mode: one a key; else empty.</param>
    /// <param name="survivors">Scratch of at least as many entries as keys.</param>
    public void Probe(ReadOnlySpan<UInt128> keys, Span<bool> present, Span<UInt128> contents, Span<int> survivors)
    {
        var count = _geometry.FilterPages > 0 ? PassFilter(keys, present, survivors) : PassBounds(keys, present, survivors);
        Search(keys, survivors[..count], present, contents);
    }

    private int PassBounds(ReadOnlySpan<UInt128> keys, ReadOnlySpan<bool> present, Span<int> survivors)
    {
        var count = 0;
        for (var i = 0; i < keys.Length; i++)
        {
            if (!present[i] && keys[i] >= Lowest && keys[i] <= Highest) survivors[count++] = i;
        }

        return count;
    }

    private int PassFilter(ReadOnlySpan<UInt128> keys, ReadOnlySpan<bool> present, Span<int> survivors)
    {
        var lowest = KeyHalf.High(Lowest);
        var span = KeyHalf.High(Highest) - lowest;
        var filter = _filter;
        var count = 0;
        var page = -1L;
        byte* words = null;
        for (var i = 0; i < keys.Length; i++)
        {
            var high = KeyHalf.High(keys[i]);
            if (high - lowest > span || present[i]) continue;
            var (at, word) = filter.Locate(high);
            if (at != page)
            {
                Ensure(at);
                page = at;
                words = _start + (at * _geometry.BlockBytes);
            }

            var bits = RunFilter.Bits((ulong)keys[i]);
            survivors[count] = i;
            if ((ReadUInt64(words + (word * sizeof(ulong))) & bits) == bits) count++;
        }

        return count;
    }

    private void Search(ReadOnlySpan<UInt128> keys, ReadOnlySpan<int> survivors, Span<bool> present, Span<UInt128> contents)
    {
        Span<long> blocks = stackalloc long[Ahead];
        Span<int> guesses = stackalloc int[Ahead];
        var block = 0L;
        for (var done = 0; done < survivors.Length; done += Ahead)
        {
            var group = survivors.Slice(done, Math.Min(Ahead, survivors.Length - done));
            for (var i = 0; i < group.Length; i++)
            {
                block = Advance(block, KeyHalf.High(keys[group[i]]));
                blocks[i] = block;
                guesses[i] = Guess(block, KeyHalf.High(keys[group[i]]));
                if (Sse.IsSupported) Sse.Prefetch0(BlockStart(block) + (guesses[i] * RunGeometry.KeyBytes));
            }

            for (var i = 0; i < group.Length; i++) Lookup(keys[group[i]], group[i], blocks[i], guesses[i], present, contents);
        }
    }

    private void Lookup(UInt128 key, int row, long block, int guess, Span<bool> present, Span<UInt128> contents)
    {
        Ensure(_geometry.FilterPages + block);
        // Blocks that begin with the same high half cannot be told apart by the directory: go back to the one that begins at or below the key.
        while (block > 0 && KeyAt(block, 0) > key)
        {
            block--;
            guess = 0;
            Ensure(_geometry.FilterPages + block);
        }

        var at = Find(block, guess, key);
        if (at < 0) return;
        present[row] = true;
        if (_geometry.ValueBytes == 0) return;
        contents[row] = BinaryPrimitives.ReadUInt128BigEndian(new ReadOnlySpan<byte>(BlockStart(block) + ((_geometry.KeysIn(block) + at) * RunGeometry.KeyBytes), RunGeometry.KeyBytes));
    }

    /// <summary>Index of the key in the block, walking from a guess that is a few keys off; -1 when it is not there.</summary>
    private int Find(long block, int guess, UInt128 key)
    {
        var start = BlockStart(block);
        var count = _geometry.KeysIn(block);
        var high = KeyHalf.High(key);
        while (guess > 0 && HighAt(start, guess) >= high) guess--;
        while (guess < count && HighAt(start, guess) < high) guess++;
        for (; guess < count && HighAt(start, guess) == high; guess++)
        {
            if (ReadUInt64(start + (guess * RunGeometry.KeyBytes) + sizeof(ulong)) == (ulong)key) return guess;
        }

        return -1;
    }

    /// <summary>The last block whose first key's high half is at most <paramref name="high"/> (or block 0), galloping from one that is known not to be beyond it.</summary>
    private long Advance(long from, ulong high)
    {
        var step = 1L;
        var low = from;
        while (low + step < _geometry.Blocks && DirectoryEntry(low + step) <= high)
        {
            low += step;
            step *= 2;
        }

        var above = Math.Min(low + step, _geometry.Blocks);
        while (above - low > 1)
        {
            var middle = low + ((above - low) / 2);
            if (DirectoryEntry(middle) <= high) low = middle;
            else above = middle;
        }

        return low;
    }

    private int Guess(long block, ulong high)
    {
        var first = DirectoryEntry(block);
        if (high <= first) return 0;
        var next = block + 1 < _geometry.Blocks ? DirectoryEntry(block + 1) : KeyHalf.High(Highest);
        var count = _geometry.KeysIn(block);
        return high >= next ? count - 1 : Math.Min(count - 1, (int)((double)(high - first) / (next - first) * count));
    }

    private ulong DirectoryEntry(long block)
    {
        var page = block / _geometry.WordsPerPage;
        var number = _geometry.FilterPages + _geometry.Blocks + page;
        Ensure(number);
        return ReadUInt64(_start + _geometry.PageOffset(number) + ((block - (page * _geometry.WordsPerPage)) * sizeof(ulong)));
    }

    private bool PassesFilter(UInt128 key)
    {
        if (_geometry.FilterPages == 0) return true;
        if (key < Lowest || key > Highest) return false;
        var (page, word) = _filter.Locate(KeyHalf.High(key));
        var bits = RunFilter.Bits((ulong)key);
        return (ReadUInt64(_start + (page * _geometry.BlockBytes) + (word * sizeof(ulong))) & bits) == bits;
    }

    private UInt128 KeyAt(long block, int index) =>
        BinaryPrimitives.ReadUInt128BigEndian(new ReadOnlySpan<byte>(BlockStart(block) + (index * RunGeometry.KeyBytes), RunGeometry.KeyBytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong HighAt(byte* block, int index) => ReadUInt64(block + (index * RunGeometry.KeyBytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReadUInt64(byte* at) => BinaryPrimitives.ReadUInt64BigEndian(new ReadOnlySpan<byte>(at, sizeof(ulong)));
}
