using System.Diagnostics;
using Ingest.Core.Stores;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// The fingerprints of every row of one table at one version of its log. Small runs are held together in one table in memory, the others are
/// mapped from local copies and merged by size, so a batch's lookup costs one pass over memory and one over each of a few runs a tier.
/// </summary>
/// <remarks>
/// <see cref="Probe"/>, <see cref="SyncAsync"/>, <see cref="ApplyAsync"/>, <see cref="PlanMerge"/> and disposal belong to one thread.
/// <see cref="MergeAsync(IReadOnlyList{RunDescriptor}, CancellationToken)"/>, <see cref="LookupAsync"/> and <see cref="HeldByAsync"/> may run beside them: they read immutable files that they
/// open for themselves, and publish nothing. Once damage was found, every lookup throws: a wrong "not there" would double a row.
/// </remarks>
public sealed partial class TableIndex : IDisposable
{
    private readonly IObjectStore _store;
    private readonly LocalRunCache _cache;
    private readonly bool _hasContents;
    private readonly Dictionary<string, RunDescriptor> _runs = new(StringComparer.Ordinal);
    private readonly KeyTable _recent;
    private readonly Dictionary<string, int> _recentTags = new(StringComparer.Ordinal);
    private List<RunReader> _mapped = [];
    private int _lastTag;
    private IndexDamagedException? _damage;

    private TableIndex(IObjectStore store, LocalRunCache cache, bool hasContents)
    {
        _store = store;
        _cache = cache;
        _hasContents = hasContents;
        _recent = new KeyTable(hasContents);
    }

    /// <summary>Valid runs.</summary>
    public IReadOnlyCollection<RunDescriptor> Runs => _runs.Values;

    /// <summary>Fingerprints in all runs.</summary>
    public long TotalKeys { get; private set; }

    /// <summary>Their sum modulo 2^128.</summary>
    public UInt128 TotalSum { get; private set; }

    /// <summary>Memory held, in bytes, without the mapped files' pages, which the operating system takes back when it needs them.</summary>
    public long ResidentBytes => _recent.ResidentBytes + _mapped.Sum(r => r.ResidentBytes);

    /// <summary>Runs that a lookup goes through one by one.</summary>
    public int MappedRuns => _mapped.Count;

