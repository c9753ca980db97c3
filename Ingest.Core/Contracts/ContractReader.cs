using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ingest.Core.Contracts;

/// <summary>Reads one YAML text into a <see cref="DatasetContract"/>; every part that is wrong is reported, with its line and column.</summary>
internal static partial class ContractReader
{
    private const string TopicsExample = "Write topics: with a list of - topic: name and department: id.";

    /// <summary>Null when something is wrong; then <paramref name="errors"/> says what.</summary>
    public static DatasetContract? Read(ContractSource source, List<ContractError> errors)
    {
        var before = errors.Count;
        if (Root(source, errors) is not { } root) return null;
        var zone = Zone(root, "time_zone", "Write the zone in which the department counts its days, such as time_zone: Asia/Shanghai.") ?? TimeZoneInfo.Utc;
        var dataset = Name(root, "dataset", DatasetName(), "Write lower-case letters, digits, '-' and '_', such as dataset: vehicle-registration.");
        if (dataset == QuarantineDataset.Name) root.Wrong("dataset", "'quarantine' is the table of refused records.", "Give the dataset another name.");

        var select = root.Map("select");
        var dedup = root.Map("dedup");
        var csv = root.Map("csv");
        var columns = ColumnReader.ReadAll(root, zone);
        var contract = new DatasetContract
        {
            Node = root,
            Dataset = dataset ?? "",
            Description = root.Text("description"),
            Topics = [.. Topics(root)],
            Format = Choice(root, "format", "json", ("json", TransferFormat.Json), ("ndjson", TransferFormat.Ndjson), ("csv", TransferFormat.Csv)),
            Records = root.Text("records") is { } records ? Path(root, "records", records) : new FieldPath([]),
            Delimiter = csv is null ? ',' : DelimiterOf(csv),
            SelectField = select?.Text("field", "Write select: { field: /type, equals: vehicle }.") is { } field ? Path(select, "field", field) : null,
            SelectValue = select?.Text("equals", "Write select: { field: /type, equals: vehicle }."),
            TimeZone = zone,
            EventDate = root.Text("event_date") is { } date ? (date, root.At("event_date")) : null,
            Partition = root.Texts("partition") is { } partition ? [.. partition] : null,
            Mode = dedup is null ? DedupMode.Content : Choice(dedup, "mode", "content", ("content", DedupMode.Content), ("identity", DedupMode.Identity)),
            Identity = [.. dedup?.Texts("identity") ?? []],
            Except = [.. dedup?.Texts("except") ?? []],
            RescuedCounts = dedup?.Truth("rescued") ?? true,
            Columns = [.. columns.Select(c => c.Plan)],
            ColumnMarks = [.. columns.Select(c => c.At)],
        };
        foreach (var node in new[] { root, select, dedup, csv }) node?.Done();
        return errors.Count == before ? contract : null;
    }

