using System.Text.Json;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Ingest.Worker.Commands;

namespace Ingest.Worker.Samples;

/// <summary>Fields of a sample that no column takes: they go to <c>_rescued</c>, where they are easily overlooked, and count as content unless the contract says otherwise.</summary>
internal static class UntakenFields
{
    private const int NamedMax = 5;

    /// <summary>Says which they are, and what to do if that is not meant; null when there are none.</summary>
    public static string? Of(NormalizedRecords records)
    {
        var plan = records.Plan;
        var sources = plan.Columns.SelectMany(c => c.Sources).ToHashSet();
        var fields = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var row = 0; row < records.Count; row++)
        {
            if (records.Refused[row] != 0 || records.Rescued.Valid[row] == 0) continue;
            using var rescued = JsonDocument.Parse(records.Rescued[row].ToArray());
            Add(rescued.RootElement, [], sources, fields);
        }

        if (fields.Count == 0) return null;
        var names = string.Join(", ", fields.Values.Take(NamedMax)) + (fields.Count > NamedMax ? $", … ({Output.Count(fields.Count, "field")})" : "");
        var (they, go) = fields.Count == 1 ? ("it", "goes") : ("they", "go");
        return plan.Dedup.IncludesRescued
            ? $"{plan.Name}: no column takes {names}: {they} {go} to _rescued, and records that differ there are no duplicates. If that is not meant, list {(they == "it" ? "it" : "them")} under columns and dedup.except, or set dedup.rescued: false."
            : $"{plan.Name}: no column takes {names}: {they} {go} to _rescued, which does not tell records apart (dedup.rescued: false).";
    }

    /// <summary>What a column takes may be there, too, where its value did not fit: that is not meant here.</summary>
    private static void Add(JsonElement value, string[] above, HashSet<FieldPath> sources, SortedDictionary<string, string> fields)
    {
        foreach (var field in value.EnumerateObject())
        {
            var path = new FieldPath([.. above, field.Name]);
            if (sources.Contains(path)) continue;
            if (field.Value.ValueKind == JsonValueKind.Object && sources.Any(s => s.Segments.Length > path.Segments.Length && s.Segments.Take(path.Segments.Length).SequenceEqual(path.Segments))) Add(field.Value, [.. path.Segments], sources, fields);
            else fields.TryAdd(path.ToString(), path.Plainly());
        }
    }
}
