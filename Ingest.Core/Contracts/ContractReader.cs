using System.Text.RegularExpressions;
using YamlDotNet.Core;

namespace Ingest.Core.Contracts;

/// <summary>Reads one YAML text into a <see cref="DatasetContract"/>; every part that is wrong is reported, with its line and column.</summary>
internal static partial class ContractReader
{
    private const string TopicsExample = "Write topics: with a list of - topic: name and department: id.";
    private const string ClaimExample = "Write claim: { field: /deptCode, equals: GA01 }.";
    private const string SelectExample = "Write select: { field: /type, equals: vehicle }.";

    /// <summary>Names of departments and datasets become folder names, which stores limit.</summary>
    internal const int NameLengthMax = 100;

    /// <summary>Null when the text does not even hold keys; else the contract as far as it could be read, with whatever is wrong in <paramref name="errors"/>.</summary>
    public static DatasetContract? Read(ContractSource source, List<ContractError> errors)
    {
        if (ContractYaml.Root(source, errors) is not { } root) return null;
        var zone = Zone(root, "time_zone", "Write the zone in which the department counts its days, such as time_zone: Asia/Shanghai.") ?? TimeZoneInfo.Utc;
        var dataset = Name(root, "dataset", DatasetName(), "Write up to 100 lower-case letters, digits, '-' and '_', such as dataset: vehicle-registration.", NameLengthMax);
        if (OwnDatasets.IsOne(dataset)) root.Wrong("dataset", $"'{dataset}' is a table of refused records.", "Give the dataset another name.");

        var select = root.Map("select", ContractKeys.Match);
        var dedup = root.Map("dedup", ContractKeys.Dedup);
        var csv = root.Map("csv", ContractKeys.Csv);
        var contract = new DatasetContract
        {
            Node = root,
            Dataset = dataset ?? "",
            Description = root.Text("description"),
            Topics = [.. Topics(root)],
            Format = Choice(root, "format", "json", ("json", TransferFormat.Json), ("ndjson", TransferFormat.Ndjson), ("csv", TransferFormat.Csv)),
            Records = Records(root),
            Delimiter = csv is null ? ',' : DelimiterOf(csv),
            SelectField = Field(select, SelectExample),
            SelectValue = select?.Text("equals", SelectExample),
            TimeZone = zone,
            EventDate = root.Text("event_date") is { } date ? (date, root.At("event_date")) : null,
            Partition = root.SomeTexts("partition") is { } partition ? [.. partition] : null,
            Mode = dedup is null ? DedupMode.Content : Choice(dedup, "mode", "content", ("content", DedupMode.Content), ("identity", DedupMode.Identity)),
            Identity = [.. dedup?.Texts("identity") ?? []],
            Except = [.. dedup?.Texts("except") ?? []],
            RescuedCounts = dedup?.Truth("rescued") ?? true,
            Columns = [.. ColumnReader.ReadAll(root, zone)],
        };
        foreach (var node in new[] { root, select, dedup, csv }) node?.Done();
        return contract;
    }

