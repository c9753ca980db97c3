using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// An open-addressing table of fingerprints, each with a tag above 0 and, in identity mode, its content. The slots of a lookup's next keys are fetched
/// into the cache together, so that their misses overlap. Not thread-safe; arrays grow by doubling and are kept when it is cleared.
/// </summary>
internal sealed class KeyTable(bool hasContents)
{
    private const int SlotsMin = 256;

    /// <summary>Keys whose slots are fetched together.</summary>
    private const int Ahead = 16;

    private UInt128[] _keys = [];
    private UInt128[] _contents = [];

    /// <summary>0 for a free slot.</summary>
    private int[] _tags = [];

    private int _shift = 64;

    public int Count { get; private set; }

    /// <summary>Bytes of the arrays.</summary>
    public long ResidentBytes => _tags.LongLength * (sizeof(int) + (hasContents ? 32 : 16));

    public bool TryFind(UInt128 key, out UInt128 content)
    {
        content = 0;
        if (Count == 0) return false;
        var slot = SlotOf(key);
        if (slot < 0) return false;
        if (hasContents) content = _contents[slot];
        return true;
    }

    /// <summary>Marks the keys that are here, and sets their contents. Keys already marked are passed over.</summary>
    public void Probe(ReadOnlySpan<UInt128> keys, Span<bool> present, Span<UInt128> contents)
    {
        if (Count == 0) return;
        for (var done = 0; done < keys.Length; done += Ahead)
        {
            var end = Math.Min(keys.Length, done + Ahead);
            for (var i = done; i < end; i++) Fetch(Home(keys[i]));
            for (var i = done; i < end; i++)
            {
                if (present[i]) continue;
                var slot = SlotOf(keys[i]);
                if (slot < 0) continue;
                present[i] = true;
                if (hasContents) contents[i] = _contents[slot];
            }
        }
    }

    /// <summary>Adds a key; false when it is there already, which changes nothing.</summary>
    public bool TryAdd(UInt128 key, UInt128 content, int tag)
    {
        if (Count >= _tags.Length / 8 * 5) Grow();
        var slot = SlotOf(key);
        if (slot >= 0) return false;
        Set(~slot, key, content, tag);
        Count++;
        return true;
    }

    /// <summary>Adds keys with their contents (identity mode; else empty) under one tag. Returns the index of one that is there already, -1 when all were added.</summary>
    public int TryAddAll(ReadOnlySpan<UInt128> keys, ReadOnlySpan<UInt128> contents, int tag)
    {
        while (Count + keys.Length > _tags.Length / 8 * 5) Grow();
        for (var done = 0; done < keys.Length; done += Ahead)
        {
            var end = Math.Min(keys.Length, done + Ahead);
            for (var i = done; i < end; i++) Fetch(Home(keys[i]));
            for (var i = done; i < end; i++)
            {
                if (!TryAdd(keys[i], hasContents ? contents[i] : 0, tag)) return i;
            }
        }

        return -1;
    }

    /// <summary>Takes out all keys with one of these tags.</summary>
    public void Remove(HashSet<int> tags)
    {
        if (tags.Count == 0) return;
        var (first, last) = (tags.Min(), tags.Max());
        for (var slot = 0; slot < _tags.Length; slot++)
        {
            // What moves up into the gap is looked at next.
            while (_tags[slot] >= first && _tags[slot] <= last && tags.Contains(_tags[slot])) Vacate(slot);
        }
    }

    public void Clear()
    {
        Array.Clear(_tags);
        Count = 0;
    }

    private void Vacate(int gap)
    {
        var mask = _tags.Length - 1;
        for (var slot = (gap + 1) & mask; _tags[slot] != 0; slot = (slot + 1) & mask)
        {
            // A key may move into the gap when the gap lies between its home and where it is.
            var home = Home(_keys[slot]);
            if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
            Set(gap, _keys[slot], hasContents ? _contents[slot] : 0, _tags[slot]);
            gap = slot;
        }

        _tags[gap] = 0;
        Count--;
    }

    /// <summary>Of both halves, but not of the bits that may be a date.</summary>
    private int Home(in UInt128 key) => (int)(((KeyHalf.High(key) << 16) ^ (ulong)key) >> _shift);

    /// <summary>Only a hint: should the collector move the arrays meanwhile, the wrong line is fetched.</summary>
    private unsafe void Fetch(int slot)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(Unsafe.AsPointer(ref _tags[slot]));
        Sse.Prefetch0(Unsafe.AsPointer(ref _keys[slot]));
    }

    /// <summary>The key's slot, or the complement of the free slot where it would go.</summary>
    private int SlotOf(UInt128 key)
    {
        var tags = _tags;
        var slot = Home(key);
        while (tags[slot] != 0)
        {
            if (_keys[slot] == key) return slot;
            slot = (slot + 1) & (tags.Length - 1);
        }

        return ~slot;
    }

    private void Set(int slot, UInt128 key, UInt128 content, int tag)
    {
        _keys[slot] = key;
        _tags[slot] = tag;
        if (hasContents) _contents[slot] = content;
    }

    private void Grow()
    {
        var (keys, contents, tags) = (_keys, _contents, _tags);
        var slots = Math.Max(SlotsMin, tags.Length * 2);
        _keys = new UInt128[slots];
        _tags = new int[slots];
        if (hasContents) _contents = new UInt128[slots];
        _shift = 64 - BitOperations.Log2((uint)slots);
        for (var i = 0; i < tags.Length; i++)
        {
            if (tags[i] != 0) Set(~SlotOf(keys[i]), keys[i], hasContents ? contents[i] : 0, tags[i]);
        }
    }
}
