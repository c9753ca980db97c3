using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Verify;

/// <summary>Runs the checks of a table at the version that was opened; a worker may go on writing meanwhile. Memory is bounded by the largest file.</summary>
public static class TableVerifier
{
    private static readonly TimeSpan s_orphanAge = TimeSpan.FromHours(24);

    public static async ValueTask<IReadOnlyList<Finding>> RunAsync(IObjectStore table, Snapshot snapshot, TimeProvider time, CancellationToken cancellation)
    {
        var findings = new List<Finding>();
        if (TableSupport.Problem(snapshot) is { } problem) findings.Add(new Finding(CheckList.Log, true, problem));
        if (snapshot.Metadata is not { } metadata) return findings;
        await LogChecks.RunAsync(table, snapshot, findings, cancellation);
        await LogChecks.CheckpointAsync(table, findings, cancellation);

        var types = TableSupport.Columns(metadata.SchemaString);
        var live = await LogReader.LiveFilesAsync(table, snapshot.Version, cancellation);
        foreach (var file in live.Values.OrderBy(f => f.Path, StringComparer.Ordinal))
        {
            LogChecks.CheckPaths(file, snapshot, findings);
            await FileChecks.RunAsync(table, file, types, findings, cancellation);
        }

        await RewriteChecks.RunAsync(table, snapshot, live, findings, cancellation);
        await IndexAsync(table, snapshot, findings, cancellation);
        await OrphansAsync(table, snapshot, live, time, findings, cancellation);
        return findings;
    }

    private static async ValueTask IndexAsync(IObjectStore table, Snapshot snapshot, List<Finding> findings, CancellationToken cancellation)
    {
        var index = snapshot.Index;
        if (!index.IsKnown) findings.Add(new Finding(CheckList.Index, true, index.Why ?? "the log does not tell which runs are valid; the next worker rebuilds the index."));
        else if ((!snapshot.HasUncountedFiles && index.TotalKeys != snapshot.LiveRows) || (!snapshot.HasUntaggedFiles && index.TotalSum != snapshot.KeySum))
            findings.Add(new Finding(CheckList.Index, true, $"the index holds {index.TotalKeys} fingerprints and the table {snapshot.LiveRows} rows, or their sums differ; the next worker rebuilds the index."));
        foreach (var run in index.Runs)
        {
            if (await table.SizeAsync(IndexNames.Run(run.Name), cancellation) is null && await table.SizeAsync(IndexNames.Part(run.Name, 0), cancellation) is null)
                findings.Add(new Finding(CheckList.Index, true, $"run {run.Name} is missing; the next worker rebuilds the index."));
        }
    }

    private static async ValueTask OrphansAsync(IObjectStore table, Snapshot snapshot, IReadOnlyDictionary<string, LogAction.Add> live, TimeProvider time, List<Finding> findings, CancellationToken cancellation)
    {
        var known = live.Keys.ToHashSet(StringComparer.Ordinal);
        await foreach (var (_, actions) in LogReader.RetainedAsync(table, cancellation)) known.UnionWith(actions.OfType<LogAction.Add>().Select(a => a.Path));
        await foreach (var taken in new SealPlans(table).TakenAsync(cancellation)) known.Add(taken);
        long count = 0, bytes = 0;
        await foreach (var found in table.ListAsync("", null, cancellation))
        {
            if (found.Name.StartsWith('_') || known.Contains(found.Name) || time.GetUtcNow() - found.ModifiedAt < s_orphanAge) continue;
            count++;
            bytes += found.Size;
        }

        if (count > 0) findings.Add(new Finding(CheckList.Orphans, false, $"{count} files of {bytes >> 10} KiB, older than a day, are named by no entry up to version {snapshot.Version}."));
    }
}
