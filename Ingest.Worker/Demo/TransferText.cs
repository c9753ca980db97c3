using System.Text;
using System.Text.Json;
using Ingest.Core.Contracts;

namespace Ingest.Worker.Demo;

/// <summary>Writes records as a transfer in the format of their topic.</summary>
internal sealed class TransferText(TopicPlan topic, Random random)
{
    /// <summary>A record's fields as sent: values by path, in the contract's order. A null text is JSON null.</summary>
    internal sealed record Field(FieldPath Path, string? Text, bool Bare);

    /// <summary>The record in the department's dress; fields in <paramref name="left"/> are left out or, in CSV, empty.</summary>
    public List<Field> Dressed(SyntheticRecord record, int left = -1, int wrong = -1)
    {
        var fields = new List<Field>();
        foreach (var column in record.Plan.Columns)
        {
            if (column.Constant is not null) continue;
            var path = column.Sources[topic.Format == TransferFormat.Csv ? 0 : random.Next(column.Sources.Length)];
            if (column.Ordinal == wrong) fields.Add(new Field(path, "不是值", false));
            else if (column.Ordinal == record.UnfitColumn) fields.Add(new Field(path, SyntheticRecord.UnfitText, false));
            else if (column.Ordinal == left) fields.Add(new Field(path, topic.Format == TransferFormat.Csv ? "" : null, false));
            else if (record.Values[column.Ordinal] is { } clean) fields.Add(Worn(column, path, clean));
            else if (topic.Format == TransferFormat.Csv) fields.Add(new Field(path, column.NullWords.Contains("") ? "" : Dress.NullWord(column, random), false));
            else if (random.Next(3) is > 0 and var kind) fields.Add(new Field(path, kind == 1 ? null : Dress.NullWord(column, random), false));
        }

        if (record.UnknownField is not null) fields.Add(new Field(new FieldPath([SyntheticRecord.UnknownName]), record.UnknownField, false));
        return fields;
    }

    public byte[] Write(IReadOnlyList<(List<Field> Fields, string? Select, string? Claim)> records, string? appended = null)
    {
        var text = topic.Format switch
        {
            TransferFormat.Csv => Csv(records, appended),
            TransferFormat.Ndjson => string.Concat(records.Select(r => Enveloped(Json(r)) + "\n")) + appended,
            _ => Enveloped(records.Count == 1 && random.Next(2) == 0 && appended is null
                ? Json(records[0])
                : "[" + string.Join(',', records.Select(Json).Concat(appended is null ? [] : [appended])) + "]"),
        };
        return Encoding.UTF8.GetBytes(text);
    }

    private Field Worn(ColumnPlan column, FieldPath path, string clean)
    {
        var (text, bare) = Dress.Of(column, clean, random);
        return new Field(path, text, bare);
    }

    private string Json((List<Field> Fields, string? Select, string? Claim) record)
    {
        var root = new SortedDictionary<string, object?>(StringComparer.Ordinal);
        if (record.Select is not null) Put(root, topic.SelectField!, new Field(topic.SelectField!, record.Select, false));
        if (record.Claim is not null) Put(root, topic.ClaimField!, new Field(topic.ClaimField!, record.Claim, false));
        foreach (var field in record.Fields) Put(root, field.Path, field);
        var json = new StringBuilder();
        Append(json, root);
        return json.ToString();
    }

    private static void Put(SortedDictionary<string, object?> root, FieldPath path, Field field)
    {
        var at = root;
        foreach (var segment in path.Segments[..^1])
        {
            if (!at.TryGetValue(segment, out var child)) at[segment] = child = new SortedDictionary<string, object?>(StringComparer.Ordinal);
            at = (SortedDictionary<string, object?>)child!;
        }

        at[path.Segments[^1]] = field;
    }

    private static void Append(StringBuilder json, object? value)
    {
        switch (value)
        {
            case Field { Text: null }: json.Append("null"); break;
            case Field { Bare: true } bare: json.Append(bare.Text); break;
            case Field field: json.Append('"').Append(Escape(field.Text)).Append('"'); break;
            case SortedDictionary<string, object?> children:
                json.Append('{');
                foreach (var (name, child) in children)
                {
                    if (json[^1] != '{') json.Append(',');
                    json.Append('"').Append(Escape(name)).Append("\":");
                    Append(json, child);
                }

                json.Append('}');
                break;
        }
    }

    private static string Escape(string text) => JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();

    private string Enveloped(string json)
    {
        foreach (var segment in topic.Records.Segments.Reverse()) json = $"{{\"sentBy\":\"{topic.Department}\",\"{segment}\":{json}}}";
        return json;
    }

    private string Csv(IReadOnlyList<(List<Field> Fields, string? Select, string? Claim)> records, string? appended)
    {
        var csv = new StringBuilder();
        if (random.Next(4) == 0) csv.Append('\uFEFF');
        var end = random.Next(2) == 0 ? "\r\n" : "\n";
        csv.AppendJoin(topic.Delimiter, records[0].Fields.Select(f => Cell(f.Path.Segments[0]))).Append(end);
        foreach (var (fields, _, _) in records) csv.AppendJoin(topic.Delimiter, fields.Select(f => Cell(f.Text ?? ""))).Append(end);
        return csv.Append(appended).ToString();
    }

    private string Cell(string text) => text.AsSpan().IndexOfAny($"{topic.Delimiter}\"\r\n") < 0 && random.Next(20) > 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
