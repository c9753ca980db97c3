using System.Diagnostics;
using Ingest.Core;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Perf.Index;

/// <summary>The service's index over a folder: what a commit does with the keys of its batch, and beside it the merges that it makes due, as a worker does them.</summary>
internal sealed class OwnIndex : IDisposable
{
    private readonly IObjectStore _store;
    private readonly LocalRunCache _cache;
    private readonly List<RunDescriptor> _runs;
    private readonly KeySorter _sorter = new();
    private readonly bool[] _present = new bool[IndexSizes.ProbeKeysMax];
    private TableIndex _index = null!;
    private IndexMerges? _merges;

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

    /// <summary>Keys that merges wrote.</summary>
    public long KeysMerged { get; private set; }

    public TimeSpan ProbeTime { get; private set; }

    public TimeSpan EncodeTime { get; private set; }

    public TimeSpan StoreTime { get; private set; }

    public TimeSpan ApplyTime { get; private set; }

    /// <summary>Where the time went since the beginning.</summary>
    public string Shares(double keys) => string.Create(System.Globalization.CultureInfo.InvariantCulture,
        $"ns a key: lookup {ProbeTime.TotalNanoseconds / keys:F0}, encode {EncodeTime.TotalNanoseconds / keys:F0}, store {StoreTime.TotalNanoseconds / keys:F0}, apply {ApplyTime.TotalNanoseconds / keys:F0}; merges beside it wrote each {KeysMerged / keys:F2} times");

    public void Begin(IEnumerable<RunDescriptor> runs) => _runs.AddRange(runs);

    public async Task<TimeSpan> OpenAsync()
    {
        Close();
        var started = Stopwatch.GetTimestamp();
        _index = await TableIndex.OpenAsync(_store, _cache, false, _runs, CancellationToken.None).ConfigureAwait(false);
        _merges = new IndexMerges(_index, "index", TimeProvider.System, TaskScheduler.Default, NullLogger.Instance);
        return Stopwatch.GetElapsedTime(started);
    }

    public void Close()
    {
        _merges?.Dispose();
        _index?.Dispose();
        (_index, _merges) = (null!, null);
    }

    /// <summary>Looks a batch up. Returns how many keys were there.</summary>
    public int Probe(UInt128[] keys, out ReadOnlySpan<UInt128> sorted)
    {
        _sorter.Sort(keys);
        sorted = _sorter.Keys;
        var present = _present.AsSpan(0, keys.Length);
        present.Clear();
        _index.Probe(sorted, present, []);
        return present.Count(true);
    }

    /// <summary>Looks a batch up, and commits what is new as a run, with a merge that is ready. Returns how many keys were there.</summary>
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
        await PublishAsync([run]).ConfigureAwait(false);
        ApplyTime += Stopwatch.GetElapsedTime(begun);
        return found;
    }

    /// <summary>Waits until no merge is due.</summary>
    public async Task SettleAsync()
    {
        while (_index.PlanMerge() is not null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System).ConfigureAwait(false);
            await PublishAsync([]).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        Close();
        _sorter.Dispose();
    }

    private async Task PublishAsync(RunDescriptor[] added)
    {
        await _merges!.CollectAsync().ConfigureAwait(false);
        var merge = _merges.Take();
        if (merge is not null) KeysMerged += merge.Added.Keys;
        await ApplyAsync(merge is null ? added : [.. added, merge.Added], merge?.Removed ?? []).ConfigureAwait(false);
        foreach (var removed in merge?.Removed ?? []) await _store.DeleteAsync(IndexNames.Run(removed.Name), CancellationToken.None).ConfigureAwait(false);
        _merges.Begin();
    }

    private async Task ApplyAsync(RunDescriptor[] added, IReadOnlyList<RunDescriptor> removed)
    {
        foreach (var run in removed) _runs.Remove(run);
        _runs.AddRange(added);
        var sum = _runs.Aggregate(UInt128.Zero, (s, r) => s + r.Sum);
        await _index.ApplyAsync(new IndexDelta(added, [.. removed.Select(r => r.Name)], _runs.Sum(r => r.Keys), sum), CancellationToken.None).ConfigureAwait(false);
    }
}
