using System.Runtime.CompilerServices;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>The directory: the high half of each block's first key.</summary>
internal sealed unsafe partial class RunReader
{
    private ulong DirectoryEntry(long block)
    {
        var (words, first) = DirectoryPage(block / _geometry.WordsPerPage);
        return ReadUInt64((byte*)words + ((nint)(block - first) * sizeof(ulong)));
    }

    private (nint Words, long First) DirectoryPage(long page)
    {
        var number = _geometry.FilterPages + _geometry.Blocks + page;
        Ensure(number);
        return ((nint)(_start + _geometry.PageOffset(number)), page * _geometry.WordsPerPage);
    }

    /// <summary>Goes through the directory with ascending keys; knows the page it is on.</summary>
    private ref struct DirectoryWalk
    {
        private readonly RunReader _run;
        private readonly long _blocks;
        private readonly int _wordsPerPage;
        private nint _words;
        private long _firstOfPage = long.MaxValue;
        private long _block;
        private ulong _first;
        private ulong _next;

        public DirectoryWalk(RunReader run)
        {
            _run = run;
            _blocks = run._geometry.Blocks;
            _wordsPerPage = run._geometry.WordsPerPage;
            (_first, _next) = (Entry(0), EntryAfter(0));
        }

        /// <summary>Takes the keys from <paramref name="from"/> on that can be in the same block: the last whose first key's high half is at most theirs (or block 0). Never goes back.</summary>
        /// <returns>The row after them, at most <paramref name="limit"/>.</returns>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Take(UInt128* keys, int from, int limit, out Segment segment)
        {
            var high = KeyHalf.High(keys[from]);
            if (high >= _next) Move(high);
            var to = limit;
            if (_block + 1 < _blocks)
            {
                var next = _next;
                to = from + 1;
                while (to < limit && KeyHalf.High(keys[to]) < next) to++;
            }

            segment = new Segment { From = from, To = to, Block = _block, First = _first, Next = _next };
            return to;
        }

        private void Move(ulong high)
        {
            var low = _block;
            var step = 1L;
            while (low + step < _blocks && Entry(low + step) <= high)
            {
                low += step;
                step *= 2;
            }

            // A step of one says that the next block lies above.
            for (var above = Math.Min(low + step, _blocks); above - low > 1;)
            {
                var middle = low + ((above - low) / 2);
                if (Entry(middle) <= high) low = middle;
                else above = middle;
            }

            if (low == _block) return;
            (_block, _first, _next) = (low, Entry(low), EntryAfter(low));
        }

        private ulong EntryAfter(long block) => block + 1 < _blocks ? Entry(block + 1) : KeyHalf.High(_run.Highest);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private ulong Entry(long block)
        {
            if ((ulong)(block - _firstOfPage) >= (ulong)_wordsPerPage) (_words, _firstOfPage) = _run.DirectoryPage(block / _wordsPerPage);
            return ReadUInt64((byte*)_words + ((nint)(block - _firstOfPage) * sizeof(ulong)));
        }
    }
}