    /// <summary>Opens the index of a table: all runs, or not at all.</summary>
    /// <param name="tableStore">Store whose names begin in the table's folder.</param>
    /// <param name="hasContents">Identity mode: whether each key carries the fingerprint of its content.</param>
    /// <exception cref="IndexDamagedException">A run is missing, damaged, or not the one that the log describes.</exception>
    /// <exception cref="StoreException">The store failed while a run was fetched.</exception>
    public static async ValueTask<TableIndex> OpenAsync(
        IObjectStore tableStore, LocalRunCache cache, bool hasContents, IReadOnlyList<RunDescriptor> runs, CancellationToken cancellation)
    {
        var index = new TableIndex(tableStore, cache, hasContents);
        try
        {
            cache.RemoveAllBut(runs.Select(r => r.Name).ToHashSet(StringComparer.Ordinal));
            await index.ReplaceAsync(runs, cancellation);
            return index;
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    /// <summary>Brings the index to the state that the log gives for one of its versions. When it throws a store's failure, or that a run is missing, nothing has changed.</summary>
    /// <exception cref="IndexDamagedException">The runs do not add up to the log's totals, or one is missing or damaged.</exception>
    /// <exception cref="StoreException">The store failed while a run was fetched.</exception>
    public ValueTask SyncAsync(IndexState state, CancellationToken cancellation)
    {
        if (IndexProof.Mismatch(state.Runs, state.TotalKeys, state.TotalSum) is { } mismatch) throw Poison(new IndexDamagedException(IndexNames.Folder, mismatch));
        return ReplaceAsync(state.Runs, cancellation);
    }

    /// <summary>Applies what one commit changed. When it throws a store's failure, nothing has changed.</summary>
    /// <exception cref="IndexDamagedException">As <see cref="SyncAsync"/>; also when the commit removes a run that is not valid.</exception>
    public ValueTask ApplyAsync(IndexDelta delta, CancellationToken cancellation)
    {
        var runs = new Dictionary<string, RunDescriptor>(_runs, StringComparer.Ordinal);
        foreach (var name in delta.Removed)
        {
            if (!runs.Remove(name)) throw Poison(new IndexDamagedException(name, "a commit removes it, but it is not among the valid runs."));
        }

        foreach (var run in delta.Added)
        {
            if (!runs.TryAdd(run.Name, run)) throw Poison(new IndexDamagedException(run.Name, "a commit adds it a second time."));
        }

        return SyncAsync(new IndexState([.. runs.Values], delta.TotalKeys, delta.TotalSum), cancellation);
    }

    /// <summary>Marks the keys that the table holds. Entries of <paramref name="present"/> that are true already are passed over and stay.</summary>
    /// <param name="keys">Ascending.</param>
    /// <param name="present">One a key.</param>
    /// <param name="contents">Identity mode: receives the content of each key that was found; else empty.</param>
    /// <exception cref="IndexDamagedException">A page does not match its checksum; now and at every later lookup.</exception>
    public void Probe(ReadOnlySpan<UInt128> keys, Span<bool> present, Span<UInt128> contents)
    {
        if (_damage is not null) throw _damage;
        for (var done = 0; done < keys.Length; done += IndexSizes.ProbeKeysMax)
        {
            var count = Math.Min(IndexSizes.ProbeKeysMax, keys.Length - done);
            ProbePiece(keys.Slice(done, count), present.Slice(done, count), _hasContents ? contents.Slice(done, count) : []);
            MappedFile.Tell();
        }
    }

    public void Dispose()
    {
        foreach (var run in _mapped) run.Dispose();
        _mapped.Clear();
    }

    private void ProbePiece(ReadOnlySpan<UInt128> keys, Span<bool> present, Span<UInt128> contents)
    {
        Debug.Assert(IsAscending(keys), "The keys of a lookup ascend.");
        _recent.Probe(keys, present, contents);
        foreach (var run in _mapped)
        {
            try
            {
                run.Probe(keys, present, contents);
            }
            catch (IndexDamagedException damage)
            {
                // The store's copy may be whole: the next start fetches it and knows.
                _cache.Remove(run.Descriptor.Name);
                throw Poison(damage);
            }
        }
    }

    private async ValueTask ReplaceAsync(IReadOnlyList<RunDescriptor> runs, CancellationToken cancellation)
    {
        if (_damage is not null) throw _damage;
        var valid = new HashSet<string>(StringComparer.Ordinal);
        var opened = new List<RunReader>();
        try
        {
            foreach (var run in runs)
            {
                if (!valid.Add(run.Name)) throw new IndexDamagedException(run.Name, "the log names it twice.");
                if (!_runs.TryGetValue(run.Name, out var known)) opened.Add(await _cache.OpenAsync(_store, run, _hasContents, cancellation));
                else if (known != run) throw new IndexDamagedException(run.Name, "the log describes it otherwise than before, and runs never change.");
            }

            Exchange(opened, valid);
        }
        catch (Exception failure)
        {
            foreach (var run in opened) run.Dispose();
            if (failure is IndexDamagedException { IsMissing: false } damage) Poison(damage);
            throw;
        }
    }

    private void Exchange(List<RunReader> opened, HashSet<string> valid)
    {
        // Removed first: a small merged run holds the very keys of those that it replaces.
        var removed = _runs.Keys.Where(name => !valid.Contains(name)).ToArray();
        var tags = new HashSet<int>();
        foreach (var name in removed)
        {
            _runs.Remove(name);
            if (_recentTags.Remove(name, out var tag)) tags.Add(tag);
        }

        if (tags.Count > 0) _recent.Remove(tags);
        foreach (var run in _mapped.Where(r => !valid.Contains(r.Descriptor.Name))) run.Dispose();
        _mapped.RemoveAll(r => !valid.Contains(r.Descriptor.Name));

        for (; opened.Count > 0; opened.RemoveAt(opened.Count - 1))
        {
            var run = opened[^1];
            _runs.Add(run.Descriptor.Name, run.Descriptor);
            if (!TryRemember(run)) _mapped.Add(run);
        }

        // The largest first: most keys that are there at all are found in it, and are passed over in the others.
        _mapped = [.. _mapped.OrderByDescending(r => r.Descriptor.Keys)];
        TotalKeys = _runs.Values.Sum(r => r.Keys);
        TotalSum = _runs.Values.Aggregate(UInt128.Zero, (sum, r) => sum + r.Sum);
        foreach (var name in removed) _cache.Remove(name);
    }

    /// <summary>Takes a small run into memory and closes it; false when it is to stay mapped.</summary>
    private bool TryRemember(RunReader run)
    {
        if (run.Descriptor.Keys >= IndexSizes.RecentRunKeysMax || _recent.Count + run.Descriptor.Keys > IndexSizes.RecentKeysMax) return false;
        var tag = ++_lastTag;
        var keys = new UInt128[run.Geometry.KeysIn(0)];
        var contents = new UInt128[_hasContents ? keys.Length : 0];
        for (var block = 0L; block < run.Geometry.Blocks; block++)
        {
            var count = run.ReadBlock(block, keys, contents);
            if (_recent.TryAddAll(keys.AsSpan(0, count), contents, tag) is var doubled and >= 0)
                throw new IndexDamagedException(run.Descriptor.Name, $"key {keys[doubled]:x32} also stands in another run, so a row is doubled.");
        }

        _recentTags.Add(run.Descriptor.Name, tag);
        run.Dispose();
        return true;
    }

    private IndexDamagedException Poison(IndexDamagedException damage) => _damage = damage;

    private static bool IsAscending(ReadOnlySpan<UInt128> keys)
    {
        for (var i = 1; i < keys.Length; i++)
        {
            if (keys[i] < keys[i - 1]) return false;
        }

        return true;
    }
}
