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
    private readonly ulong[] _filter;
    private long _blocks;
    private long _filterPages;
    private int _filterOfBlock;
    private int _inBlock;
    private int _blockKeys;
    private int _inDirectory;
    private long _keys;
    private UInt128 _last;
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
        _filter = new ulong[geometry.WordsPerPage];
    }

    /// <summary>Adds the next keys, which ascend and are above all before, with their contents where the run has contents.</summary>
    /// <param name="contents">Identity mode: one a key; else empty.</param>
    public void Add(ReadOnlySpan<UInt128> keys, ReadOnlySpan<UInt128> contents)
    {
        // Ascending from the lowest, and ended at the highest by Finish: no key is out of bounds.
        if (keys.Length > _geometry.Keys - _keys || (_keys == 0 && keys.Length > 0 && keys[0] != _lowest))
            throw new ArgumentException($"{keys.Length} keys after {_keys} are not what the run was begun for.", nameof(keys));
        while (keys.Length > 0)
        {
            if (_inBlock == 0) BeginBlock(keys[0]);
            var taken = Math.Min(keys.Length, _blockKeys - _inBlock);
            AddToBlock(keys[..taken]);
            keys = keys[taken..];
            if (_geometry.ValueBytes > 0)
            {
                Write(_block.AsSpan((_blockKeys + _inBlock) * RunGeometry.KeyBytes), contents[..taken]);
                contents = contents[taken..];
            }

            _keys += taken;
            _inBlock += taken;
            if (_inBlock < _blockKeys) return;
            WritePage(_geometry.FilterPages + _blocks++, _block);
            _inBlock = 0;
        }
    }

    /// <summary>Writes what is left and the trailer.</summary>
    public RunDescriptor Finish(string name)
    {
        if (_keys != _geometry.Keys || _last != _highest)
            throw new InvalidOperationException($"Run '{name}' was begun for {_geometry.Keys} keys up to {_highest:x32} and got {_keys}.");
        if (_inDirectory > 0) WritePage(_geometry.Pages - 1, _directory);
        while (_filterPages < _geometry.FilterPages) WriteFilterPage();
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

    private void BeginBlock(UInt128 first)
    {
        _blockKeys = _geometry.KeysIn(_blocks);
        AddToDirectory(KeyHalf.High(first));
        if (_geometry.FilterWords == 0) return;
        var (page, place) = Math.DivRem(_blocks, _geometry.BlocksPerFilterPage);
        while (_filterPages < page) WriteFilterPage();
        _filterOfBlock = (int)place * _geometry.FilterWords;
    }

    private void AddToBlock(ReadOnlySpan<UInt128> keys)
    {
        var (last, sum) = (_last, _sum);
        if (_keys > 0 && keys[0] <= last) throw NotAscending(last, keys[0]);
        sum += last = keys[0];
        for (var i = 1; i < keys.Length; i++)
        {
            ref readonly var key = ref keys[i];
            if (key <= last) throw NotAscending(last, key);
            last = key;
            sum += key;
        }

        (_last, _sum) = (last, sum);
        Write(_block.AsSpan(_inBlock * RunGeometry.KeyBytes), keys);
        if (_geometry.FilterWords == 0) return;
        var filter = _filter.AsSpan(_filterOfBlock, _geometry.FilterWords);
        foreach (ref readonly var key in keys)
        {
            var low = (ulong)key;
            filter[RunFilter.WordOf(low, filter.Length)] |= RunFilter.Bits(low);
        }
    }

    private static void Write(Span<byte> at, ReadOnlySpan<UInt128> values)
    {
        at = at[..(values.Length * RunGeometry.KeyBytes)];
        for (var i = 0; i < values.Length; i++)
        {
            ref readonly var value = ref values[i];
            BinaryPrimitives.WriteUInt64BigEndian(at[(i * RunGeometry.KeyBytes)..], KeyHalf.High(value));
            BinaryPrimitives.WriteUInt64BigEndian(at[((i * RunGeometry.KeyBytes) + sizeof(ulong))..], (ulong)value);
        }
    }

    private ArgumentException NotAscending(UInt128 last, UInt128 key) =>
        new($"Key {key:x32} follows {last:x32}: the keys of a run ascend, and none stands twice.");

    private void WriteFilterPage()
    {
        for (var i = 0; i < _filter.Length; i++) BinaryPrimitives.WriteUInt64BigEndian(_filterPage.AsSpan(i * sizeof(ulong)), _filter[i]);
        WritePage(_filterPages++, _filterPage);
        Array.Clear(_filter);
    }

    /// <summary>Seals a page with a checksum seeded with its number, so that a page in another's place is found too, and clears it for the next.</summary>
    private void WritePage(long number, byte[] page)
    {
        var bytes = page.AsSpan(0, _geometry.PageBytes(number));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[^RunGeometry.ChecksumBytes..], XxHash3.HashToUInt64(bytes[..^RunGeometry.ChecksumBytes], number));
        _sink(_geometry.PageOffset(number), bytes);
        Array.Clear(page);
    }
}
