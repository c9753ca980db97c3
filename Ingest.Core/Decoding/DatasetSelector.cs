using System.Text;
using System.Text.Json;
using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Decoding;

/// <summary>Which dataset of a topic a record belongs to, by the field that names it, and whether it claims another department than its topic's.</summary>
internal sealed class DatasetSelector
{
    // Of the values that are expected, in what is told of another.
    private const int NamedMax = 10;

    private readonly TopicPlan _topic;
    private readonly byte[]?[] _values;
    private readonly byte[]? _claim;

    public DatasetSelector(TopicPlan topic)
    {
        _topic = topic;
        _values = [.. topic.Datasets.Select(d => d.SelectValue is null ? null : Encoding.UTF8.GetBytes(d.SelectValue))];
        _claim = topic.Claim is null ? null : Encoding.UTF8.GetBytes(topic.Claim);
    }

    /// <summary>The topic has one dataset and no claim: every record is its own.</summary>
    public bool IsTrivial => _topic.SelectField is null && _topic.ClaimField is null;

    /// <summary>The dataset's ordinal, or -1 with the reason.</summary>
    public int Select(byte[] buffer, FieldRef select, FieldRef claim, out ReasonCode reason)
    {
        reason = ReasonCode.None;
        var dataset = _topic.SelectField is null ? 0 : Find(buffer, select);
        if (dataset < 0) reason = ReasonCode.UnknownDataset;
        else if (_claim is not null && !Is(buffer, claim, _claim)) reason = ReasonCode.DepartmentMismatch;
        return reason == ReasonCode.UnknownDataset ? -1 : dataset;
    }

    /// <summary>What was found in the place of what was expected; null for other reasons.</summary>
    public string? Describe(byte[] buffer, FieldRef select, FieldRef claim, ReasonCode reason) => reason switch
    {
        ReasonCode.UnknownDataset => $"{_topic.SelectField!.Plainly()}: expected {Selected()}, found {Found(buffer, _topic.SelectField, select)}",
        ReasonCode.DepartmentMismatch => $"{_topic.ClaimField!.Plainly()}: expected \"{_topic.Claim}\" on a topic of {_topic.Department}, found {Found(buffer, _topic.ClaimField, claim)}",
        _ => null,
    };

    private string Selected()
    {
        var values = _topic.Datasets.Select(d => $"\"{d.SelectValue}\"").Take(NamedMax + 1).ToArray();
        if (values.Length > NamedMax) values[NamedMax] = "…";
        return (values.Length > 1 ? "one of " : "") + string.Join(", ", values);
    }

    private string Found(byte[] buffer, FieldPath place, FieldRef field)
    {
        if (field.Kind is FieldKind.Absent or FieldKind.Null) return field.Kind == FieldKind.Null ? "null" : "nothing";
        if (_topic.Datasets.Any(d => d.Plan.Columns.Any(c => c.Protected && c.Sources.Contains(place)))) return Excerpt.Protected;
        var text = Excerpt.Of(buffer.AsSpan(field.Start, field.Length));
        return field.Kind is FieldKind.Text or FieldKind.EscapedText or FieldKind.QuotedText ? $"\"{text}\"" : text;
    }

    private int Find(byte[] buffer, FieldRef field)
    {
        for (var i = 0; i < _values.Length; i++)
        {
            if (_values[i] is { } value && Is(buffer, field, value)) return i;
        }

        return -1;
    }

    private static bool Is(byte[] buffer, FieldRef field, byte[] value)
    {
        var text = buffer.AsSpan(field.Start, field.Length);
        return field.Kind switch
        {
            FieldKind.Text or FieldKind.Number or FieldKind.True or FieldKind.False => text.SequenceEqual(value),
            FieldKind.EscapedText => HalfPair.IndexIn(text) < 0 && JsonSerializer.Deserialize<string>($"\"{Encoding.UTF8.GetString(text)}\"") == Encoding.UTF8.GetString(value),
            FieldKind.QuotedText => Encoding.UTF8.GetString(text).Replace("\"\"", "\"", StringComparison.Ordinal) == Encoding.UTF8.GetString(value),
            _ => false,
        };
    }
}
