using System.CommandLine;
using System.Globalization;
using Ingest.Core.Contracts;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;
using Ingest.Worker.Configuration;

namespace Ingest.Worker.Commands;

/// <summary><c>pool ledger</c>: what became of every offset, by the commits' own accounts.</summary>
internal static class PoolLedgerCommand
{
    private static readonly string[] s_lineNames =
        ["table", "department", "source", "topic", "partition", "from", "to", "commits", "records", "written", "duplicates", "quarantined", "offsets given up", "published until", "without gaps"];

    private static readonly string[] s_hourNames = ["table", "department", "hour", "transfers", "records", "written", "duplicates", "quarantined", "taken in later"];

    private static readonly string[] s_markNames = ["table", "department", "source", "version", "complete before", "held back by", "seconds out of order", "offsets given up"];

    private static readonly TableView s_forPeople = new()
    {
        Numbers = ["version", "from", "to", "commits", "transfers", "records", "written", "duplicates", "quarantined", "offsets given up", "taken in later"],
        Ordinals = ["partition", "seconds out of order"],
        Times = ["published until"],
        OnlyIfTheyDiffer = ["source"],
        UnlessUsual = new Dictionary<string, string> { ["offsets given up"] = "0", ["taken in later"] = "0", ["seconds out of order"] = "0", ["without gaps"] = "yes" },
        WhenEmpty = new Dictionary<string, string> { ["hour"] = "not known", ["complete before"] = "not known", ["held back by"] = "nothing" },
    };

    private enum View
    {
        Lines,
        Hours,
        Marks,
    }

    public static Command Create()
    {
        var department = new Option<string?>("--department") { Description = "Only of this department." };
        var byHour = new Option<bool>("--by-hour") { Description = "Records by the hour (UTC) in which they were published." };
        var complete = new Option<bool>("--complete") { Description = "Up to when each department's transfers are all in the table, and in which version." };
        var brokers = new Option<string?>("--brokers") { Description = "With --complete: ask these brokers where topics end, so that quiet partitions hold nothing back. Of the cluster that the setting Ingest:Kafka:Source names; client properties come from the settings, too." };
        var output = new OutputStyleOptions();
        return PoolArguments.Command(
            "ledger", "Per table and topic-partition: offsets covered, and read = written + duplicates + quarantined. Exit code 1 if anything does not add up.", [department, byHour, complete, brokers, .. output.All],
            (given, parse, cancellation) => RunAsync(
                given, parse.GetValue(department), parse.GetValue(complete) ? View.Marks : parse.GetValue(byHour) ? View.Hours : View.Lines, parse.GetValue(brokers), output.Of(parse), cancellation), readsContracts: true);
    }

