using Ingest.Core.Contracts;
using Ingest.Core.Pool.Delta;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>
/// Holds the tables against everything that was published, row by row: nothing lost, doubled, wrong or unexplained; every offset accounted for, with the very
/// numbers that are in the files; index and table of one content; a log that another implementation accepts.
/// </summary>
internal sealed class Oracle
{
    private readonly ObjectServer _server;
    private readonly Broker _broker;
    private readonly Truth _truth;
    private readonly List<string> _findings = [];
    private readonly Dictionary<string, LogReplay> _logs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<StoredRow>> _rows = new(StringComparer.Ordinal);
    private readonly Dictionary<Place, StoredRow> _refused = [];
    private readonly Dictionary<(string Department, string Key), string> _holders = [];

    private Oracle(ObjectServer server, Broker broker, Truth truth) => (_server, _broker, _truth) = (server, broker, truth);

    /// <summary>What is not as it must be; empty when all is well.</summary>
    /// <param name="isWhole">Whether everything published must be there by now; else only what is there must be right.</param>
    public static IReadOnlyList<string> Judge(ObjectServer server, Broker broker, Truth truth, bool isWhole = true)
    {
        var oracle = new Oracle(server, broker, truth);
        foreach (var table in (string[])[SimulatedCity.Events, SimulatedCity.Licences, QuarantineDataset.Name]) oracle.Open(table);
        oracle.Quarantine(isWhole);
        foreach (var table in (string[])[SimulatedCity.Events, SimulatedCity.Licences])
        {
            oracle.Rows(table, isWhole);
            oracle.Accounts(table, isWhole);
        }

        return oracle._findings;
    }

    /// <summary>What was reported to the group was in every table by then.</summary>
    public static IEnumerable<string> Reports(ObjectServer server, IEnumerable<Member> members)
    {
        var moves = new List<(TimeSpan At, string Table, LoggedRange Range)>();
        foreach (var table in (string[])[SimulatedCity.Events, SimulatedCity.Licences])
        {
            var log = server.WatchOf(table).Log;
            moves.AddRange(log.Ranges.Select(r => (log.Times[(int)r.Version], table, r)));
        }

        foreach (var (at, source, next) in members.SelectMany(m => m.Reports))
        {
            foreach (var table in SimulatedCity.TablesOf(source.Topic))
            {
                if (!moves.Exists(m => m.Table == table && m.Range.Source == source && m.Range.To >= next && m.At <= at)) yield return $"{source}: {next} was reported at {at} and was not in {table}";
            }
        }
    }

    private void Finding(string what) => _findings.Add(what);

    /// <summary>Reads log and files, and compares what only they know: sizes, counts, and the index.</summary>
    private void Open(string table)
    {
        var watch = _server.WatchOf(table);
        var log = _logs[table] = watch.Log;
        foreach (var problem in log.Problems) Finding(problem);

        // What an operator is told of it. Nothing is waited for: the view answers at once.
        foreach (var problem in Ledger.ReadAsync(new PlainView(_server, table + "/"), CancellationToken.None).AsTask().GetAwaiter().GetResult().Problems) Finding($"{table}: the ledger says: {problem}");
        var rows = _rows[table] = [];
        foreach (var (path, file) in log.Files)
        {
            if (watch.RowsOf(path, file) is not { } found)
            {
                Finding($"{table}: {path} is missing, or not as long as the log says");
                continue;
            }

            rows.AddRange(found);
            if (found.Count != file.Rows) Finding($"{table}: {path} has {found.Count} rows, and {file.Rows} in the log");
        }

        var (keys, sum) = LogReplay.Sum(log.Runs.Values);
        if (keys != rows.Count || sum != log.Files.Values.Aggregate(UInt128.Zero, (s, f) => s + f.KeySum)) Finding($"{table}: the index holds {keys} keys and the table {rows.Count} rows, or their sums differ");
        foreach (var run in log.Runs.Keys)
        {
            if (_server.Read($"{table}/_index/{run}") is null) Finding($"{table}: index run {run} is missing");
        }
    }

    private void Quarantine(bool isWhole)
    {
        foreach (var row in _rows[QuarantineDataset.Name])
        {
            if (!_refused.TryAdd(row.Place, row)) Finding($"doubled: {row.Place} is in the quarantine twice");
            if (!_truth.Records.TryGetValue(row.Place, out var record)) Finding($"unexplained: {row.Place} is in the quarantine and was never published");
            else if (ReasonOf(record.Kind) != row.Values["reason"]) Finding($"wrong: {row.Place}, {record}, was refused as {row.Values["reason"]}");
            if (row.Values["id"] != $"{SimulatedWorker.SourceName}/{row.Place.Source}/{row.Place.Offset}/{row.Place.Position}") Finding($"wrong: {row.Place} has the id {row.Values["id"]}");
            if (row.Department != SimulatedCity.DepartmentOf(row.Place.Source.Topic)) Finding($"wrong: {row.Place} is {row.Department}'s in the quarantine");
        }

        if (!isWhole) return;
        foreach (var (place, record) in _truth.Records)
        {
            if (record.Kind is RecordKind.Event or RecordKind.Licence || IsGivenUp(place)) continue;
            if (!_refused.ContainsKey(place)) Finding($"lost: {place}, {record}, is not in the quarantine");
        }
    }

