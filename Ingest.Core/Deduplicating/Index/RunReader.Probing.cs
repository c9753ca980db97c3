using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>Looking up a sorted batch: bounds, directory, filter, and inside the block by interpolation.</summary>
internal sealed unsafe partial class RunReader
{
    /// <summary>Keys whose places are fetched into the cache together, so that their misses overlap.</summary>
    private const int Ahead = 32;

    /// <summary>Keys walked past from a guess before the search halves what is left.</summary>
    private const int WalkMax = 16;

    /// <summary>
    /// Marks the keys that this run holds in <paramref name="present"/> and sets their contents. Keys already marked are passed over.
    /// </summary>
    /// <param name="keys">Ascending. Those outside the run's bounds cost nothing.</param>
    /// <param name="contents">Identity mode: one a key; else empty.</param>
    public void Probe(ReadOnlySpan<UInt128> keys, Span<bool> present, Span<UInt128> contents)
    {
        var next = CountBelow(keys, Lowest);
        var end = Highest == UInt128.MaxValue ? keys.Length : CountBelow(keys, Highest + 1);
        if (next >= end) return;

        Span<Candidate> asked = stackalloc Candidate[Ahead];
        Span<Candidate> passed = stackalloc Candidate[2 * Ahead];
        var directory = new DirectoryWalk(this);
        var passedCount = 0;
        while (next < end)
        {
            var count = 0;
            for (; next < end && count < Ahead; next++)
            {
                if (present[next]) continue;
                ref var candidate = ref asked[count++];
                candidate.Row = next;
                directory.Advance(KeyHalf.High(keys[next]), ref candidate);
                if (_geometry.FilterWords > 0) FetchFilter(ref candidate, (ulong)keys[next]);
            }

            passedCount = PassFilter(keys, asked[..count], passed, passedCount);
            if (passedCount < Ahead) continue;
            LookUp(keys, passed[..passedCount], present, contents);
            passedCount = 0;
        }

        LookUp(keys, passed[..passedCount], present, contents);
    }

    /// <summary>Appends those that may be here to <paramref name="passed"/>, with a guess at their place in the block, which is being fetched from then on.</summary>
    private int PassFilter(ReadOnlySpan<UInt128> keys, scoped ReadOnlySpan<Candidate> asked, scoped Span<Candidate> passed, int count)
    {
        var hasFilter = _geometry.FilterWords > 0;
        foreach (ref readonly var candidate in asked)
        {
            ref readonly var key = ref keys[candidate.Row];
            var high = KeyHalf.High(key);
            if (hasFilter)
            {
                // Where a block begins with the key's very half, the key may as well stand in a block before it: the filter of this one says nothing.
                Ensure(candidate.FilterPage);
                var bits = RunFilter.Bits((ulong)key);
                if ((ReadUInt64((byte*)candidate.FilterWord) & bits) != bits && candidate.First != high) continue;
            }

            ref var survivor = ref passed[count++];
            survivor = candidate;
            survivor.Guess = Guess(high, candidate.First, candidate.Next, _geometry.KeysIn(candidate.Block));
            Fetch(_geometry.FilterPages + candidate.Block, BlockStart(candidate.Block) + (survivor.Guess * RunGeometry.KeyBytes));
        }

        return count;
    }

    private void LookUp(ReadOnlySpan<UInt128> keys, ReadOnlySpan<Candidate> candidates, Span<bool> present, Span<UInt128> contents)
    {
        foreach (ref readonly var candidate in candidates)
        {
            ref readonly var key = ref keys[candidate.Row];
            var (block, guess) = (candidate.Block, candidate.Guess);
            Ensure(_geometry.FilterPages + block);
            if (KeyHalf.High(key) == HighAt(BlockStart(block), 0) && KeyAt(block, 0) > key) (block, guess) = (LastBeginningAtMost(key, block), 0);
            var at = Find(block, guess, key);
            if (at < 0) continue;
            present[candidate.Row] = true;
            if (_geometry.ValueBytes == 0) continue;
            contents[candidate.Row] = BinaryPrimitives.ReadUInt128BigEndian(
                new ReadOnlySpan<byte>(BlockStart(block) + ((_geometry.KeysIn(block) + at) * RunGeometry.KeyBytes), RunGeometry.KeyBytes));
        }
    }

    /// <summary>Blocks that begin with the same high half cannot be told apart by the directory: the last before <paramref name="above"/> that begins at or below the key.</summary>
    private long LastBeginningAtMost(UInt128 key, long above)
    {
        var low = 0L;
        while (above - low > 1)
        {
            var middle = low + ((above - low) / 2);
            Ensure(_geometry.FilterPages + middle);
            if (KeyAt(middle, 0) <= key) low = middle;
            else above = middle;
        }

        Ensure(_geometry.FilterPages + low);
        return low;
    }

