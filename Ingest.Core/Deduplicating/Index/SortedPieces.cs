using System.Globalization;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// Sorts more keys than memory holds, in a folder, so that a process that is killed at any moment goes on where it was. The keys come in numbered
/// pieces. Each becomes a file; every <see cref="IndexSizes.SortFanIn"/> of them are merged into one, and every that many of those into one again. Which file
/// holds which pieces follows from its name alone, a file has its name only when it is complete, and the outcome depends on neither order nor restarts.
/// </summary>
/// <param name="folder">Of nobody else. It is made if need be; what lies in it from before is taken for finished work once it has been verified.</param>
internal sealed class SortedPieces(string folder, int pieces, bool hasContents)
{
    private const int TopLevel = 2;
    private const string Unfinished = ".tmp";

    private readonly Lock _lock = new();
    private readonly HashSet<(int Level, int Index)> _done = [];
    private readonly HashSet<(int Level, int Index)> _merging = [];

    /// <summary>Reads what an earlier process has finished; removes what it has not, or what is damaged.</summary>
    public void Resume(CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            if (TryParse(Path.GetFileName(path)) is { } file && IsWhole(path, cancellation)) _done.Add(file);
            else File.Delete(path);
        }

        foreach (var (level, index) in _done.ToArray())
        {
            if (!IsCovered(level, index)) continue;
            File.Delete(PathOf(level, index));
            _done.Remove((level, index));
        }
    }

    /// <summary>Pieces that are still to be written.</summary>
    public IReadOnlyList<int> Missing() => [.. Enumerable.Range(0, pieces).Where(piece => !_done.Contains((0, piece)) && !IsCovered(0, piece))];

    /// <summary>A writer for a piece; merging whatever it completes is part of finishing it. Writers of different pieces may work side by side.</summary>
    public PieceWriter Begin(int piece, int keysInMemory) => new(piece, keysInMemory, hasContents, folder, Complete);

    /// <summary>The sorted files in the end, in the order of their pieces. Together they hold all keys; none holds a key twice.</summary>
    public IReadOnlyList<(string Path, RunDescriptor Run)> Finish(CancellationToken cancellation)
    {
        for (var level = 0; level < TopLevel; level++)
        {
            for (var parent = 0; parent < Count(level + 1); parent++) MergeInto(level + 1, parent, cancellation);
        }

        return [.. Enumerable.Range(0, Count(TopLevel)).Select(i => PathOf(TopLevel, i)).Where(path => new FileInfo(path).Length > 0).Select(path => (path, Describe(path)))];
    }

    private void Complete(int piece, string unfinished, CancellationToken cancellation)
    {
        File.Move(unfinished, PathOf(0, piece), overwrite: true);
        lock (_lock) _done.Add((0, piece));
        for (var (level, index) = (1, piece / IndexSizes.SortFanIn); level <= TopLevel && MergeInto(level, index, cancellation); level++) index /= IndexSizes.SortFanIn;
    }

    /// <summary>Merges the files below, once all are there; false when some are not, or when another is at it.</summary>
    private bool MergeInto(int level, int index, CancellationToken cancellation)
    {
        var below = Enumerable.Range(index * IndexSizes.SortFanIn, Math.Min(IndexSizes.SortFanIn, Count(level - 1) - (index * IndexSizes.SortFanIn))).ToArray();
        lock (_lock)
        {
            if (_done.Contains((level, index)) || !below.All(i => _done.Contains((level - 1, i))) || !_merging.Add((level, index))) return false;
        }

        string[] sources = [.. below.Select(i => PathOf(level - 1, i)).Where(path => new FileInfo(path).Length > 0)];
        var merged = sources.Length == 1 ? sources[0] : PathOf(level, index) + Unfinished;
        if (sources.Length != 1) MergeFiles(sources, merged, hasContents, cancellation);
        File.Move(merged, PathOf(level, index), overwrite: true);
        lock (_lock)
        {
            _done.Add((level, index));
            _done.ExceptWith(below.Select(i => (level - 1, i)));
        }

        foreach (var i in below) File.Delete(PathOf(level - 1, i));
        return true;
    }

    internal static void MergeFiles(IReadOnlyList<string> sources, string destination, bool hasContents, CancellationToken cancellation)
    {
        File.Delete(destination);
        if (sources.Count == 0)
        {
            LocalRunCache.Create(destination).Dispose();
            return;
        }

        var readers = new List<RunReader>();
        try
        {
            foreach (var path in sources)
            {
                readers.Add(RunReader.Open(path, Describe(path), hasContents));
                readers[^1].ReadInOrder();
            }

            // Nothing is awaited when nothing holds it back.
            RunMerging.MergeAsync(readers, Path.GetFileName(destination), destination, null, cancellation).AsTask().GetAwaiter().GetResult();
        }
        finally
        {
            foreach (var reader in readers) reader.Dispose();
        }
    }

    /// <summary>Number of files of a level, if all were there.</summary>
    private int Count(int level)
    {
        var count = pieces;
        for (; level > 0; level--) count = (count + IndexSizes.SortFanIn - 1) / IndexSizes.SortFanIn;
        return count;
    }

    private bool IsCovered(int level, int index)
    {
        while (++level <= TopLevel)
        {
            index /= IndexSizes.SortFanIn;
            if (_done.Contains((level, index))) return true;
        }

        return false;
    }

    private bool IsWhole(string path, CancellationToken cancellation)
    {
        if (new FileInfo(path).Length == 0) return true;
        try
        {
            using var reader = RunReader.Open(path, Describe(path), hasContents);
            reader.VerifyAll(cancellation);
            return true;
        }
        catch (IndexDamagedException)
        {
            return false;
        }
    }

    private static RunDescriptor Describe(string path)
    {
        using var file = File.OpenHandle(path);
        var bytes = RandomAccess.GetLength(file);
        Span<byte> trailer = stackalloc byte[RunTrailer.Bytes];
        if (bytes < RunTrailer.Bytes || RandomAccess.Read(file, trailer, bytes - RunTrailer.Bytes) < RunTrailer.Bytes) throw new IndexDamagedException(path, "the file is cut short.");
        var read = RunTrailer.Read(trailer, path, bytes);
        return new RunDescriptor(Path.GetFileName(path), read.Geometry.Keys, read.Sum, bytes);
    }

    private string PathOf(int level, int index) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{level}-{index:D7}.sorted"));

    private (int Level, int Index)? TryParse(string name)
    {
        var parts = name.Split('-', '.');
        return parts is [var level, var index, "sorted"] && int.TryParse(level, CultureInfo.InvariantCulture, out var l) && int.TryParse(index, CultureInfo.InvariantCulture, out var i) && l <= TopLevel && i < Count(l)
            ? (l, i)
            : null;
    }
}
