using System.Collections.Immutable;

namespace Ingest.Core.Contracts;

/// <summary>Tables of the service's own, which no contract describes: refused records, and which of them were taken in after all.</summary>
public static class OwnDatasets
{
    /// <summary>Their plans. Contracts cannot have these names.</summary>
    public static ImmutableArray<DatasetPlan> Plans { get; } = [QuarantineDataset.Plan, ReplayedDataset.Plan];

    public static bool IsOne(string? dataset) => dataset is QuarantineDataset.Name or ReplayedDataset.Name;
}
