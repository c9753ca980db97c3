using Ingest.Core.Stores;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>What may run beside lookups: merges, and looking into the runs of rivals.</summary>
public sealed partial class TableIndex
{
    /// <summary>The runs that should be merged next, null when none need it.</summary>
    /// <param name="except">Names of runs that a merge has in hand already.</param>
    public IReadOnlyList<RunDescriptor>? PlanMerge(IReadOnlySet<string>? except = null) =>
        RunMerging.Plan(except is null ? _runs.Values : _runs.Values.Where(r => !except.Contains(r.Name)));

    /// <summary>
    /// Merges runs into a new one, verifies it and creates it in the store. Nothing changes until a commit publishes the result; when none does,
    /// the new run is an orphan that nobody reads. On failure, or at cancellation, the runs stay as they are.
    /// </summary>
    /// <remarks>Reads, writes and hashes for as long as the runs are large: call it on a task of its own.</remarks>
    /// <exception cref="IndexDamagedException">A run is missing or damaged, or two hold the same key.</exception>
    /// <exception cref="IOException">The store (as <see cref="StoreException"/>) or the local disk failed.</exception>
    public ValueTask<RunMerge> MergeAsync(IReadOnlyList<RunDescriptor> runs, CancellationToken cancellation) => MergeAsync(runs, null, cancellation);

    /// <summary>As above, held back by <paramref name="pace"/>.</summary>
    internal async ValueTask<RunMerge> MergeAsync(IReadOnlyList<RunDescriptor> runs, MergePace? pace, CancellationToken cancellation)
    {
        if (runs.Count < 2) throw new ArgumentException("A merge takes two runs or more.", nameof(runs));
        var name = _cache.NewRunName();
        var unfinished = _cache.NewFile();
        try
        {
            var merged = await MergeIntoAsync(runs, name, unfinished, pace, cancellation);
            if (IndexProof.Mismatch(runs, merged.Keys, merged.Sum) is { } mismatch) throw new IndexDamagedException(name, mismatch);
            using (var reader = RunReader.Open(unfinished, merged, _hasContents)) reader.VerifyAll(cancellation);
            await RunObjects.CreateAsync(_store, unfinished, merged, cancellation);
            _cache.Keep(unfinished, name);
            return new RunMerge(runs, merged);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Which of the keys, in any order, the given runs hold; they need not be part of this index (yet).</summary>
    /// <exception cref="IndexDamagedException">A run is missing or damaged.</exception>
    /// <exception cref="StoreException">The store failed while a run was fetched.</exception>
    public async ValueTask<bool[]> HeldByAsync(IReadOnlyList<RunDescriptor> runs, UInt128[] keys, CancellationToken cancellation) =>
        (await LookupAsync(runs, keys, cancellation)).Held;

    /// <summary>As <see cref="HeldByAsync"/>, and in identity mode with which content.</summary>
    /// <exception cref="IndexDamagedException">A run is missing or damaged.</exception>
    /// <exception cref="StoreException">The store failed while a run was fetched.</exception>
    public async ValueTask<RunLookup> LookupAsync(IReadOnlyList<RunDescriptor> runs, UInt128[] keys, CancellationToken cancellation)
    {
        using var sorter = new KeySorter();
        sorter.Sort(keys);
        var present = new bool[keys.Length];
        var contents = new UInt128[_hasContents ? keys.Length : 0];
        foreach (var descriptor in runs)
        {
            using var run = await _cache.OpenAsync(_store, descriptor, _hasContents, cancellation);
            run.Probe(sorter.Keys, present, contents);
        }

        var held = new bool[keys.Length];
        var heldContents = new UInt128[contents.Length];
        for (var i = 0; i < present.Length; i++)
        {
            var row = sorter.Rows[i];
            held[row] = present[i];
            if (_hasContents) heldContents[row] = contents[i];
        }

        return new RunLookup(held, heldContents);
    }

    private async ValueTask<RunDescriptor> MergeIntoAsync(IReadOnlyList<RunDescriptor> runs, string name, string path, MergePace? pace, CancellationToken cancellation)
    {
        var readers = new List<RunReader>(runs.Count);
        try
        {
            foreach (var run in runs) readers.Add(await _cache.OpenAsync(_store, run, _hasContents, cancellation));
            foreach (var reader in readers) reader.ReadInOrder();
            return await RunMerging.MergeAsync(readers, name, path, pace, cancellation);
        }
        finally
        {
            foreach (var reader in readers) reader.Dispose();
        }
    }
}
