using System.Runtime.CompilerServices;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>The directory: the high half of each block's first key.</summary>
internal sealed unsafe partial class RunReader
{
    private ulong DirectoryEntry(long block)
    {
        var (words, first) = DirectoryPage(block / _geometry.WordsPerPage);
        return ReadUInt64(words + ((nint)(block - first) * sizeof(ulong)));
    }

    private (nint Words, long First) DirectoryPage(long page)
    {
        var number = _geometry.FilterPages + _geometry.Blocks + page;
        Ensure(number);
        return ((nint)(_start + _geometry.PageOffset(number)), page * _geometry.WordsPerPage);
    }

    /// <summary>Goes through the directory with ascending keys; knows the page it is on.</summary>
    private ref struct DirectoryWalk(RunReader run)
    {
        private readonly RunReader _run = run;
        private readonly long _blocks = run._geometry.Blocks;
        private readonly int _wordsPerPage = run._geometry.WordsPerPage;
        private nint _words;
        private long _first = long.MaxValue;
        private long _block;

        /// <summary>The last block whose first key's high half is at most <paramref name="high"/> (or block 0). Never goes back.</summary>
        public long Advance(ulong high)
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

            return _block = low;
        }

        /// <summary>The high halves between which a block's keys lie.</summary>
        public (ulong First, ulong Next) Bounds(long block) => (Entry(block), block + 1 < _blocks ? Entry(block + 1) : KeyHalf.High(_run.Highest));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private ulong Entry(long block)
        {
            if ((ulong)(block - _first) >= (ulong)_wordsPerPage) (_words, _first) = _run.DirectoryPage(block / _wordsPerPage);
            return ReadUInt64(_words + ((nint)(block - _first) * sizeof(ulong)));
        }
    }
}
