using System.Globalization;
using Ingest.Core.Pool.Delta;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>
/// Sees every change in a table's folder as the store carries it out, and judges it there and then: what an entry names is there, whole; sealing gives the very rows that it took;
/// a glob over the partition folders shows committed rows only, and none twice; nothing is deleted that a version of the last days needs.
/// </summary>
internal sealed class TableWatch(World world, ObjectServer server, string table, bool isParquet)
{
    /// <summary>The shortest retention is a week, and a clock may be wrong by a day either way.</summary>
    private static readonly TimeSpan s_filesNeeded = TimeSpan.FromDays(5);

    /// <summary>Likewise of the thirty days of the log.</summary>
    private static readonly TimeSpan s_entriesNeeded = TimeSpan.FromDays(28);

    /// <summary>Entries below the log: whoever cleans next may delete them at once.</summary>
    private readonly HashSet<string> _nobodys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (byte[] Content, IReadOnlyList<StoredRow> Rows)> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<Place, long> _versions = [];
    private readonly Dictionary<Place, string> _shown = [];
    private readonly Dictionary<string, IReadOnlyList<StoredRow>> _shownFiles = new(StringComparer.Ordinal);

    public string Table => table;

    public LogReplay Log { get; } = new(table);

    /// <summary>Rows that a glob over the partition folders shows now.</summary>
    public int ShownRows => _shown.Count;

    /// <summary>The rows of a live file, each with the version that first had it; null when the store does not hold it as the log says.</summary>
    public IReadOnlyList<StoredRow>? RowsOf(string path, LiveFile file)
    {
        if (server.Read($"{table}/{path}") is not { } content || content.Length != file.Size) return null;
        if (_files.TryGetValue(path, out var known) && ReferenceEquals(known.Content, content)) return known.Rows;
        var rows = Decode(content, file.Department);
        _files[path] = (content, rows);
        return rows;
    }

    /// <summary>An object came to be, or was replaced.</summary>
    public void Written(string name, byte[] content)
    {
        var path = name[(table.Length + 1)..];
        if (path.StartsWith("_delta_log/", StringComparison.Ordinal))
        {
            if (path.EndsWith(".json", StringComparison.Ordinal)) Entry(long.Parse(path.AsSpan("_delta_log/".Length, 20), CultureInfo.InvariantCulture), content);
        }
        else if (IsShown(path))
        {
            Hide(path);
            Show(path, content);
        }
    }

    public void Deleted(string name, StoredBytes gone)
    {
        var path = name[(table.Length + 1)..];
        if (path.StartsWith("_delta_log/", StringComparison.Ordinal))
        {
            if (_nobodys.Remove(path)) return;
            if (path.EndsWith(".json", StringComparison.Ordinal) && world.Now - gone.At < s_entriesNeeded) Fail($"{path} was deleted after {world.Now - gone.At}");
        }
        else if (path.StartsWith("_index/", StringComparison.Ordinal))
        {
            var run = path["_index/".Length..];
            if (Log.Runs.ContainsKey(run)) Fail($"{path} was deleted, a valid index run");
            if (Log.GoneRuns.TryGetValue(run, out var since) && world.Now - since < s_filesNeeded) Fail($"{path} was deleted, an index run that versions of the last days need");
        }
        else if (!path.StartsWith('_'))
        {
            if (Log.Files.ContainsKey(path)) Fail($"{path} was deleted, a live file");
            if (Log.Gone.TryGetValue(path, out var since) && world.Now - since < s_filesNeeded) Fail($"{path} was deleted, a file that versions of the last days need");
            Hide(path);
        }
    }

    private void Fail(string what) => world.Fail($"{table}: {what}");

    private void Entry(long version, byte[] content)
    {
        // A slot that was cleaned away, taken once more by somebody who slept through that: readers never see it, and who put it must not believe in it.
        if (version <= Log.Version)
        {
            world.Fault("a cleaned slot was taken again", table);
            _nobodys.Add(LogNames.Entry(version));
            return;
        }

        if (version > Log.Version + 1)
        {
            Fail($"{version} lies behind a hole");
            return;
        }

        Log.Apply(version, content, world.Now);
        if (Log.Problems.Count > 0) world.Fail(Log.Problems[0]);
        if (Log.IsRewrite) world.Fault("sealed", table);
        var added = new List<StoredRow>();
        foreach (var path in Log.Added)
        {
            if (RowsOf(path, Log.Files[path]) is { } rows) added.AddRange(rows);
            else Fail($"{version} adds {path}, which is missing, or not as long as the log says");
        }

        if (Log.IsRewrite) Conserved(version, added);
        else foreach (var row in added) _versions.TryAdd(row.Place, version);
        foreach (var path in Log.Removed) _files.Remove(path);
    }

    /// <summary>Value by value: what went in came out, once each.</summary>
    private void Conserved(long version, List<StoredRow> added)
    {
        var taken = Log.Removed.SelectMany(p => _files.TryGetValue(p, out var file) ? file.Rows : []).ToDictionary(r => r.Place);
        foreach (var row in added)
        {
            if (!taken.Remove(row.Place, out var old)) Fail($"{version} seals {row.Place}, which was not in the files that it replaces, or seals it twice");
            else if (old.Department != row.Department || old.Values.Count != row.Values.Count || old.Values.Any(v => row.Values.GetValueOrDefault(v.Key) != v.Value)) Fail($"{version} changes {row.Place} while it seals it");
        }

        if (taken.Count > 0) Fail($"{version} loses {taken.Count} rows while it seals: {taken.Keys.First()}");
    }

    private static bool IsShown(string path) => !path.StartsWith('_') && !path.StartsWith("recent/", StringComparison.Ordinal);

    private void Show(string path, byte[] content)
    {
        // The folder says the department, as engines that read by glob take it.
        var rows = Decode(content, path[(path.IndexOf('=') + 1)..path.IndexOf('/')]);
        foreach (var row in rows)
        {
            if (!_shown.TryAdd(row.Place, path)) Fail($"a glob shows {row.Place} twice: in {_shown[row.Place]} and {path}");
            if (!_versions.ContainsKey(row.Place)) Fail($"a glob shows {row.Place} in {path}, which is not committed");
        }

        _shownFiles[path] = rows;
        if (!_files.ContainsKey(path)) _files[path] = (content, rows);
    }

    private void Hide(string path)
    {
        _files.Remove(path);
        if (!_shownFiles.Remove(path, out var rows)) return;
        foreach (var row in rows)
        {
            if (_shown.GetValueOrDefault(row.Place) == path) _shown.Remove(row.Place);
        }
    }

    /// <summary>Nothing for half a file: a store that shows one breaks its promise, and no reader takes it for rows.</summary>
    private List<StoredRow> Decode(byte[] content, string department)
    {
        try
        {
            return [.. StoredRows.Read(content, department, isParquet).Select(r => r with { Version = _versions.GetValueOrDefault(r.Place, Log.Version) })];
        }
        catch (Exception torn) when (torn is IOException or InvalidDataException or ArgumentException)
        {
            return [];
        }
    }
}
