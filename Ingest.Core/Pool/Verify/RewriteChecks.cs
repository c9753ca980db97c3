using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Parquet;

namespace Ingest.Core.Pool.Verify;

/// <summary>Entries that exchange files without changing data, and what a glob over the partition folders shows.</summary>
internal static class RewriteChecks
{
    public static async ValueTask RunAsync(IObjectStore table, Snapshot snapshot, IReadOnlyDictionary<string, LogAction.Add> live, List<Finding> findings, CancellationToken cancellation)
    {
        // In this order: what a worker does meanwhile is then either in its plan or in the log.
        var strays = await StraysAsync(table, live, cancellation);
        Dictionary<string, LogAction.Add>? files = null;
        await foreach (var (version, actions) in LogReader.RetainedAsync(table, cancellation))
        {
            // What an entry replaces was live before it. Of the oldest that is left after a clean-up nothing earlier is known.
            if (version > snapshot.Version) strays.ExceptWith(actions.OfType<LogAction.Add>().Select(a => a.Path));
            else if (files is not null || version == 0) CheckEntry(version, actions, files ?? [], findings);
            else files = new Dictionary<string, LogAction.Add>(await LogReader.LiveFilesAsync(table, version, cancellation), StringComparer.Ordinal);
            files ??= new Dictionary<string, LogAction.Add>(StringComparer.Ordinal);
            foreach (var action in actions)
            {
                if (action is LogAction.Add add) files[add.Path] = add;
                else if (action is LogAction.Remove remove) files.Remove(remove.Path);
            }
        }

        foreach (var path in strays)
        {
            if (await RowsAsync(table, path, cancellation) is > 0 and var rows)
                findings.Add(new Finding(CheckList.Sealing, true, $"{path} shows {rows} rows to a glob that the log does not have there. Delete it."));
        }
    }

    private static void CheckEntry(long version, IReadOnlyList<LogAction> actions, Dictionary<string, LogAction.Add> files, List<Finding> findings)
    {
        var removed = actions.OfType<LogAction.Remove>().ToArray();
        foreach (var remove in removed.Where(r => !files.ContainsKey(r.Path))) Error($"removes {remove.Path}, which was not live.");
        var added = actions.OfType<LogAction.Add>().ToArray();
        if (removed.Length == 0 || removed.Any(r => r.DataChange) || added.Any(a => a.DataChange)) return;

        if (actions.Any(a => a is LogAction.Txn)) Error("rewrites files and moves an offset.");
        var before = removed.Where(r => files.ContainsKey(r.Path)).Select(r => files[r.Path]).ToLookup(Partition);
        var after = added.ToLookup(Partition);
        foreach (var partition in before.Select(g => g.Key).Union(after.Select(g => g.Key)))
        {
            if (Sum(before[partition]) != Sum(after[partition])) Error($"takes {Sum(before[partition]).Rows} rows of {partition} and gives {Sum(after[partition]).Rows}, or their fingerprints do not add up.");
        }

        foreach (var info in actions.OfType<LogAction.Info>().Select(i => i.Content).Where(i => i.EngineInfo?.StartsWith(EngineInfo.Name, StringComparison.Ordinal) == true))
        {
            if (info.Conservation is not { Holds: true } proof) Error("does not prove that its rows are conserved.");
            else if ((proof.RowsOut, proof.KeySumOut) != Sum(added)) Error("proves something about other rows than those of its files.");
            foreach (var path in removed.Select(r => r.Path).Where(TableLayout.IsSealed)) Error($"replaces the sealed file {path}.");
        }

        void Error(string what) => findings.Add(new Finding(CheckList.Sealing, true, $"version {version} {what}"));
    }

    /// <summary>Sealed files that are neither live nor in the plan that may be under way.</summary>
    private static async ValueTask<HashSet<string>> StraysAsync(IObjectStore table, IReadOnlyDictionary<string, LogAction.Add> live, CancellationToken cancellation)
    {
        var strays = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var found in table.ListAsync("", null, cancellation))
        {
            if (!found.Name.StartsWith('_') && TableLayout.IsSealed(found.Name) && !live.ContainsKey(found.Name)) strays.Add(found.Name);
        }

        if (await new SealPlans(table).NewestAsync(cancellation) is { } plan) strays.ExceptWith(plan.Items.Select(i => i.Output));
        return strays;
    }

    private static async ValueTask<long> RowsAsync(IObjectStore table, string name, CancellationToken cancellation)
    {
        if (await table.ReadAsync(name, cancellation) is not { } bytes) return 0;
        try
        {
            using var content = new MemoryStream(bytes, writable: false);
            await using var reader = await ParquetReader.CreateAsync(content, null, leaveStreamOpen: true, cancellation);
            return reader.Metadata!.RowGroups.Sum(g => g.NumRows);
        }
        catch (Exception damaged) when (ParquetDamage.Is(damaged))
        {
            return 0; // no reader can show what it holds
        }
    }

    private static string Partition(LogAction.Add file) => string.Join(", ", file.PartitionValues.Select(p => $"{p.Key}={p.Value ?? "null"}"));

    private static (long Rows, UInt128 Sum) Sum(IEnumerable<LogAction.Add> files) =>
        files.Aggregate((0L, UInt128.Zero), (sum, file) => (sum.Item1 + Math.Max(0, file.Rows()), sum.Item2 + (file.KeySum() ?? 0)));
}
