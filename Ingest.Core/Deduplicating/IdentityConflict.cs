using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Deduplicating;

/// <summary>The refusal of a row whose identity is known with other content. Which columns differ is not known: of the other row there is only a fingerprint.</summary>
public static class IdentityConflict
{
    /// <param name="dataset">Ordinal of the dataset in the topic's plan.</param>
    public static Rejection Of(NormalizedRecords records, int row, int dataset)
    {
        var (start, length) = records.Span[row];
        var plan = records.Plan;
        var identity = plan.Dedup.KeyColumns.Order().Select(c => $"{plan.Columns[c].Name} {ValueText.Excerpt(plan.Columns[c], records.Columns[c], row)}");
        return new Rejection(records.Transfer[row], records.Position[row], ReasonCode.IdentityConflict, dataset, -1, start, length, $"another record has {string.Join(", ", identity)}");
    }
}
