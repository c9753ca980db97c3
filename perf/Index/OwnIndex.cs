using System.Diagnostics;
using Ingest.Core;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Stores;

namespace Ingest.Perf.Index;

/// <summary>The service's index over a folder: what a commit does with the keys of its batch, and the merges that it makes due.</summary>
internal sealed class OwnIndex : IDisposable
{
    private readonly IObjectStore _store;
    private readonly LocalRunCache _cache;
    private readonly List<RunDescriptor> _runs;
    private readonly KeySorter _sorter = new();
    private readonly bool[] _present = new bool[IndexSizes.ProbeKeysMax];
    private readonly int[] _rows = [.. Enumerable.Range(0, IndexSizes.ProbeKeysMax)];
    private TableIndex _index = null!;

    public OwnIndex(string folder)
    {
        _store = new LocalStore(Path.Combine(folder, "store"), IdSource.System);
        CacheFolder = Path.Combine(folder, "cache");
        Directory.CreateDirectory(CacheFolder);
        _cache = new LocalRunCache(CacheFolder);
        _runs = [];
    }

    public string CacheFolder { get; }

    public IReadOnlyList<RunDescriptor> Runs => _runs;

    public TableIndex Index => _index;

    public long DiskBytes => _runs.Sum(r => r.Bytes);

    public TimeSpan MergeTime { get; private set; }

    public TimeSpan ProbeTime { get; private set; }

    public TimeSpan EncodeTime { get; private set; }

    public TimeSpan StoreTime { get; private set; }

    public TimeSpan ApplyTime { get; private set; }

    /// <summary>Where the time went since the beginning.</summary>
    public string Shares(double keys) => string.Create(System.Globalization.CultureInfo.InvariantCulture,
        $"ns a key: lookup {ProbeTime.TotalNanoseconds / keys:F0}, encode {EncodeTime.TotalNanoseconds / keys:F0}, store {StoreTime.TotalNanoseconds / keys:F0}, apply {ApplyTime.TotalNanoseconds / keys:F0}, merge {MergeTime.TotalNanoseconds / keys:F0}");

    public void Begin(IEnumerable<RunDescriptor> runs) => _runs.AddRange(runs);

    public async Task<TimeSpan> OpenAsync()
    {
        _index?.Dispose();
        var started = Stopwatch.GetTimestamp();
        _index = await TableIndex.OpenAsync(_store, _cache, false, _runs, CancellationToken.None).ConfigureAwait(false);
        return Stopwatch.GetElapsedTime(started);
    }

    public void Close()
    {
        _index.Dispose();
        _index = null!;
    }

    /// <summary>Looks a batch up. Returns how many keys were there.</summary>
    public int Probe(UInt128[] keys, out ReadOnlySpan<UInt128> sorted)
    {
        sorted = _sorter.Sort(keys, _rows.AsSpan(0, keys.Length)).Keys.Span;
        var present = _present.AsSpan(0, keys.Length);
        present.Clear();
        _index.Probe(sorted, present, []);
        return present.Count(true);
    }

    /// <summary>Looks a batch up, commits what is new as a run, and carries out the merges that are due. Returns how many keys were there.</summary>
    public async Task<int> TakeAsync(UInt128[] keys)
    {
        var begun = Stopwatch.GetTimestamp();
        var found = Probe(keys, out var sorted);
        var added = new UInt128[keys.Length - found];
        var count = 0;
        for (var i = 0; i < keys.Length; i++)
        {
            if (!_present[i]) added[count++] = sorted[i];
        }

        ProbeTime += Stopwatch.GetElapsedTime(begun);
        begun = Stopwatch.GetTimestamp();
        var (run, bytes) = RunWriter.Encode($"{IdSource.System.Next():N}.run", added, []);
        EncodeTime += Stopwatch.GetElapsedTime(begun);
        begun = Stopwatch.GetTimestamp();
        await _store.CreateUniqueAsync(IndexNames.Run(run.Name), bytes, CancellationToken.None).ConfigureAwait(false);
        StoreTime += Stopwatch.GetElapsedTime(begun);
        begun = Stopwatch.GetTimestamp();
        await ApplyAsync([run], []).ConfigureAwait(false);
        ApplyTime += Stopwatch.GetElapsedTime(begun);

        var started = Stopwatch.GetTimestamp();
        while (_index.PlanMerge() is { } due)
        {
            var merge = await _index.MergeAsync(due, CancellationToken.None).ConfigureAwait(false);
            await ApplyAsync([merge.Added], merge.Removed).ConfigureAwait(false);
            foreach (var removed in merge.Removed) await _store.DeleteAsync(IndexNames.Run(removed.Name), CancellationToken.None).ConfigureAwait(false);
        }

        MergeTime += Stopwatch.GetElapsedTime(started);
        return found;
    }

    public void Dispose() => _index?.Dispose();

    private async Task ApplyAsync(RunDescriptor[] added, IReadOnlyList<RunDescriptor> removed)
    {
        foreach (var run in removed) _runs.Remove(run);
        _runs.AddRange(added);
        var sum = _runs.Aggregate(UInt128.Zero, (s, r) => s + r.Sum);
        await _index.ApplyAsync(new IndexDelta(added, [.. removed.Select(r => r.Name)], _runs.Sum(r => r.Keys), sum), CancellationToken.None).ConfigureAwait(false);
    }
}
