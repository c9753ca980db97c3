using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Ingest.Core.Contracts;

/// <summary>
/// Names a contract by what it makes of a record: 32 hexadecimal digits of a SHA-256 over a canonical text. Neither descriptions nor the layout of the YAML count, and a
/// default that is written out is the same as one that is not.
/// </summary>
internal static class ContractHash
{
    private const int Digits = 32;

    public static string Of(DatasetContract contract, DatasetPlan plan)
    {
        var text = new StringBuilder();
        Add(text, contract.Dataset, $"{contract.Format}", $"{contract.Records}", $"{contract.Delimiter}", contract.SelectField?.ToString(), contract.SelectValue, plan.TimeZone.Id, contract.EventDate?.Text);
        AddAll(text, plan.Partitioning.Select(p => p.Name));
        Add(text, $"{plan.Dedup.Mode}", $"{plan.Dedup.IncludesRescued}");
        AddAll(text, plan.Dedup.KeyColumns.Select(c => plan.Columns[c].Name));
        AddAll(text, plan.Dedup.ContentColumns.Select(c => plan.Columns[c].Name));
        foreach (var topic in contract.Topics.OrderBy(t => t.Topic, StringComparer.Ordinal)) Add(text, "topic", topic.Topic, topic.Department, topic.ClaimField?.ToString(), topic.Claim);
        foreach (var column in plan.Columns) AddColumn(text, column);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..Digits];
    }

    private static void AddColumn(StringBuilder text, ColumnPlan column)
    {
        Add(text, "column", column.Name, $"{column.Type}", Number(column.Precision), Number(column.Scale), column.TimeZone.Id, column.Default, column.Constant, $"{column.OnMismatch}", $"{column.Required}", $"{column.Protected}");
        AddAll(text, column.Sources.Select(s => s.ToString()));
        AddAll(text, column.Rules.Select(r => r.ToString()));
        foreach (var words in new[] { column.NullWords, column.Formats, column.TrueWords, column.FalseWords }) AddAll(text, words);
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>The number of texts stands before them: an empty list is not a list of one empty text.</summary>
    private static void AddAll(StringBuilder text, IEnumerable<string> values)
    {
        var list = values.ToImmutableArray();
        Add(text, Number(list.Length));
        Add(text, [.. list]);
    }

    /// <summary>The length stands before each text, and nothing is not the empty text, so that no two contracts have the same canonical text.</summary>
    private static void Add(StringBuilder text, params ReadOnlySpan<string?> values)
    {
        foreach (var value in values)
        {
            if (value is null) text.Append('-');
            else text.Append(CultureInfo.InvariantCulture, $"{value.Length}:{value}");
        }

        text.Append('\n');
    }
}
