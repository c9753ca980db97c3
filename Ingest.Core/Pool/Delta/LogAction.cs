using System.Collections.Immutable;
using System.Text.Json;

namespace Ingest.Core.Pool.Delta;

/// <summary>One line of a log entry (Delta protocol, "Actions"). Closed. Times are milliseconds since 1970 UTC.</summary>
public abstract record LogAction
{
    private LogAction() { }

    public sealed record Protocol(int MinReaderVersion, int MinWriterVersion, ImmutableArray<string> ReaderFeatures, ImmutableArray<string> WriterFeatures) : LogAction;

    public sealed record Metadata(
        string Id, string SchemaString, ImmutableArray<string> PartitionColumns, ImmutableSortedDictionary<string, string> Configuration, string? Name, string? Description, long? CreatedTime) : LogAction;

    /// <param name="Path">Physical path relative to the table (decoded).</param>
    public sealed record Add(
        string Path, ImmutableSortedDictionary<string, string?> PartitionValues, long Size, long ModificationTime, bool DataChange, string? Stats, ImmutableSortedDictionary<string, string> Tags) : LogAction
    {
        /// <summary>The path as its writer escaped it, where that is not how we do: it must come out of a checkpoint as it went in. Else null.</summary>
        public string? PathAsLogged { get; init; }

        /// <summary>Number of rows by the file's statistics; -1 when they do not say.</summary>
        public long Rows()
        {
            if (Stats is null) return -1;

            // As we and most write it: no need to parse all of the bounds for one number.
            var text = Stats.AsSpan();
            if (text.StartsWith(RowsFirst) && text[RowsFirst.Length..].IndexOfAnyExceptInRange('0', '9') is > 0 and var digits && text[RowsFirst.Length + digits] is ',' or '}')
                return long.Parse(text.Slice(RowsFirst.Length, digits), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture);
            using var stats = JsonDocument.Parse(Stats);
            return stats.RootElement.TryGetProperty("numRecords", out var rows) ? rows.GetInt64() : -1;
        }

        /// <summary>The columns that the file's statistics count nulls of, which is each column that the file holds where our writer made it; null when they do not say.</summary>
        public HashSet<string>? StatisticsColumns()
        {
            if (Stats is null) return null;
            using var stats = JsonDocument.Parse(Stats);
            return stats.RootElement.TryGetProperty("nullCount", out var counts) ? [.. counts.EnumerateObject().Select(c => c.Name)] : null;
        }

        /// <summary>Sum of the rows' fingerprints, as our writer tags it; null on files of other writers.</summary>
        public UInt128? KeySum() => Tags.TryGetValue(KeySumTag, out var hex) ? UInt128.Parse(hex, System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture) : null;
    }

    /// <param name="Path">Physical path relative to the table (decoded).</param>
    public sealed record Remove(string Path, long? DeletionTimestamp, bool DataChange, ImmutableSortedDictionary<string, string?>? PartitionValues, long? Size) : LogAction
    {
        /// <summary>As for <see cref="Add"/>.</summary>
        public string? PathAsLogged { get; init; }
    }

    public sealed record Txn(string AppId, long Version, long? LastUpdated) : LogAction;

    public sealed record Info(CommitInfo Content) : LogAction;

    private const string RowsFirst = "{\"numRecords\":";

    /// <summary>Name of the tag with the fingerprints' sum.</summary>
    public const string KeySumTag = "ingest.keySum";
}
