using System.Numerics;
using System.Runtime.InteropServices;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// The distinct values of a column chunk, numbered in the order in which they come, and for each value its number. Gives up as soon as the values turn out to be too
/// many for a dictionary to pay. Buffers are used again; not thread-safe.
/// </summary>
internal sealed class ValueDictionary
{
    private const int EntriesMax = 1 << 15;

    // After so many entries, or a quarter as many as there are values, at least every second value must have been there before: until all of some thousand names have come once, most are new.
    private const int EntriesFree = 256, FreeQuarter = 4;

    // Where each column begins, however large others were: all slots in use are cleared first.
    private const int FirstSlots = 1024;

    private int[] _slots = new int[FirstSlots];
    private int _slotCount;
    private int[] _entries = new int[256];
    private int[] _numbers = [];
    private uint[] _hashes = new uint[256];
    private int _shift;
    private int _entriesFree;

    public int Count { get; private set; }

    /// <summary>Position of each entry's first value.</summary>
    public ReadOnlySpan<int> Entries => _entries.AsSpan(0, Count);

    /// <summary>The number of each value; as many as were given.</summary>
    public ReadOnlySpan<int> Numbers(int count) => _numbers.AsSpan(0, count);

    /// <summary>False: too many different values.</summary>
    public bool TryFill(ReadOnlySpan<long> values)
    {
        Start(values.Length);
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0 && values[i] == values[i - 1])
            {
                _numbers[i] = _numbers[i - 1];
                continue;
            }

            var hash = (uint)(((ulong)values[i] * 0x9E3779B97F4A7C15) >> 32);
            var slot = hash >> _shift;
            int entry;
            while ((entry = _slots[slot] - 1) >= 0 && values[_entries[entry]] != values[i]) slot = (slot + 1) & (uint)(_slotCount - 1);
            if (entry < 0 && (entry = Add(slot, hash, i)) < 0) return false;
            _numbers[i] = entry;
        }

        return true;
    }

    /// <summary>False: too many different values.</summary>
    public bool TryFill(ReadOnlySpan<byte> data, ReadOnlySpan<int> starts, ReadOnlySpan<int> ends)
    {
        Start(starts.Length);
        for (var i = 0; i < starts.Length; i++)
        {
            var value = data[starts[i]..ends[i]];
            if (i > 0 && value.SequenceEqual(data[starts[i - 1]..ends[i - 1]]))
            {
                _numbers[i] = _numbers[i - 1];
                continue;
            }

            var hash = Hash(value);
            var slot = hash >> _shift;
            int entry;
            while ((entry = _slots[slot] - 1) >= 0 && (_hashes[entry] != hash || !value.SequenceEqual(data[starts[_entries[entry]]..ends[_entries[entry]]]))) slot = (slot + 1) & (uint)(_slotCount - 1);
            if (entry < 0 && (entry = Add(slot, hash, i)) < 0) return false;
            _numbers[i] = entry;
        }

        return true;
    }

    private void Start(int values)
    {
        Count = 0;
        _entriesFree = Math.Max(EntriesFree, values / FreeQuarter);
        Clear(FirstSlots);
        if (_numbers.Length < values) _numbers = new int[Math.Max(values, _numbers.Length * 2)];
    }

    /// <summary>The new entry's number; -1 when there are too many.</summary>
    private int Add(uint slot, uint hash, int position)
    {
        if (Count == EntriesMax || (Count >= _entriesFree && Count > position / 2)) return -1;
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Count * 2);
            Array.Resize(ref _hashes, Count * 2);
        }

        _entries[Count] = position;
        _hashes[Count] = hash;
        _slots[slot] = ++Count;
        if (Count > _slotCount / 2) Widen();
        return Count - 1;
    }

    private void Clear(int slots)
    {
        if (_slots.Length < slots) _slots = new int[slots];
        else Array.Clear(_slots, 0, slots);
        _slotCount = slots;
        _shift = 32 - BitOperations.Log2((uint)slots);
    }

    private void Widen()
    {
        Clear(_slotCount * 4);
        for (var entry = 0; entry < Count; entry++)
        {
            var slot = _hashes[entry] >> _shift;
            while (_slots[slot] != 0) slot = (slot + 1) & (uint)(_slotCount - 1);
            _slots[slot] = entry + 1;
        }
    }

    /// <summary>Eight bytes at a time; it only has to spread what people write into columns, since equal hashes are compared.</summary>
    private static uint Hash(ReadOnlySpan<byte> value)
    {
        const ulong Prime = 0x9E3779B97F4A7C15;
        var hash = (ulong)value.Length * Prime;
        while (value.Length >= 8)
        {
            hash = BitOperations.RotateLeft((hash ^ MemoryMarshal.Read<ulong>(value)) * Prime, 29);
            value = value[8..];
        }

        ulong tail = 0;
        foreach (var b in value) tail = (tail << 8) | b;
        return (uint)(((hash ^ tail) * Prime) >> 32);
    }
}
