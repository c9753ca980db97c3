namespace Ingest.Core.Deduplicating.Index;

/// <summary>Takes the keys of one piece of a <see cref="SortedPieces"/>, in any order; what does not fit into memory is sorted in parts. Not thread-safe.</summary>
internal sealed class PieceWriter(int piece, int keysInMemory, bool hasContents, string folder, Action<int, string, CancellationToken> complete)
{
    private readonly UInt128[] _keys = new UInt128[keysInMemory];
    private readonly UInt128[] _contents = new UInt128[hasContents ? keysInMemory : 0];
    private readonly List<string> _parts = [];
    private int _count;

    /// <param name="contents">Identity mode: one a key; else empty.</param>
    /// <exception cref="IndexDamagedException">Two of the keys are equal.</exception>
    public void Add(ReadOnlySpan<UInt128> keys, ReadOnlySpan<UInt128> contents)
    {
        while (keys.Length > 0)
        {
            if (_count == _keys.Length) WritePart();
            var taken = Math.Min(keys.Length, _keys.Length - _count);
            keys[..taken].CopyTo(_keys.AsSpan(_count));
            if (hasContents) contents[..taken].CopyTo(_contents.AsSpan(_count));
            _count += taken;
            keys = keys[taken..];
            if (hasContents) contents = contents[taken..];
        }
    }

    /// <summary>Sorts what is left and makes the piece complete.</summary>
    public void Finish(CancellationToken cancellation)
    {
        if (_count > 0) WritePart();
        if (_parts.Count == 1)
        {
            complete(piece, _parts[0], cancellation);
            return;
        }

        var whole = Path.Combine(folder, $"piece-{piece}.tmp");
        SortedPieces.MergeFiles(_parts, whole, hasContents, cancellation);
        foreach (var part in _parts) File.Delete(part);
        complete(piece, whole, cancellation);
    }

    private void WritePart()
    {
        var path = Path.Combine(folder, $"piece-{piece}-{_parts.Count}.tmp");
        File.Delete(path);
        using var sorter = new KeySorter();
        sorter.Sort(_keys.AsSpan(0, _count));
        var keys = sorter.Keys;
        var order = sorter.Rows;
        using (var file = LocalRunCache.Create(path))
        {
            var geometry = RunGeometry.For(_count, hasContents);
            RandomAccess.SetLength(file.SafeFileHandle, geometry.FileBytes);
            var builder = new RunBuilder(geometry, keys[0], keys[^1], (offset, bytes) => RandomAccess.Write(file.SafeFileHandle, bytes, offset));
            for (var i = 1; i < _count; i++)
            {
                if (keys[i] == keys[i - 1]) throw new IndexDamagedException(path, $"key {keys[i]:x32} belongs to two rows of the table, so a row is doubled.");
            }

            var contents = new UInt128[hasContents ? _count : 0];
            for (var i = 0; i < contents.Length; i++) contents[i] = _contents[order[i]];
            builder.Add(keys, contents);
            builder.Finish(Path.GetFileName(path));
        }

        _parts.Add(path);
        _count = 0;
    }
}