    private void Rows(string table, bool isWhole)
    {
        var wanted = table == SimulatedCity.Events ? RecordKind.Event : RecordKind.Licence;
        var (keyColumn, contentColumn) = table == SimulatedCity.Events ? ("id", "v") : ("no", "holder");
        var held = new Dictionary<(string, string), StoredRow>();
        foreach (var row in _rows[table])
        {
            if (!_truth.Records.TryGetValue(row.Place, out var record) || record.Kind != wanted)
            {
                Finding($"unexplained: {table} has a row of {row.Place}, where no such record was published");
                continue;
            }

            if (row.Values[keyColumn] != record.Key || row.Values[contentColumn] != record.Content || row.Department != SimulatedCity.DepartmentOf(row.Place.Source.Topic))
                Finding($"wrong: {table} has {row.Values[keyColumn]}, {row.Values[contentColumn]} of {row.Department} for {row.Place}, {record}");
            if (wanted == RecordKind.Licence) _holders[(row.Department, record.Key)] = record.Content;
            if (!held.TryAdd((row.Department, Identity(table, record)), row)) Finding($"doubled: {table} has {record} of {held[(row.Department, Identity(table, record))].Place} and {row.Place}");
        }

        if (!isWhole) return;
        foreach (var (place, record) in _truth.Records)
        {
            if (record.Kind != wanted || IsGivenUp(place)) continue;
            if (!held.TryGetValue((SimulatedCity.DepartmentOf(place.Source.Topic), Identity(table, record)), out var holder)) Finding($"lost: {table} has no {record} of {place}");
            else if (holder.Values[contentColumn] != record.Content && !_refused.ContainsKey(place)) Finding($"lost: {place}, {record}, conflicts with {holder.Place} and is not in the quarantine");
        }
    }

    private void Accounts(string table, bool isWhole)
    {
        var log = _logs[table];
        foreach (var line in log.Ranges.GroupBy(r => r.AppId))
        {
            var next = 0L;
            foreach (var range in line)
            {
                if (range.From != next) Finding($"{table}: {range} follows {next}");
                next = range.To;
                Account(table, range);
            }
        }

        foreach (var partition in isWhole ? _broker.Partitions : [])
        {
            if (!SimulatedCity.TablesOf(partition.Topic).Contains(table) || _broker.IsReplaced(partition)) continue;
            var stands = log.Offsets.GetValueOrDefault($"ingest/{SimulatedWorker.SourceName}/{partition}");
            if (stands != _broker.End(partition)) Finding($"{table}: {partition} stands at {stands}, and ends at {_broker.End(partition)}");
        }
    }

    /// <summary>An offset that a table has left nothing behind: what was refused there was in the quarantine before.</summary>
    private void RefusedFirst(string table, LoggedRange range)
    {
        var committed = _logs[table].Times[(int)range.Version];
        foreach (var (place, record) in _truth.In(range.Source, range.From, range.To))
        {
            if (!_refused.TryGetValue(place, out var row) || !Concerns(table, record) || !IsRefused(place, record)) continue;
            if (_logs[QuarantineDataset.Name].Times[(int)row.Version] > committed) Finding($"{table}: {range} was committed before {place}, {record}, was in the quarantine");
        }
    }

    /// <summary>The account of one range, counted anew from what was published and from the files that the same entry added.</summary>
    private void Account(string table, LoggedRange range)
    {
        if (range.IsGap)
        {
            if (range.Records != 0) Finding($"{table}: the gap {range} has records");
            return;
        }

        RefusedFirst(table, range);
        var (good, bad) = table == SimulatedCity.Events ? (RecordKind.Event, RecordKind.BadEvent) : (RecordKind.Licence, RecordKind.BadLicence);

        // A transfer that nobody can read counts where its topic feeds one table.
        var isAlone = SimulatedCity.TablesOf(range.Source.Topic) is [var only] && only == table;
        var published = _truth.In(range.Source, range.From, range.To).Where(r => r.Record.Kind == good || r.Record.Kind == bad || (isAlone && r.Record.Kind == RecordKind.Malformed)).ToArray();
        var written = _rows[table].Count(r => r.Version == range.Version && r.Place.Source == range.Source && r.Place.Offset >= range.From && r.Place.Offset < range.To);
        var refused = published.Count(r => r.Record.Kind == bad || IsRefused(r.Place, r.Record));
        if (range.Records != published.Length || range.Written != written || range.Quarantined != refused)
            Finding($"{table}: {range} of version {range.Version} says {range.Records} records, {range.Written} written, {range.Quarantined} quarantined; it is {published.Length}, {written}, {refused}");
    }

    /// <summary>
    /// Whether the quarantine is where a record belongs. A conflict with a row that was not committed yet goes there first, as all that is refused does; when a rival's row of that
    /// identity wins, and is equal to the record, the record is a duplicate of that one, and its quarantined row is one too many, but nothing is lost by it.
    /// </summary>
    private bool IsRefused(Place place, PublishedRecord record) =>
        record.Kind != RecordKind.Event && (record.Kind != RecordKind.Licence || _holders.GetValueOrDefault((SimulatedCity.DepartmentOf(place.Source.Topic), record.Key)) != record.Content);

    private static bool Concerns(string table, PublishedRecord record) => record.Kind switch
    {
        RecordKind.Event or RecordKind.BadEvent => table == SimulatedCity.Events,
        RecordKind.Licence or RecordKind.BadLicence => table == SimulatedCity.Licences,
        _ => true,
    };

    private bool IsGivenUp(Place place) =>
        _broker.IsReplaced(place.Source) || _logs.Values.Any(l => l.Ranges.Any(r => r.IsGap && r.Source == place.Source && place.Offset >= r.From && place.Offset < r.To));

    private static string Identity(string table, PublishedRecord record) => table == SimulatedCity.Events ? $"{record.Key}/{record.Content}" : record.Key;

    private static string ReasonOf(RecordKind kind) => kind switch
    {
        RecordKind.BadEvent => "type-mismatch",
        RecordKind.BadLicence => "missing-required",
        RecordKind.Licence => "identity-conflict",
        RecordKind.Malformed => "not-json",
        RecordKind.Unknown => "unknown-dataset",
        _ => "",
    };
}
