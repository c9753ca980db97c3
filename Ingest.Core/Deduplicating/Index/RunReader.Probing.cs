using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>Looking up a sorted batch: bounds, directory, filter, and inside the block by interpolation.</summary>
internal sealed unsafe partial class RunReader
{
    /// <summary>Blocks that are looked into together, so that the misses of their filters overlap.</summary>
    private const int SegmentsAhead = 32;

    /// <summary>Keys that are looked up together, so that the misses of their places overlap.</summary>
    private const int KeysAhead = 128;

    /// <summary>Pages touched, at most, before who bounds memory is told: the system maps sixteen for each, so 32 MiB.</summary>
    private const int TouchedMax = 512;

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

        Span<Segment> segments = stackalloc Segment[SegmentsAhead];
        Span<Candidate> candidates = stackalloc Candidate[KeysAhead];
        var directory = new DirectoryWalk(this);
        var touched = 0;
        fixed (UInt128* key = keys)
        {
            while (next < end)
            {
                var limit = Math.Min(end, next + KeysAhead);
                var count = 0;
                while (next < limit && count < SegmentsAhead)
                {
                    ref var segment = ref segments[count++];
                    next = directory.Take(key, next, limit, out segment);
                    if (_geometry.FilterWords > 0) FetchFilter(key, ref segment);
                }

                var passed = PassFilter(key, present, segments[..count], candidates);
                foreach (ref var candidate in candidates[..passed]) FetchPlace(keys, segments, ref candidate);
                LookUp(keys, segments, candidates[..passed], present, contents);
                touched += count + passed;
                if (touched < TouchedMax) continue;
                MappedFile.Tell();
                touched = 0;
            }
        }
    }

    private void FetchFilter(UInt128* keys, ref Segment segment)
    {
        var page = FilterPageOf(segment.Block);
        segment.Filter = (nint)FilterOf(page, segment.Block);
        if (!IsVerified(page))
        {
            FetchPage(page);
            return;
        }

        if (!Sse.IsSupported) return;
        var filter = (ulong*)segment.Filter;
        var words = _geometry.FilterWords;
        for (var row = segment.From; row < segment.To; row++) Sse.Prefetch0(filter + RunFilter.WordOf((ulong)keys[row], words));
    }

    /// <summary>Lists the keys that may be here. Without a branch on what the filter says: it could not be foretold.</summary>
    private int PassFilter(UInt128* keys, ReadOnlySpan<bool> present, ReadOnlySpan<Segment> segments, Span<Candidate> passed)
    {
        var words = _geometry.FilterWords;
        fixed (bool* marked = present)
        fixed (Candidate* first = passed)
        {
            var next = first;
            for (var at = 0; at < segments.Length; at++)
            {
                ref readonly var segment = ref segments[at];
                if (words > 0) Ensure(FilterPageOf(segment.Block));
                var filter = (byte*)segment.Filter;
                var begins = segment.First;
                for (var (row, end) = (segment.From, segment.To); row < end; row++)
                {
                    next->Row = row;
                    next->Segment = at;
                    var low = (ulong)keys[row];
                    // Where a block begins with the key's very half, the key may as well stand in a block before it: the filter of this one says nothing.
                    var may = words == 0 || RunFilter.Holds(ReadUInt64(filter + (RunFilter.WordOf(low, words) * sizeof(ulong))), low) | (KeyHalf.High(keys[row]) == begins);
                    next += may & !marked[row] ? 1 : 0;
                }
            }

            return (int)(next - first);
        }
    }

    /// <summary>Guesses where in its block a key would be.</summary>
    private void FetchPlace(ReadOnlySpan<UInt128> keys, ReadOnlySpan<Segment> segments, ref Candidate candidate)
    {
        ref readonly var segment = ref segments[candidate.Segment];
        candidate.Guess = Guess(KeyHalf.High(keys[candidate.Row]), segment.First, segment.Next, _geometry.KeysIn(segment.Block));
        var page = _geometry.FilterPages + segment.Block;
        if (!IsVerified(page)) FetchPage(page);
        else if (Sse.IsSupported) Sse.Prefetch0(BlockStart(segment.Block) + (candidate.Guess * RunGeometry.KeyBytes));
    }

    private void LookUp(ReadOnlySpan<UInt128> keys, ReadOnlySpan<Segment> segments, ReadOnlySpan<Candidate> candidates, Span<bool> present, Span<UInt128> contents)
    {
        foreach (ref readonly var candidate in candidates)
        {
            ref readonly var key = ref keys[candidate.Row];
            var (block, guess) = (segments[candidate.Segment].Block, candidate.Guess);
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

    /// <summary>Multiplies by the reciprocal of <see cref="RunGeometry.BlocksPerFilterPage"/>: dividing took half the time of a lookup.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long FilterPageOf(long block) => _filterReciprocal == 0 ? block : (long)Math.BigMul((ulong)block, _filterReciprocal, out _);

    /// <summary>The first filter word of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* FilterOf(long page, long block) =>
        _start + (page * _geometry.BlockBytes) + ((block - (page * _geometry.BlocksPerFilterPage)) * _geometry.FilterWords * sizeof(ulong));

    /// <summary>A page that was never touched is likely still on disk, and reading it takes as long as a thousand lookups: begin now.</summary>
    private void FetchPage(long page) => _file.Fetch(_geometry.PageOffset(page), _geometry.PageBytes(page));

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

    /// <summary>Keys of a batch, one after another, that can be in the same block.</summary>
    private struct Segment
    {
        /// <summary>Of the keys: the first, and the one after the last.</summary>
        public int From, To;

        /// <summary>The one block in which they can be.</summary>
        public long Block;

        /// <summary>High halves between which the keys of the block lie.</summary>
        public ulong First, Next;

        /// <summary>Address of the block's filter words.</summary>
        public nint Filter;
    }

    /// <summary>A key that may be here.</summary>
    private struct Candidate
    {
        /// <summary>Of the key.</summary>
        public int Row;

        /// <summary>Among those that are looked into together.</summary>
        public int Segment;

        /// <summary>About where in the block.</summary>
        public int Guess;
    }
}
