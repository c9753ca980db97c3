using Ingest.Core.Contracts;

namespace Ingest.Worker.Demo;

/// <summary>A record as it should be in the pool: a clean value a column, as text that DuckDB can cast, and what no column takes.</summary>
/// <param name="Values">In the plan's column order; null for null.</param>
/// <param name="UnknownField">Text of a field that no column takes; null for none.</param>
/// <param name="UnfitColumn">Ordinal of a column whose value does not fit and is rescued; -1 for none.</param>
internal sealed record SyntheticRecord(DatasetPlan Plan, string?[] Values, string? UnknownField, int UnfitColumn)
{
    public const string UnknownName = "备注";

    public const string UnfitText = "故障";

    /// <summary>What <c>_rescued</c> should hold.</summary>
    public string? Rescued()
    {
        if (UnfitColumn >= 0)
        {
            var json = $"\"{UnfitText}\"";
            foreach (var segment in Plan.Columns[UnfitColumn].Sources[0].Segments.Reverse()) json = $"{{\"{segment}\":{json}}}";
            return json;
        }

        return UnknownField is null ? null : $"{{\"{UnknownName}\":\"{UnknownField}\"}}";
    }
}