    /// <summary>A place in a record: a field's name, or a JSON pointer (RFC 6901) when it starts with '/'.</summary>
    public static FieldPath Path(ContractNode node, Mark at, string text)
    {
        if (text.Length == 0) node.Wrong(at, "A field has no name.", "Write the field's name, or a JSON pointer such as /owner/name.");
        if (!text.StartsWith('/')) return new FieldPath([text]);
        if (LoneTilde().IsMatch(text)) node.Wrong(at, $"'{text}' is not a JSON pointer.", "In a pointer '~' is written ~0 and '/' inside a name ~1.");
        return new FieldPath([.. text[1..].Split('/').Select(s => s.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))]);
    }

    /// <summary>Null when the key is absent or wrong.</summary>
    public static TimeZoneInfo? Zone(ContractNode node, string key, string? required)
    {
        if (node.Text(key, required) is not { } name) return null;
        var isZone = TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone);
        if (isZone && zone!.HasIanaId && !MachineZone().IsMatch(name)) return zone;

        // The system also knows names of Windows, and its own setting under a name: both mean something else on the next machine.
        var remedy = isZone && TimeZoneInfo.TryConvertWindowsIdToIanaId(name, out var iana)
            ? $"Write {key}: {iana}."
            : MistakenZones.Meant(name) is { } meant ? $"Write {key}: {meant}."
            : NearestName.Suggest(name, TimeZoneInfo.GetSystemTimeZones().Select(z => z.Id).Append("Asia/Shanghai").Append("UTC"), "Write an IANA name, such as Asia/Shanghai or UTC.");
        node.Wrong(key, isZone ? $"'{name}' is not an IANA time zone." : $"There is no time zone '{name}'.", remedy);
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

    /// <summary>Null when it is missing or does not match.</summary>
    public static string? Name(ContractNode node, string key, Regex pattern, string remedy, int lengthMax = int.MaxValue)
    {
        if (node.Text(key, remedy) is not { } text) return null;
        if (text.Length <= lengthMax && pattern.IsMatch(text)) return text;
        node.Wrong(key, $"'{key}' is '{text.ReplaceLineEndings("\\n")}'.", remedy);
        return null;
    }

    private static FieldPath Records(ContractNode root)
    {
        if (root.Text("records") is not { } records) return new FieldPath([]);
        if (records.StartsWith('/')) return Path(root, root.At("records"), records);
        root.Wrong("records", $"'records' is '{records}', which is not a JSON pointer.", $"Write records: /{records}, or leave records out when the message is the record or an array of records.");
        return new FieldPath([]);
    }

    private static FieldPath? Field(ContractNode? match, string example) =>
        match?.Text("field", example) is { } field ? Path(match, match.At("field"), field) : null;

    private static IEnumerable<TopicBinding> Topics(ContractNode root)
    {
        foreach (var node in root.Maps("topics", ContractKeys.Topic, TopicsExample))
        {
            var topic = Name(node, "topic", TopicName(), "Write a Kafka topic's name: up to 249 letters, digits, '.', '_' and '-'.");
            var department = Name(node, "department", DepartmentId(), "Write an id of up to 100 lower-case letters, digits, '.', '_' and '-' that does not end with '.', such as department: housing-fund. It becomes a folder name.", NameLengthMax);
            var claim = node.Map("claim", ContractKeys.Match);
            var field = Field(claim, ClaimExample);
            var equals = claim?.Text("equals", ClaimExample);
            claim?.Done();
            node.Done();
            if (topic is not null && department is not null) yield return new TopicBinding(topic, department, field, equals, node.At("topic"));
        }
    }

    private static char DelimiterOf(ContractNode csv)
    {
        var text = csv.Text("delimiter") ?? ",";
        if (text is [var one] && one is > '\0' and < (char)128 and not ('"' or '\r' or '\n')) return one;
        csv.Wrong("delimiter", $"'delimiter' is '{text.ReplaceLineEndings("\\n")}'.", "Write one ASCII character, such as \",\" \";\" or \"\\t\".");
        return ',';
    }

    // \z and not $, which would let a line end at the end pass, and with it a folder name that no store takes.
    [GeneratedRegex(@"^[a-z0-9][a-z0-9_-]*\z")]
    private static partial Regex DatasetName();

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9_.-]*[a-z0-9_-])?\z")]
    private static partial Regex DepartmentId();

    [GeneratedRegex(@"^(?!\.{1,2}\z)[A-Za-z0-9._-]{1,249}\z")]
    private static partial Regex TopicName();

    [GeneratedRegex("~(?![01])")]
    private static partial Regex LoneTilde();

    /// <summary>Whatever the machine is set to, and copies of the zones that count leap seconds.</summary>
    [GeneratedRegex("^(localtime|posixrules|(posix|right)/.*)$", RegexOptions.IgnoreCase)]
    private static partial Regex MachineZone();
}
