namespace Ingest.Core.Deduplicating.Index;

/// <summary>Encodes runs. The format is told in <see cref="RunGeometry"/>, <see cref="RunTrailer"/> and docs/dedup.md.</summary>
public static class RunWriter
{
    /// <summary>Its buffers are as large as a batch: made anew for each, they cost as much as the sort.</summary>
    [ThreadStatic]
    private static KeySorter? t_sorter;

    /// <summary>Encodes the keys of one batch, in any order, as a run to be created under <see cref="IndexNames.Run"/>.</summary>
    /// <param name="name">Name of the run: letters, digits, '.', '_' and '-'. Nobody else may use it.</param>
    /// <param name="keys">At least one key; none may stand twice.</param>
    /// <param name="contents">Identity mode: the content of each key; else empty.</param>
    /// <exception cref="ArgumentException">No key, a key twice, or contents that do not go with the keys: all bugs of the caller.</exception>
    public static (RunDescriptor Descriptor, ReadOnlyMemory<byte> Bytes) Encode(string name, ReadOnlySpan<UInt128> keys, ReadOnlySpan<UInt128> contents)
    {
        if (!IndexNames.IsValid(name)) throw new ArgumentException($"'{name}' cannot name a run.", nameof(name));
        if (keys.IsEmpty) throw new ArgumentException("A run holds at least one key.", nameof(keys));
        if (!contents.IsEmpty && contents.Length != keys.Length) throw new ArgumentException("One content a key.", nameof(contents));

        var geometry = RunGeometry.For(keys.Length, !contents.IsEmpty);
        // Every byte is given exactly once.
        var file = GC.AllocateUninitializedArray<byte>((int)geometry.FileBytes);
        if (!IsAscending(keys)) (keys, contents) = Sorted(keys, contents);
        var builder = new RunBuilder(geometry, keys[0], keys[^1], (offset, piece) => piece.CopyTo(file.AsSpan((int)offset)));
        builder.Add(keys, contents);
        return (builder.Finish(name), file);
    }

    private static (UInt128[] Keys, UInt128[] Contents) Sorted(ReadOnlySpan<UInt128> keys, ReadOnlySpan<UInt128> contents)
    {
        var rows = new int[keys.Length];
        for (var i = 0; i < rows.Length; i++) rows[i] = i;
        var (sorted, order) = (t_sorter ??= new KeySorter()).Sort(keys, rows);
        var sortedContents = new UInt128[contents.Length];
        for (var i = 0; i < sortedContents.Length; i++) sortedContents[i] = contents[order.Span[i]];
        return (sorted.ToArray(), sortedContents);
    }

    private static bool IsAscending(ReadOnlySpan<UInt128> keys)
    {
        for (var i = 1; i < keys.Length; i++)
        {
            if (keys[i] <= keys[i - 1]) return false;
        }

        return true;
    }
}
