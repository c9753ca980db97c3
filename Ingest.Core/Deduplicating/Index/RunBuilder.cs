using System.Buffers.Binary;
using System.IO.Hashing;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>Takes a finished piece of a run, to be written at an offset of the file. Each byte of the file is given exactly once.</summary>
internal delegate void RunSink(long offset, ReadOnlySpan<byte> piece);

/// <summary>
/// Writes a run from ascending keys in one pass and in constant memory: three pages. Number, lowest and highest key must be known beforehand,
/// which they are: a batch has been sorted, and a merge knows its inputs.
/// </summary>
internal sealed class RunBuilder
{
    private readonly RunSink _sink;
    private readonly RunGeometry _geometry;
    private readonly UInt128 _lowest;
    private readonly UInt128 _highest;
    private readonly byte[] _block;
    private readonly byte[] _directory;
    private readonly byte[] _filterPage;
    private long _blocks;
    private long _filterPages;
    private int _inBlock;
    private int _blockKeys;
    private int _inDirectory;
    private long _keys;
    private ulong _lastHigh;
    private ulong _lastLow;
    private UInt128 _sum;

    public RunBuilder(in RunGeometry geometry, UInt128 lowest, UInt128 highest, RunSink sink)
    {
        _geometry = geometry;
        _lowest = lowest;
        _highest = highest;
        _sink = sink;
        _block = new byte[geometry.BlockBytes];
        _directory = new byte[geometry.BlockBytes];
        _filterPage = new byte[geometry.BlockBytes];
    }

    /// <summary>Adds the next key, which must be above all before, with its content where the run has contents.</summary>
    public void Add(UInt128 key, UInt128 content)
    {
        // Ascending from the lowest, and ended at the highest by Finish: no key is out of bounds.
        var (high, low) = (KeyHalf.High(key), (ulong)key);
        if (high < _lastHigh || (high == _lastHigh && low <= _lastLow && _keys > 0)) throw NotAscending(key);
        if (_keys == _geometry.Keys || (_keys == 0 && key != _lowest)) throw new ArgumentException($"Key {key:x32} is not what the run was begun for.", nameof(key));
        if (_inBlock == 0)
        {
            _blockKeys = _geometry.KeysIn(_blocks);
            AddToDirectory(high);
        }

        if (_geometry.FilterWords > 0) AddToFilter(low);
        Write(_block, _inBlock, high, low);
        if (_geometry.ValueBytes > 0) Write(_block, _blockKeys + _inBlock, KeyHalf.High(content), (ulong)content);
        (_lastHigh, _lastLow) = (high, low);
        _sum += key;
        _keys++;
        if (++_inBlock < _blockKeys) return;
        WritePage(_geometry.FilterPages + _blocks++, _block);
        _inBlock = 0;
    }

    /// <summary>Writes what is left and the trailer.</summary>
    public RunDescriptor Finish(string name)
    {
        if (_keys != _geometry.Keys || new UInt128(_lastHigh, _lastLow) != _highest)
            throw new InvalidOperationException($"Run '{name}' was begun for {_geometry.Keys} keys up to {_highest:x32} and got {_keys}.");
        if (_inDirectory > 0) WritePage(_geometry.Pages - 1, _directory);
        while (_filterPages < _geometry.FilterPages) WritePage(_filterPages++, _filterPage);
        Span<byte> trailer = stackalloc byte[RunTrailer.Bytes];
        new RunTrailer(_geometry, _lowest, _highest, _sum).Write(trailer);
        _sink(_geometry.TrailerOffset, trailer);
        return new RunDescriptor(name, _keys, _sum, _geometry.FileBytes);
    }

    private void AddToDirectory(ulong high)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_directory.AsSpan(_inDirectory * sizeof(ulong)), high);
        if (++_inDirectory < _geometry.WordsPerPage) return;
        WritePage(_geometry.FilterPages + _geometry.Blocks + (_blocks / _geometry.WordsPerPage), _directory);
        _inDirectory = 0;
    }

    private void AddToFilter(ulong low)
    {
        var (page, place) = Math.DivRem(_blocks, _geometry.BlocksPerFilterPage);
        while (_filterPages < page) WritePage(_filterPages++, _filterPage);
        var word = ((int)place * _geometry.FilterWords) + RunFilter.WordOf(low, _geometry.FilterWords);
        var at = _filterPage.AsSpan(word * sizeof(ulong), sizeof(ulong));
        BinaryPrimitives.WriteUInt64BigEndian(at, BinaryPrimitives.ReadUInt64BigEndian(at) | RunFilter.Bits(low));
    }

    private static void Write(byte[] block, int entry, ulong high, ulong low)
    {
        var at = block.AsSpan(entry * RunGeometry.KeyBytes, RunGeometry.KeyBytes);
        BinaryPrimitives.WriteUInt64BigEndian(at, high);
        BinaryPrimitives.WriteUInt64BigEndian(at[sizeof(ulong)..], low);
    }

    private ArgumentException NotAscending(UInt128 key) =>
        new($"Key {key:x32} follows {new UInt128(_lastHigh, _lastLow):x32}: the keys of a run ascend, and none stands twice.", nameof(key));

    /// <summary>Seals a page with a checksum seeded with its number, so that a page in another's place is found too, and clears it for the next.</summary>
    private void WritePage(long number, byte[] page)
    {
        var bytes = page.AsSpan(0, _geometry.PageBytes(number));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[^RunGeometry.ChecksumBytes..], XxHash3.HashToUInt64(bytes[..^RunGeometry.ChecksumBytes], number));
        _sink(_geometry.PageOffset(number), bytes);
        Array.Clear(page);
    }
}