    private static async Task<int> RunAsync(PoolArguments given, string? department, View view, string? brokers, OutputStyle style, CancellationToken cancellation)
    {
        // Asked before the ledgers are read: what is published after that cannot count as there.
        var contracts = view == View.Marks ? given.ContractsIfAny() : null;
        var cluster = new ClusterView(SettingsReader.Configuration([])["Ingest:Kafka:Source"] ?? new KafkaSettings().Source) { AskedAtMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() };
        if (brokers is not null) cluster = cluster with { Ends = Bounds(brokers, given.Pool, contracts, cancellation) };
        var rows = new List<string[]>();
        var problems = new List<string>();
        var departments = new HashSet<string>(StringComparer.Ordinal);
        var ledgers = new Dictionary<string, Ledger>(StringComparer.Ordinal);

        // The quarantine before the others, whose commits wait for its: so it never seems to hold more than they say only because a commit came in between.
        foreach (var table in given.Tables.OrderBy(t => t.Name != QuarantineDataset.Name)) ledgers.Add(table.Name, await Ledger.ReadAsync(table.Store, cancellation).ConfigureAwait(false));
        foreach (var table in given.Tables)
        {
            var ledger = ledgers[table.Name];
            departments.UnionWith(ledger.Lines.Select(l => l.Department));
            problems.AddRange(ledger.Problems.Select(p => $"{table.Name}: {p}"));
            rows.AddRange(view switch
            {
                View.Hours => ledger.Hours.Where(h => department is null || h.Department == department).Select(h => Row(table.Name, h)),
                View.Marks when OwnDatasets.IsOne(table.Name) => [], // they move only when something is refused, and before the tables do
                View.Marks => CompletenessMark.Of(ledger, Known(cluster, table, contracts)).Where(m => department is null || m.Department == department).Select(m => Row(table.Name, m)),
                _ => ledger.Lines.Where(l => department is null || l.Department == department).Select(l => Row(table.Name, l)),
            });
        }

        await KnownNames.CheckDepartmentAsync(given, department, departments, cancellation).ConfigureAwait(false);
        given.Check();
        var names = view switch { View.Hours => s_hourNames, View.Marks => s_markNames, _ => s_lineNames };
        OutputStyleOptions.Write(style, names, rows, s_forPeople);
        var report = style == OutputStyle.Table ? Console.Out : Console.Error;
        if (view != View.Marks && style == OutputStyle.Table && OfNoTable(names, rows) is { } note) await report.WriteLineAsync(note).ConfigureAwait(false);
        if (view == View.Marks && contracts is null) await report.WriteLineAsync($"There are no contracts at '{given.ContractsFolder}', or not all can be read: a topic that no table has read yet is not looked for.").ConfigureAwait(false);
        foreach (var problem in problems) await report.WriteLineAsync(problem).ConfigureAwait(false);
        await report.WriteLineAsync(
            problems.Count > 0 ? $"{problems.Count} {(problems.Count == 1 ? "problem" : "problems")}."
            : department is null || departments.Contains(department) ? "Every offset is accounted for."
            : $"Nothing of {department} is in the ledger: no transfer of it was taken in, or the log does not reach back that far.").ConfigureAwait(false);
        return problems.Count == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>Why the quarantine may hold more than the tables say that they sent there: a transfer that nobody can read names no dataset, which matters where several share its topic.</summary>
    private static string? OfNoTable(string[] names, List<string[]> rows)
    {
        long Sum(Func<string, bool> table, string column) => rows.Where(r => table(r[0])).Sum(r => long.Parse(r[Array.IndexOf(names, column)], CultureInfo.InvariantCulture));
        var more = Sum(t => t == QuarantineDataset.Name, "written") - Sum(t => !OwnDatasets.IsOne(t), "quarantined");
        return more > 0 ? $"The quarantine has {Output.Count(more)} more than the tables count as quarantined: of these the dataset cannot be told, so they are in no table's line." : null;
    }

    private static ClusterView Known(ClusterView cluster, PoolTable table, Catalog? contracts) => cluster with
    {
        Offsets = table.Snapshot.Txns,
        Topics = contracts?.Topics.Values.Where(t => t.Datasets.Any(d => d.Plan.Name == table.Name)).ToDictionary(t => t.Topic, t => t.Department, StringComparer.Ordinal) ?? [],
    };

    private static IReadOnlyDictionary<TopicPartition, PartitionBounds> Bounds(string brokers, PoolTables pool, Catalog? contracts, CancellationToken cancellation)
    {
        var errors = new List<string>();
        var properties = ClientProperties.Read(SettingsReader.Configuration([]), errors);
        if (errors.Count > 0) throw new CommandRefusedException(ExitCodes.BadConfiguration, errors);
        try
        {
            var topics = pool.Tables.SelectMany(t => t.Snapshot.Txns.Keys).Select(id => AppId.TryParse(id, out _, out var source) ? source.Topic : "").Concat(contracts?.Topics.Keys ?? []).ToHashSet(StringComparer.Ordinal);
            return TopicBounds.Read(brokers, properties, topics, cancellation);
        }
        catch (TransferSourceException away)
        {
            throw new CommandRefusedException(ExitCodes.BadConfiguration, away.Message);
        }
    }

    private static string[] Row(string table, LedgerLine line) =>
    [
        table, line.Department, AppId.TryParse(line.AppId, out var source, out _) ? source : line.AppId, line.Source.Topic, Text(line.Source.Partition), Text(line.Range.From), Text(line.Range.To), Text(line.Commits),
        Text(line.Records), Text(line.Written), Text(line.Duplicates), Text(line.Quarantined), Text(line.GivenUp), Time(line.Published.UntilMs), line.IsWhole ? "yes" : "NO",
    ];

    private static string[] Row(string table, LedgerHour hour) =>
    [
        table, hour.Department, hour.Hour.StartMs == 0 ? "" : DateTimeOffset.FromUnixTimeMilliseconds(hour.Hour.StartMs).ToString("yyyy-MM-ddTHH:00Z", CultureInfo.InvariantCulture),
        table == QuarantineDataset.Name && hour.Hour.Transfers == 0 ? "" : Text(hour.Hour.Transfers), Text(hour.Records), Text(hour.Hour.Written), Text(hour.Hour.Duplicates), Text(hour.Hour.Quarantined), Text(hour.TakenIn),
    ];

    private static string[] Row(string table, CompletenessMark mark) =>
    [
        table, mark.Department, mark.Cluster, Text(mark.Version), Time(mark.BeforeMs), mark.HeldBackBy?.ToString() ?? "",
        string.Create(CultureInfo.InvariantCulture, $"{mark.LateMs / 1000.0:0.###}"), Text(mark.GivenUp),
    ];

    private static string Time(long ms) => ms == 0 ? "" : DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
