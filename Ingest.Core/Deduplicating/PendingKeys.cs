using Ingest.Core.Deduplicating.Index;

namespace Ingest.Core.Deduplicating;

/// <summary>
/// Keys that were selected and are not in the index yet, by generation: the open batch, and the batches in flight. Tables are reused.
/// </summary>
internal sealed class PendingKeys(bool hasContents)
{
    private readonly Dictionary<int, KeyTable> _sealed = [];
    private readonly Stack<KeyTable> _free = [];
    private KeyTable _open = new(hasContents);
    private int _generation;

    /// <summary>Keys of all generations.</summary>
    public int Count => _open.Count + _sealed.Values.Sum(t => t.Count);

    public long ResidentBytes => _open.ResidentBytes + _sealed.Values.Sum(t => t.ResidentBytes) + _free.Sum(t => t.ResidentBytes);

    public void Probe(ReadOnlySpan<UInt128> keys, Span<bool> present, Span<UInt128> contents)
    {
        _open.Probe(keys, present, contents);
        foreach (var table in _sealed.Values) table.Probe(keys, present, contents);
    }

    public void Add(UInt128 key, UInt128 content) => _open.TryAdd(key, content, 1);

    public int Seal()
    {
        _sealed.Add(_generation, _open);
        _open = _free.TryPop(out var free) ? free : new KeyTable(hasContents);
        return _generation++;
    }

    public void Drop(int generation)
    {
        if (!_sealed.Remove(generation, out var table)) throw new ArgumentException($"Generation {generation} is not in flight.", nameof(generation));
        Recycle(table);
    }

    public void DropAll()
    {
        foreach (var table in _sealed.Values) Recycle(table);
        _sealed.Clear();
        _open.Clear();
    }

    private void Recycle(KeyTable table)
    {
        table.Clear();
        _free.Push(table);
    }
}