    /// <summary>Index of the key in the block, walking from a guess that is a few keys off; -1 when it is not there.</summary>
    private int Find(long block, int guess, UInt128 key)
    {
        var start = BlockStart(block);
        var count = _geometry.KeysIn(block);
        var high = KeyHalf.High(key);
        for (var at = FirstAtLeast(start, count, guess, high); at < count && HighAt(start, at) == high; at++)
        {
            if (ReadUInt64(start + (at * RunGeometry.KeyBytes) + sizeof(ulong)) == (ulong)key) return at;
        }

        return -1;
    }

    private static int FirstAtLeast(byte* start, int count, int guess, ulong high)
    {
        int low, above;
        if (HighAt(start, guess) < high)
        {
            above = count;
            low = guess + 1;
            for (var end = Math.Min(count, low + WalkMax); low < end; low++)
            {
                if (HighAt(start, low) >= high) return low;
            }
        }
        else
        {
            low = 0;
            above = guess;
            for (var end = Math.Max(0, above - WalkMax); above > end; above--)
            {
                if (HighAt(start, above - 1) < high) return above;
            }
        }

        while (low < above)
        {
            var middle = (low + above) >>> 1;
            if (HighAt(start, middle) < high) low = middle + 1;
            else above = middle;
        }

        return low;
    }

    private static int Guess(ulong high, ulong first, ulong next, int count)
    {
        if (high <= first) return 0;
        return high >= next ? count - 1 : Math.Min(count - 1, (int)((double)(high - first) / (next - first) * count));
    }

    private bool PassesFilter(long block, ulong low)
    {
        var candidate = new Candidate { Block = block };
        LocateFilter(ref candidate, low);
        Ensure(candidate.FilterPage);
        var bits = RunFilter.Bits(low);
        return (ReadUInt64((byte*)candidate.FilterWord) & bits) == bits;
    }

    private void FetchFilter(ref Candidate candidate, ulong low)
    {
        LocateFilter(ref candidate, low);
        Fetch(candidate.FilterPage, (byte*)candidate.FilterWord);
    }

    /// <summary>Multiplies by the reciprocal of <see cref="RunGeometry.BlocksPerFilterPage"/>: dividing took half the time of a lookup.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LocateFilter(ref Candidate candidate, ulong low)
    {
        var page = _filterReciprocal == 0 ? candidate.Block : (long)Math.BigMul((ulong)candidate.Block, _filterReciprocal, out _);
        var place = (int)(candidate.Block - (page * _geometry.BlocksPerFilterPage));
        var word = (place * _geometry.FilterWords) + RunFilter.WordOf(low, _geometry.FilterWords);
        candidate.FilterPage = page;
        candidate.FilterWord = (nint)(_start + (page * _geometry.BlockBytes) + (word * sizeof(ulong)));
    }

    /// <summary>A page that was never touched is likely still on disk, and reading it takes as long as a thousand lookups: begin now.</summary>
    private void Fetch(long page, byte* place)
    {
        if (!IsVerified(page)) PageAdvice.Fetch(_start + _geometry.PageOffset(page), _geometry.PageBytes(page));
        else if (Sse.IsSupported) Sse.Prefetch0(place);
    }

    private UInt128 KeyAt(long block, int index) =>
        BinaryPrimitives.ReadUInt128BigEndian(new ReadOnlySpan<byte>(BlockStart(block) + (index * RunGeometry.KeyBytes), RunGeometry.KeyBytes));

    /// <summary>How many of the sorted keys are below a bound.</summary>
    private static int CountBelow(ReadOnlySpan<UInt128> keys, UInt128 bound)
    {
        var (low, above) = (0, keys.Length);
        while (low < above)
        {
            var middle = (low + above) >>> 1;
            if (keys[middle] < bound) low = middle + 1;
            else above = middle;
        }

        return low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong HighAt(byte* block, int index) => ReadUInt64(block + (index * RunGeometry.KeyBytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReadUInt64(byte* at) => BinaryPrimitives.ReadUInt64BigEndian(new ReadOnlySpan<byte>(at, sizeof(ulong)));

    /// <summary>A key that is being looked up, and what is known so far of where it can be.</summary>
    private struct Candidate
    {
        /// <summary>Of the key.</summary>
        public int Row;

        /// <summary>About where in the block.</summary>
        public int Guess;

        /// <summary>The one block in which it can be.</summary>
        public long Block;

        /// <summary>High halves between which the keys of the block lie.</summary>
        public ulong First, Next;

        public long FilterPage;

        /// <summary>Address of the filter word that decides.</summary>
        public nint FilterWord;
    }
}
