using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Verify;

/// <summary>What can be told from the log alone.</summary>
internal static class LogChecks
{
    public static async ValueTask RunAsync(IObjectStore table, Snapshot snapshot, List<Finding> findings, CancellationToken cancellation)
    {
        var transactions = new HashSet<string>(StringComparer.Ordinal);
        var paths = new HashSet<string>(StringComparer.Ordinal);
        var lastTimestamp = long.MinValue;
        await foreach (var (version, actions) in LogReader.RetainedAsync(table, cancellation))
        {
            if (version > snapshot.Version) break;
            CheckEntry(version, actions, snapshot, findings);
            foreach (var info in actions.OfType<LogAction.Info>().Select(i => i.Content))
            {
                if (info.TransactionId is { } id && !transactions.Add(id)) Error(CheckList.Log, $"version {version} has the transaction id {id} of an earlier one.");
                if (info.Timestamp < lastTimestamp) Error(CheckList.Log, $"version {version} is older than the one before it.");
                lastTimestamp = Math.Max(lastTimestamp, info.Timestamp);
                if (!info.Ranges.IsEmpty && info.OutputRows != actions.OfType<LogAction.Add>().Sum(a => Math.Max(0, a.Rows())))
                    Error(CheckList.Log, $"version {version} says {info.OutputRows} rows, and its files have others.");
            }

            foreach (var add in actions.OfType<LogAction.Add>())
            {
                if (!paths.Add(add.Path)) Error(CheckList.Files, $"version {version} adds {add.Path} a second time.");
            }
        }

        foreach (var problem in (await Ledger.ReadAsync(table, cancellation)).Problems) Error(CheckList.Offsets, problem);
        void Error(string check, string what) => findings.Add(new Finding(check, true, what));
    }

    private static void CheckEntry(long version, IReadOnlyList<LogAction> actions, Snapshot snapshot, List<Finding> findings)
    {
        if (actions.Count(a => a is LogAction.Protocol) > 1 || actions.Count(a => a is LogAction.Metadata) > 1) findings.Add(new Finding(CheckList.Log, true, $"version {version} has more than one protocol or metadata."));
        if (actions.OfType<LogAction.Metadata>().Any(m => m.Id != snapshot.TableId)) findings.Add(new Finding(CheckList.Log, true, $"version {version} changes the table's id."));
        var txns = actions.OfType<LogAction.Txn>().ToArray();
        if (txns.DistinctBy(t => t.AppId).Count() != txns.Length) findings.Add(new Finding(CheckList.Log, true, $"version {version} has two txn actions of one app id."));
        foreach (var txn in txns.Where(t => t.LastUpdated is null)) findings.Add(new Finding(CheckList.Log, true, $"version {version} has a txn of {txn.AppId} without lastUpdated."));
    }

    public static void CheckPaths(LogAction.Add file, Snapshot snapshot, List<Finding> findings)
    {
        var columns = snapshot.Metadata!.PartitionColumns;
        if (!file.PartitionValues.Keys.Order(StringComparer.Ordinal).SequenceEqual(columns.Order(StringComparer.Ordinal)))
        {
            findings.Add(new Finding(CheckList.Paths, true, $"{file.Path} has values for {string.Join(", ", file.PartitionValues.Keys)} instead of {string.Join(", ", columns)}."));
            return;
        }

        var folder = PartitionPath.Folder(columns, [.. columns.Select(c => file.PartitionValues[c])]);
        if (TableLayout.FolderOf(file.Path) != folder)
            findings.Add(new Finding(CheckList.Paths, true, $"{file.Path} does not lie in {folder}, as its partition values say."));
        if (file.PartitionValues.Values.Any(v => v is "")) findings.Add(new Finding(CheckList.Paths, true, $"{file.Path} has an empty partition value, which readers take for null."));
    }

    public static async ValueTask CheckpointAsync(IObjectStore table, List<Finding> findings, CancellationToken cancellation)
    {
        if (await LogReader.CheckpointHintAsync(table, cancellation) is not { } version) return;
        if (await CheckpointFile.ReadAsync(table, version, cancellation) is not { } actions)
        {
            findings.Add(new Finding(CheckList.Checkpoint, true, $"_last_checkpoint names version {version}, whose checkpoint is missing or damaged."));
            return;
        }

        // Tombstones leave checkpoints with time, so they are not compared.
        var replayed = await CheckpointWriter.ReplayFromStartAsync(table, version, cancellation);
        if (replayed is null)
        {
            findings.Add(new Finding(CheckList.Checkpoint, false, "the first entries were cleaned away, so the checkpoint cannot be compared with a replay."));
            return;
        }

        if (!Text(actions).SequenceEqual(Text(replayed))) findings.Add(new Finding(CheckList.Checkpoint, true, $"the checkpoint of version {version} is not what the log's replay gives."));
        if (await table.SizeAsync(LogNames.IndexManifest(version), cancellation) is null) findings.Add(new Finding(CheckList.Checkpoint, true, $"the checkpoint of version {version} has no index manifest."));
    }

    private static IEnumerable<string> Text(IEnumerable<LogAction> actions) =>
        actions.Where(a => a is not LogAction.Remove).Select(a => System.Text.Encoding.UTF8.GetString(LogJson.Write([a]))).Order(StringComparer.Ordinal);
}
