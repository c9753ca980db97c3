using System.Collections.Immutable;

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

    /// <summary>Paths of files whose names do not say themselves.</summary>
    private Dictionary<RecentName, string>? _others;

    public string Name { get; } = name;

    public ImmutableSortedDictionary<string, string?> PartitionValues { get; } = partitionValues;

    public int Count => _items.Count;

    public long Bytes { get; private set; }

    /// <summary>What the planner has found out about these files; null after they changed.</summary>
    public FolderDue? Due { get; set; }

    /// <summary>A file, by its place in the order of names.</summary>
    public RecentFile this[int at]
    {
        get
        {
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
        var at = Find(item.Name);
        Due = null;
        Bytes += file.Size;
        if (item.Name.IsOther) (_others ??= [])[item.Name] = file.Path;
        if (at >= 0)
        {
            Bytes -= _items[at].Size;
            _items[at] = item;
            return;
        }

        // Doubling would cost a large folder its size once more.
        if (_items.Count == _items.Capacity && _items.Count >= LargeItems) _items.Capacity = _items.Count + (_items.Count / 4);
        _items.Insert(~at, item);
    }

    /// <summary>Takes a file out; null when it is not here.</summary>
    public RecentFile? Take(string path)
    {
        if (Find(RecentName.Of(path)) is not (>= 0 and var at)) return null;
        var file = this[at];
        _items.RemoveAt(at);
        _others?.Remove(RecentName.Of(path));
        (Bytes, Due) = (Bytes - file.Size, null);
        return file;
    }

    /// <summary>Takes files out, those of them that are here.</summary>
    public void Remove(IReadOnlySet<RecentName> names)
    {
        var bytes = Bytes;
        _items.RemoveAll(item =>
        {
            if (!names.Contains(item.Name)) return false;
            bytes -= item.Size;
            _others?.Remove(item.Name);
            return true;
        });
        (Bytes, Due) = (bytes, null);
    }

    /// <summary>Lets go of memory that further files would take.</summary>
    public void Trim() => _items.TrimExcess();

    /// <summary>Places of all files, those with the oldest rows first.</summary>
    public int[] ByAge()
    {
        var places = new int[_items.Count];
        var since = new long[_items.Count];
        for (var i = 0; i < places.Length; i++) (places[i], since[i]) = (i, _items[i].SinceMs);
        Array.Sort(places, (a, b) => since[a] != since[b] ? since[a].CompareTo(since[b]) : a.CompareTo(b));
        return places;
    }

    /// <summary>What is planned with, without the path.</summary>
    public RecentFacts Facts(int at)
    {
        var item = _items[at];
        var isMerged = item.Name.IsOther ? TableLayout.IsMerged(_others![item.Name]) : item.Name.IsMerged;
        return new RecentFacts(item.Size, item.Rows, item.SinceMs, item.UntilMs, isMerged);
    }

    private int Find(RecentName name)
    {
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
