using Ingest.Core.Contracts;

namespace Ingest.Core.Pool.Delta;

/// <summary>What a dataset's table should be.</summary>
public static class TableSpecs
{
    public static TableSpec For(DatasetPlan plan, int checkpointInterval) =>
        new(plan.Name, plan.Description, TableSchema.SchemaString(plan), TableSchema.PartitionColumns(plan), plan.DedupSignature, checkpointInterval);
}
