using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Ingest.Core.Contracts;

/// <summary>Compiles a contract in which nothing is wrong to the plan that the engine works by.</summary>
internal static class DatasetCompiler
{
    /// <summary>Versions of the fingerprint encoding that signatures name: of hashes, and of hashes with the event date in front.</summary>
    internal const string EncodingVersion = "v1", DatedEncodingVersion = "v2";

    public static DatasetPlan Compile(DatasetContract contract)
    {
        ImmutableArray<ColumnPlan> columns = [.. contract.Columns.Select(c => contract.AsRead(c.Plan))];
        var dedup = Dedup(contract);
        var date = contract.EventDate is { } eventDate ? contract.Find(eventDate.Text) : -1;
        if (dedup.KeyColumns.Contains(date)) dedup = dedup with { DateColumn = date };
        var plan = new DatasetPlan
        {
            Name = contract.Dataset,
            Description = contract.Description,
            Columns = columns,
            TimeZone = contract.TimeZone,
            EventDateColumn = date,
            Partitioning = Partitioning(contract),
            Dedup = dedup,
            DedupSignature = Signature(columns, dedup),
            ContractHash = "",
        };
        return plan with { ContractHash = ContractHash.Of(contract, plan) };
    }

    private static ImmutableArray<PartitionColumn> Partitioning(DatasetContract contract)
    {
        string[] otherwise = contract.EventDate is null ? [SystemColumns.Department] : [SystemColumns.Department, SystemColumns.EventDate];
        return
        [
            .. (contract.Partition?.Select(p => p.Text) ?? otherwise).Select(name => name switch
            {
                SystemColumns.Department => new PartitionColumn(name, PartitionKind.Department, -1),
                SystemColumns.EventDate => new PartitionColumn(name, PartitionKind.EventDate, -1),
                _ => new PartitionColumn(name, PartitionKind.Column, contract.Find(name)),
            }),
        ];
    }

    private static DedupPlan Dedup(DatasetContract contract)
    {
        var except = contract.Except.Select(e => contract.Find(e.Text));
        var content = Enumerable.Range(0, contract.Columns.Length).Except(except);
        if (contract.Mode == DedupMode.Content) return new DedupPlan(DedupMode.Content, ByName(contract, content), [], contract.RescuedCounts);
        var identity = contract.Identity.Select(i => contract.Find(i.Text)).ToArray();
        return new DedupPlan(DedupMode.Identity, ByName(contract, identity), ByName(contract, content.Except(identity)), contract.RescuedCounts);
    }

    /// <summary>By name, so that the order of columns in the contract does not decide what a duplicate is.</summary>
    private static ImmutableArray<int> ByName(DatasetContract contract, IEnumerable<int> columns) => [.. columns.OrderBy(c => contract.Columns[c].Plan.Name, StringComparer.Ordinal)];

    /// <summary>What a fingerprint is made of, as text. Integers of both widths have the same encoding, so widening one changes nothing; nor do a decimal's digits.</summary>
    private static string Signature(ImmutableArray<ColumnPlan> columns, DedupPlan dedup)
    {
        string List(ImmutableArray<int> ordinals) => string.Join(',', ordinals.Select(o => $"{columns[o].Name}:{Family(columns[o])}"));
        var version = dedup.DateColumn < 0 ? EncodingVersion : $"{DatedEncodingVersion};date={columns[dedup.DateColumn].Name}";
        var text = new StringBuilder($"{version};{dedup.Mode};department,{List(dedup.KeyColumns)}");
        if (dedup.Mode == DedupMode.Identity) text.Append(CultureInfo.InvariantCulture, $";content={List(dedup.ContentColumns)}");
        return text.Append(dedup.IncludesRescued ? ";_rescued" : "").ToString().ToLowerInvariant();
    }

    private static string Family(ColumnPlan column) => column.Type is ColumnType.Int or ColumnType.Long ? "integer" : column.Type.ToString();
}
