namespace Ingest.Core.Deduplicating.Index;

/// <summary>Encodes runs. The format is told in <see cref="RunGeometry"/>, <see cref="RunTrailer"/> and docs/dedup.md.</summary>
public static class RunWriter
{
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
        RunSink sink = (offset, piece) => piece.CopyTo(file.AsSpan((int)offset));
        return (IsAscending(keys) ? Write(name, geometry, keys, contents, sink) : Sorted(name, geometry, keys, contents, sink), file);
    }

    private static RunDescriptor Sorted(string name, in RunGeometry geometry, ReadOnlySpan<UInt128> keys, ReadOnlySpan<UInt128> contents, RunSink sink)
    {
        using var sorter = new KeySorter();
        sorter.Sort(keys);
        if (contents.IsEmpty) return Write(name, geometry, sorter.Keys, [], sink);
        var sorted = new NativeBuffer<UInt128>();
        try
        {
            sorted.Reserve(contents.Length);
            var to = sorted.Values[..contents.Length];
            var rows = sorter.Rows;
            for (var i = 0; i < to.Length; i++) to[i] = contents[rows[i]];
            return Write(name, geometry, sorter.Keys, to, sink);
        }
        finally
        {
            sorted.Release();
        }
    }

    private static RunDescriptor Write(string name, in RunGeometry geometry, ReadOnlySpan<UInt128> keys, ReadOnlySpan<UInt128> contents, RunSink sink)
    {
        var builder = new RunBuilder(geometry, keys[0], keys[^1], sink);
        builder.Add(keys, contents);
        return builder.Finish(name);
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