    /// <summary>A place in a record: a field's name, or a JSON pointer when it starts with '/'.</summary>
    public static FieldPath Path(ContractNode node, Mark at, string text)
    {
        if (!text.StartsWith('/')) return new FieldPath([text]);
        if (Regex.IsMatch(text, "~(?![01])")) node.Wrong(at, $"'{text}' is not a JSON pointer.", "In a pointer '~' is written ~0 and '/' inside a name ~1.");
        return new FieldPath([.. text[1..].Split('/').Select(s => s.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))]);
    }

    public static TimeZoneInfo? Zone(ContractNode node, string key, string? required)
    {
        if (node.Text(key, required) is not { } name) return null;
        if (TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)) return zone;
        node.Wrong(key, $"There is no time zone '{name}'.", NearestName.Suggest(name, TimeZoneInfo.GetSystemTimeZones().Select(z => z.Id).Append("Asia/Shanghai").Append("UTC")));
        return null;
    }

    public static T Choice<T>(ContractNode node, string key, string otherwise, params ReadOnlySpan<(string Name, T Value)> choices)
    {
        var text = node.Text(key) ?? otherwise;
        var names = new List<string>();
        foreach (var (name, value) in choices)
        {
            if (name == text) return value;
            names.Add(name);
        }

        node.Wrong(key, $"'{key}' is '{text}'.", $"Write one of: {string.Join(", ", names)}.");
        return choices[0].Value;
    }

    public static string? Name(ContractNode node, string key, Regex pattern, string remedy)
    {
        if (node.Text(key, remedy) is not { } text) return null;
        if (pattern.IsMatch(text)) return text;
        node.Wrong(key, $"'{key}' is '{text}'.", remedy);
        return null;
    }

    private static FieldPath Path(ContractNode node, string key, string text) => Path(node, node.At(key), text);

    private static ContractNode? Root(ContractSource source, List<ContractError> errors)
    {
        var yaml = new YamlStream();
        var parser = new Parser(new StringReader(source.Text.TrimStart('\uFEFF')));
        try
        {
            yaml.Load(parser);
        }
        catch (Exception odd) when (odd is InvalidOperationException or ArgumentException)
        {
            // YamlDotNet throws these for some plain scalars that run into an indicator, without saying where: the last thing it understood is near.
            var near = parser.Current?.End ?? Mark.Empty;
            errors.Add(new ContractError(source.File, (int)Math.Max(1, near.Line), (int)Math.Max(1, near.Column), "This is not YAML.", "Check quotes, brackets and special characters after this place."));
            return null;
        }
        catch (YamlException broken)
        {
            errors.Add(new ContractError(source.File, (int)Math.Max(1, broken.Start.Line), (int)Math.Max(1, broken.Start.Column), $"This is not YAML: {broken.Message}", "Check indentation (spaces, no tabs), quotes and brackets near here."));
            return null;
        }

        if (yaml.Documents.Count != 1)
        {
            errors.Add(new ContractError(source.File, 1, 1, yaml.Documents.Count == 0 ? "The file is empty." : "The file holds more than one document.", "Write one contract a file."));
            return null;
        }

        if (yaml.Documents[0].RootNode is YamlMappingNode map) return new ContractNode(source.File, map, errors);
        errors.Add(new ContractError(source.File, 1, 1, "The file does not hold keys.", "Start with dataset: name."));
        return null;
    }

    private static IEnumerable<TopicBinding> Topics(ContractNode root)
    {
        foreach (var node in root.Maps("topics", TopicsExample))
        {
            var topic = Name(node, "topic", TopicName(), "Write a Kafka topic's name: up to 249 letters, digits, '.', '_' and '-'.");
            var department = Name(node, "department", DepartmentId(), "Write an id of lower-case letters, digits, '.', '_' and '-', such as department: housing-fund. It becomes a folder name.");
            var claim = node.Map("claim");
            var field = claim?.Text("field", "Write claim: { field: /deptCode, equals: GA01 }.");
            var equals = claim?.Text("equals", "Write claim: { field: /deptCode, equals: GA01 }.");
            claim?.Done();
            node.Done();
            if (topic is not null && department is not null) yield return new TopicBinding(topic, department, field is null ? null : Path(claim!, "field", field), equals, node.At("topic"));
        }
    }

    private static char DelimiterOf(ContractNode csv)
    {
        var text = csv.Text("delimiter") ?? ",";
        if (text is [var one] && one < 128 && one is not ('"' or '\r' or '\n')) return one;
        csv.Wrong("delimiter", $"'delimiter' is '{text}'.", "Write one ASCII character, such as \",\" \";\" or \"\\t\".");
        return ',';
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9_-]*$")]
    private static partial Regex DatasetName();

    [GeneratedRegex("^[a-z0-9][a-z0-9_.-]*$")]
    private static partial Regex DepartmentId();

    [GeneratedRegex("^[A-Za-z0-9._-]{1,249}$")]
    private static partial Regex TopicName();
}
