using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Ingest.Core.Pool.Sealing;

/// <summary>
/// The recent files of one partition, in order of their names. There may be a million in a table, so of each only numbers are kept, and its path is put together again when it is asked for.
/// Owned by one task.
/// </summary>
/// <param name="name">Folder of the partition, as sealed files lie in.</param>
internal sealed class RecentFolder(string name, ImmutableSortedDictionary<string, string?> partitionValues)
{
    private const int LargeItems = 1024;

    private readonly List<Entry> _items = [];

    /// <summary>So many of the items are in order; those behind them came since somebody last asked.</summary>
    private int _ordered;

    private long _bytes;

    /// <summary>Paths of files whose names do not say themselves.</summary>
    private Dictionary<RecentName, string>? _others;

    public string Name { get; } = name;

    public ImmutableSortedDictionary<string, string?> PartitionValues { get; } = partitionValues;

    public int Count
    {
        get
        {
            Order();
            return _items.Count;
        }
    }

    public long Bytes
    {
        get
        {
            Order();
            return _bytes;
        }
    }

    /// <summary>Items that were moved so far for the sake of order: what additions cost.</summary>
    public long Moved { get; private set; }

    /// <summary>What the planner has found out about these files; null after they changed.</summary>
    public FolderDue? Due { get; set; }

    /// <summary>A file, by its place in the order of names.</summary>
    public RecentFile this[int at]
    {
        get
        {
            Order();
            var item = _items[at];
            var path = item.Name.IsOther ? _others![item.Name] : item.Name.In(Name);
            return new RecentFile(path, Name, PartitionValues, item.Size, item.Rows, item.KeySum, item.SinceMs, item.UntilMs);
        }
    }

    public bool Contains(ReadOnlySpan<char> path) => Find(RecentName.Of(path)) >= 0;

    /// <summary>Adds a file, or takes it in place of the one of that name.</summary>
    public void Add(RecentFile file)
    {
        var item = new Entry(file);
        Due = null;
        _bytes += file.Size;
        if (item.Name.IsOther) (_others ??= [])[item.Name] = file.Path;

        // Doubling would cost a large folder its size once more.
        if (_items.Count == _items.Capacity && _items.Count >= LargeItems) _items.Capacity = _items.Count + (_items.Count / 4);
        if (_ordered == _items.Count && (_ordered == 0 || _items[^1].Name.CompareTo(item.Name) < 0)) _ordered++;
        _items.Add(item);
    }

    /// <summary>Takes a file out; null when it is not here.</summary>
    public RecentFile? Take(string path)
    {
        if (Find(RecentName.Of(path)) is not (>= 0 and var at)) return null;
        var file = this[at];
        _items.RemoveAt(at);
        _others?.Remove(RecentName.Of(path));
        (_ordered, _bytes, Due) = (_items.Count, _bytes - file.Size, null);
        return file;
    }

    /// <summary>Takes files out, those of them that are here.</summary>
    public void Remove(IReadOnlySet<RecentName> names)
    {
        Order();
        var bytes = _bytes;
        _items.RemoveAll(item =>
        {
            if (!names.Contains(item.Name)) return false;
            bytes -= item.Size;
            _others?.Remove(item.Name);
            return true;
        });
        (_ordered, _bytes, Due) = (_items.Count, bytes, null);
    }

    /// <summary>Lets go of memory that further files would take.</summary>
    public void Trim() => _items.TrimExcess();

    /// <summary>Places of all files, those with the oldest rows first.</summary>
    public int[] ByAge()
    {
        Order();
        var places = new int[_items.Count];
        var since = new long[_items.Count];
        for (var i = 0; i < places.Length; i++) (places[i], since[i]) = (i, _items[i].SinceMs);
        Array.Sort(places, (a, b) => since[a] != since[b] ? since[a].CompareTo(since[b]) : a.CompareTo(b));
        return places;
    }

    /// <summary>What is planned with, without the path.</summary>
    public RecentFacts Facts(int at)
    {
        Order();
        var item = _items[at];
        var isMerged = item.Name.IsOther ? TableLayout.IsMerged(_others![item.Name]) : item.Name.IsMerged;
        return new RecentFacts(item.Size, item.Rows, item.SinceMs, item.UntilMs, isMerged);
    }

    private int Find(RecentName name)
    {
        Order();
        int low = 0, high = _items.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = _items[middle].Name.CompareTo(name);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        return ~low;
    }

    /// <summary>
    /// Puts what was added among the rest. Names are random, so to find each its place at once would move half of the others every time: ten thousand files would move 4 GB.
    /// </summary>
    private void Order()
    {
        if (_ordered == _items.Count) return;
        var items = CollectionsMarshal.AsSpan(_items);
        var added = items[_ordered..].ToArray();
        var order = new int[added.Length];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        Array.Sort(order, (a, b) => added[a].Name.CompareTo(added[b].Name) is not 0 and var byName ? byName : a.CompareTo(b));

        // From the end on, so that nothing is overwritten that has not been moved. Of one name the last counts.
        var (old, to) = (_ordered - 1, items.Length - 1);
        for (var next = order.Length - 1; next >= 0; next--)
        {
            ref readonly var item = ref added[order[next]];
            if (next < order.Length - 1 && added[order[next + 1]].Name == item.Name)
            {
                _bytes -= item.Size;
                continue;
            }

            while (old >= 0 && items[old].Name.CompareTo(item.Name) > 0) items[to--] = items[old--];
            if (old >= 0 && items[old].Name == item.Name) _bytes -= items[old--].Size;
            items[to--] = item;
        }

        Moved += items.Length - 1 - to;
        if (to > old)
        {
            items[(to + 1)..].CopyTo(items[(old + 1)..]);
            _items.RemoveRange(_items.Count - (to - old), to - old);
        }

        _ordered = _items.Count;
    }

    private readonly struct Entry(RecentFile file)
    {
        public readonly RecentName Name = RecentName.Of(file.Path);
        public readonly long Size = file.Size;
        public readonly long Rows = file.Rows;
        public readonly long SinceMs = file.SinceMs;
        public readonly long UntilMs = file.UntilMs;
        public readonly UInt128 KeySum = file.KeySum;
    }
}

/// <summary>Of a recent file what is planned with.</summary>
internal readonly record struct RecentFacts(long Size, long Rows, long SinceMs, long UntilMs, bool IsMerged);
