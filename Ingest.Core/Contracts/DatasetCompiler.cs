using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using YamlDotNet.Core;

namespace Ingest.Core.Contracts;

/// <summary>Judges what the parts of a contract mean together, and compiles it to a plan.</summary>
internal static class DatasetCompiler
{
    /// <summary>Version of the fingerprint encoding that signatures name.</summary>
    private const string EncodingVersion = "v1";

    public static DatasetPlan Compile(DatasetContract contract)
    {
        CheckColumns(contract);
        var eventDate = EventDate(contract);
        var columns = contract.Columns;
        var dedup = Dedup(contract);
        return new DatasetPlan
        {
            Name = contract.Dataset,
            Description = contract.Description,
            Columns = columns,
            TimeZone = contract.TimeZone,
            EventDateColumn = eventDate,
            Partitioning = Partitioning(contract, eventDate >= 0),
            Dedup = dedup,
            DedupSignature = Signature(columns, dedup),
            ContractHash = Hash(contract),
        };
    }

    private static void CheckColumns(DatasetContract contract)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < contract.Columns.Length; i++)
        {
            if (!names.Add(contract.Columns[i].Name)) contract.Node.Wrong(contract.ColumnMarks[i], $"There are two columns '{contract.Columns[i].Name}'.", "Give each column a name of its own.");
            if (contract.Format == TransferFormat.Csv && contract.Columns[i].Sources.Any(s => s.Segments.Length > 1))
                contract.Node.Wrong(contract.ColumnMarks[i], $"Column '{contract.Columns[i].Name}' looks into a nested field, but the format is csv.", "Name the header of the CSV column.");
        }
    }

    private static int EventDate(DatasetContract contract)
    {
        if (contract.EventDate is not { } wanted) return -1;
        var column = Find(contract, wanted.Text, wanted.At, "event_date");
        if (column < 0 || contract.Columns[column].Type is ColumnType.Date or ColumnType.Timestamp) return column;
        contract.Node.Wrong(wanted.At, $"event_date is '{wanted.Text}', which is a {contract.Columns[column].Type}.", "Name a column of type date or timestamp.");
        return -1;
    }

    private static ImmutableArray<PartitionColumn> Partitioning(DatasetContract contract, bool hasEventDate)
    {
        var partitioning = ImmutableArray.CreateBuilder<PartitionColumn>();
        var wanted = contract.Partition ?? (hasEventDate ? [(SystemColumns.Department, contract.Node.Mark), (SystemColumns.EventDate, contract.Node.Mark)] : [(SystemColumns.Department, contract.Node.Mark)]);
        foreach (var (name, at) in wanted)
        {
            if (partitioning.Any(p => p.Name == name)) contract.Node.Wrong(at, $"The table is partitioned by '{name}' twice.", "Name each column once.");
            else if (name == SystemColumns.Department) partitioning.Add(new PartitionColumn(name, PartitionKind.Department, -1));
            else if (name == SystemColumns.EventDate && hasEventDate) partitioning.Add(new PartitionColumn(name, PartitionKind.EventDate, -1));
            else if (name == SystemColumns.EventDate) contract.Node.Wrong(at, "The table cannot be partitioned by event_date: the contract does not say what it is.", "Write event_date: with the column of the event's time.");
            else if (Find(contract, name, at, "partition") is >= 0 and var column)
            {
                if (contract.Columns[column].Type is ColumnType.Double or ColumnType.Decimal or ColumnType.Timestamp)
                    contract.Node.Wrong(at, $"The table cannot be partitioned by '{name}', which is a {contract.Columns[column].Type}.", "Partition by columns with few values: department, event_date, or a string, int, long, boolean or date.");
                partitioning.Add(new PartitionColumn(name, PartitionKind.Column, column));
            }
        }

        return partitioning.ToImmutable();
    }

    private static DedupPlan Dedup(DatasetContract contract)
    {
        var except = contract.Except.Select(e => Find(contract, e.Text, e.At, "dedup.except")).ToHashSet();
        var content = Enumerable.Range(0, contract.Columns.Length).Where(c => !except.Contains(c)).ToArray();
        if (contract.Mode == DedupMode.Content)
        {
            if (!contract.Identity.IsEmpty) contract.Node.Wrong(contract.Identity[0].At, "dedup.identity is given, but the mode is content.", "Write mode: identity, or remove identity.");
            if (content.Length == 0) contract.Node.Wrong(contract.Except[0].At, "dedup.except names every column, so all records would be duplicates.", "Leave out the columns that tell records apart.");
            return new DedupPlan(DedupMode.Content, ByName(contract, content), [], contract.RescuedCounts);
        }

        if (contract.Identity.IsEmpty) contract.Node.Wrong(contract.Node.At("dedup"), "The mode is identity, but no column identifies a record.", "Write identity: [plate_number] in dedup.");
        var identity = new List<int>();
        foreach (var (name, at) in contract.Identity)
        {
            var column = Find(contract, name, at, "dedup.identity");
            if (column < 0) continue;
            identity.Add(column);
            if (!contract.Columns[column].Required && contract.Columns[column].Constant is null)
                contract.Node.Wrong(at, $"'{name}' identifies records, but may be missing.", $"Write required: true for column {name}.");
        }

        return new DedupPlan(DedupMode.Identity, ByName(contract, identity), ByName(contract, content.Except(identity)), contract.RescuedCounts);
    }

    /// <summary>By name, so that the order of columns in the contract does not decide what a duplicate is.</summary>
    private static ImmutableArray<int> ByName(DatasetContract contract, IEnumerable<int> columns) => [.. columns.Where(c => c >= 0).Distinct().OrderBy(c => contract.Columns[c].Name, StringComparer.Ordinal)];

    private static int Find(DatasetContract contract, string name, Mark at, string where)
    {
        for (var i = 0; i < contract.Columns.Length; i++)
        {
            if (contract.Columns[i].Name == name) return i;
        }

        contract.Node.Wrong(at, $"{where} names '{name}', which is not a column.", NearestName.Suggest(name, contract.Columns.Select(c => c.Name)));
        return -1;
    }

    /// <summary>What a fingerprint is made of, as text. Integers of both widths have the same encoding, so widening one changes nothing.</summary>
    private static string Signature(ImmutableArray<ColumnPlan> columns, DedupPlan dedup)
    {
        string List(ImmutableArray<int> ordinals) => string.Join(',', ordinals.Select(o => $"{columns[o].Name}:{Family(columns[o])}"));
        var text = new StringBuilder($"{EncodingVersion};{dedup.Mode};department,{List(dedup.KeyColumns)}");
        if (dedup.Mode == DedupMode.Identity) text.Append(CultureInfo.InvariantCulture, $";content={List(dedup.ContentColumns)}");
        return text.Append(dedup.IncludesRescued ? ";_rescued" : "").ToString().ToLowerInvariant();
    }

    private static string Family(ColumnPlan column) => column.Type is ColumnType.Int or ColumnType.Long ? "integer" : column.Type.ToString();

    /// <summary>Over everything that decides what a record becomes; neither over descriptions nor over how the YAML is laid out.</summary>
    private static string Hash(DatasetContract contract)
    {
        var text = new StringBuilder();
        void Add(params ReadOnlySpan<object?> parts)
        {
            foreach (var part in parts) text.Append(CultureInfo.InvariantCulture, $"{part}\u001f");
            text.Append('\n');
        }

        Add(contract.Dataset, contract.Format, contract.Records, contract.Delimiter, contract.SelectField, contract.SelectValue, contract.TimeZone.Id, contract.EventDate?.Text, contract.Mode, contract.RescuedCounts);
        Add("partition", contract.Partition is { } p ? string.Join('\u001e', p.Select(x => x.Text)) : "default");
        Add("identity", string.Join('\u001e', contract.Identity.Select(x => x.Text).Order(StringComparer.Ordinal)));
        Add("except", string.Join('\u001e', contract.Except.Select(x => x.Text).Order(StringComparer.Ordinal)));
        foreach (var topic in contract.Topics.OrderBy(t => t.Topic, StringComparer.Ordinal)) Add("topic", topic.Topic, topic.Department, topic.ClaimField, topic.Claim);
        foreach (var c in contract.Columns)
        {
            Add("column", c.Name, c.Type, c.Precision, c.Scale, string.Join('\u001e', c.Sources), string.Join('\u001e', c.Rules), string.Join('\u001e', c.NullWords), string.Join('\u001e', c.Formats));
            Add(c.TimeZone.Id, string.Join('\u001e', c.TrueWords), string.Join('\u001e', c.FalseWords), c.Required, c.Default, c.Constant, c.OnMismatch, c.Protected);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32];
    }
}
