using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Deduplicating;

/// <summary>The refusal of a row whose identity is known with other content. Which columns differ is not known: of the other row there is only a fingerprint.</summary>
public static class IdentityConflict
{
    // A transfer may be a million records that are known with other content; a sentence for each would weigh more than they do.
    private const int ExplainedMax = 16_384;

    /// <param name="dataset">Ordinal of the dataset in the topic's plan.</param>
    /// <param name="others">How many there are beside it already: the first some thousand are explained.</param>
    public static Rejection Of(NormalizedRecords records, int row, int dataset, int others)
    {
        var (start, length) = records.Span[row];
        return new Rejection(records.Transfer[row], records.Position[row], ReasonCode.IdentityConflict, dataset, -1, start, length, others < ExplainedMax ? Explain(records, row) : null);
    }

    private static string Explain(NormalizedRecords records, int row)
    {
        var plan = records.Plan;
        var identity = plan.Dedup.KeyColumns.Order().Select(c => $"{plan.Columns[c].Name} {ValueText.Excerpt(plan.Columns[c], records.Columns[c], row)}");
        return $"another record has {string.Join(", ", identity)}";
    }
}
