using System.Collections.Immutable;

namespace Ingest.Core.Pool.Delta;

/// <summary>What a contract makes of a table: its first entry when there is none, and whether one that is there is its own.</summary>
internal static class TableFit
{
    /// <exception cref="TableRefusedException">The table is not what the contract says, or beyond what we support.</exception>
    public static void Check(TableSpec spec, Snapshot current)
    {
        if (TableSupport.Problem(current) is { } problem) throw new TableRefusedException($"Table '{spec.Name}': {problem}");
        var metadata = current.Metadata!;
        if (!metadata.PartitionColumns.SequenceEqual(spec.PartitionColumns))
        {
            throw new TableRefusedException(
                $"Table '{spec.Name}' is partitioned by ({string.Join(", ", metadata.PartitionColumns)}) and its contract says ({string.Join(", ", spec.PartitionColumns)}). " +
                "Partitioning cannot change in place: restore the contract's, or give the dataset another name.");
        }

        if (metadata.Configuration.GetValueOrDefault(TableSpec.DedupKey) is not { } signature)
        {
            throw new TableRefusedException(
                $"Table '{spec.Name}' was made by another program: it has no property '{TableSpec.DedupKey}', so nobody knows which of its rows are duplicates. Give the dataset another name, or move that table away.");
        }

        if (signature != spec.DedupSignature)
        {
            throw new TableRefusedException(
                $"Table '{spec.Name}': the contract changes what counts as a duplicate. The table was written with '{signature}', the contract says '{spec.DedupSignature}': " +
                "rows already there would no longer be recognised. List new columns under dedup.except, restore the old columns, or give the dataset another name.");
        }

        if (TableSupport.DepartmentProblem(current, spec.SchemaString) is { } lacking) throw new TableRefusedException($"Table '{spec.Name}': {lacking}");
        var types = TableSupport.Columns(metadata.SchemaString);
        foreach (var (name, type) in TableSupport.Columns(spec.SchemaString))
        {
            if (types.TryGetValue(name, out var old) && old != type)
                throw new TableRefusedException($"Table '{spec.Name}': column '{name}' is {TableSupport.Word(old)} in the table and {TableSupport.Word(type)} in the contract. A column's type cannot change: {TableSupport.NewType}");
        }
    }

    /// <summary>The first entry of a table.</summary>
    public static List<LogAction> New(TableSpec spec, IdSource ids, TimeProvider time)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var info = new CommitInfo { Timestamp = now, Operation = "CREATE TABLE", EngineInfo = EngineInfo.Text, TransactionId = ids.Next().ToString("D") };
        var configuration = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("delta.appendOnly", "false").Add(TableSpec.DedupKey, spec.DedupSignature);
        return
        [
            new LogAction.Info(info),
            new LogAction.Protocol(1, 2, [], []),
            new LogAction.Metadata(ids.Next().ToString("D"), spec.SchemaString, spec.PartitionColumns, configuration, spec.Name, spec.Description, now),
        ];
    }
}
