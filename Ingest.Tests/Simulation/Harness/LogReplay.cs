using System.Globalization;
using System.Text.Json;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>
/// A table's log, read and judged by other code than the service's: entries follow each other, actions are valid, offsets move by compare-and-set, the index's runs are
/// those that the entries say.
/// </summary>
internal sealed class LogReplay
{
    private readonly List<string> _problems = [];
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
    private readonly HashSet<string> _transactions = new(StringComparer.Ordinal);
    private readonly string _table;
    private long _lastTime;
    private string? _tableId;
    private bool _changesRows;
    private bool _changesFiles;

    public LogReplay(string table) => _table = table;

    public long Version { get; private set; } = -1;

    /// <summary>Live files, by decoded path: size, rows, sum of fingerprints.</summary>
    public SortedDictionary<string, LiveFile> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Next offset by app id.</summary>
    public Dictionary<string, long> Offsets { get; } = new(StringComparer.Ordinal);

    /// <summary>Every committed range, in order of the log.</summary>
    public List<LoggedRange> Ranges { get; } = [];

    /// <summary>When each entry came to be, by the store's clock, whether or not it is still there.</summary>
    public List<TimeSpan> Times { get; } = [];

    /// <summary>Files that are live no more: since when.</summary>
    public Dictionary<string, TimeSpan> Gone { get; } = new(StringComparer.Ordinal);

    /// <summary>Index runs that are valid no more: since when.</summary>
    public Dictionary<string, TimeSpan> GoneRuns { get; } = new(StringComparer.Ordinal);

    /// <summary>What the newest entry added and removed.</summary>
    public List<string> Added { get; } = [];

    public List<string> Removed { get; } = [];

    /// <summary>Whether the newest entry exchanged files and did nothing else.</summary>
    public bool IsRewrite { get; private set; }

    /// <summary>Entries that exchanged files.</summary>
    public int Rewrites { get; private set; }

    public SortedDictionary<string, (long Keys, UInt128 Sum)> Runs { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Problems => _problems;

    private void Problem(string what) => _problems.Add($"{_table}: {what}");

    /// <summary>Takes in the next entry.</summary>
    public void Apply(long version, byte[] bytes, TimeSpan at)
    {
        Version = version;
        Times.Add(at);
        Added.Clear();
        Removed.Clear();
        _changesRows = _changesFiles = false;
        var txns = new Dictionary<string, long>(StringComparer.Ordinal);
        var ranges = new List<LoggedRange>();
        JsonElement? info = null;
        var rest = bytes.AsMemory();
        while (rest.Length > 0)
        {
            var end = rest.Span.IndexOf((byte)'\n');
            if (end < 0) end = rest.Length;
            var line = rest[..end];
            rest = rest[Math.Min(rest.Length, end + 1)..];
            if (line.Length == 0) continue;
            using var document = JsonDocument.Parse(line);
            var property = document.RootElement.EnumerateObject().Single();
            switch (property.Name)
            {
                case "protocol": Protocol(version, property.Value); break;
                case "metaData": Metadata(version, property.Value); break;
                case "txn":
                    if (!txns.TryAdd(property.Value.GetProperty("appId").GetString()!, property.Value.GetProperty("version").GetInt64())) Problem($"{version} has two txn of one app id");
                    break;
                case "add": Add(version, property.Value); break;
                case "remove": Remove(version, property.Value); break;
                case "commitInfo": info = property.Value.Clone(); break;
                default: Problem($"{version} has an unknown action {property.Name}"); break;
            }
        }

        if (info is { } told) Info(version, told, ranges);
        else Problem($"{version} has no commitInfo");
        IsRewrite = _changesFiles && info?.GetProperty("operation").GetString() == "OPTIMIZE";
        if (IsRewrite) Rewrites++;
        if (IsRewrite && (_changesRows || txns.Count > 0 || ranges.Count > 0 || info?.TryGetProperty("index", out _) == true)) Problem($"{version} seals, and moves offsets, index or rows as well");
        if (_changesFiles && !IsRewrite && !_changesRows) Problem($"{version} exchanges files and does not say so");
        Move(version, txns, ranges);
    }

    private void Protocol(long version, JsonElement protocol)
    {
        if (version != 0 || protocol.GetProperty("minReaderVersion").GetInt32() != 1 || protocol.GetProperty("minWriterVersion").GetInt32() != 2) Problem($"{version} has protocol {protocol}");
    }

    private void Metadata(long version, JsonElement metadata)
    {
        var id = metadata.GetProperty("id").GetString()!;
        if (version != 0 || (_tableId is not null && _tableId != id)) Problem($"{version} changes the metadata");
        _tableId = id;
    }

    private void Add(long version, JsonElement add)
    {
        var path = Uri.UnescapeDataString(add.GetProperty("path").GetString()!);
        if (!_paths.Add(path)) Problem($"{version} adds {path} a second time");
        using var stats = JsonDocument.Parse(add.GetProperty("stats").GetString()!);
        Files[path] = new LiveFile(version, add.GetProperty("size").GetInt64(), stats.RootElement.GetProperty("numRecords").GetInt64(),
            Hex(add.GetProperty("tags").GetProperty("ingest.keySum")), add.GetProperty("partitionValues").GetProperty("department").GetString()!);
        Added.Add(path);
        _changesFiles = true;
        _changesRows |= add.GetProperty("dataChange").GetBoolean();
    }

    private void Remove(long version, JsonElement remove)
    {
        var path = Uri.UnescapeDataString(remove.GetProperty("path").GetString()!);
        if (!Files.Remove(path)) Problem($"{version} removes {path}, which is not live");
        Removed.Add(path);
        Gone[path] = Times[^1];
        _changesFiles = true;
        if (remove.GetProperty("dataChange").GetBoolean()) Problem($"{version} removes rows for good");
    }

    private void Info(long version, JsonElement info, List<LoggedRange> ranges)
    {
        if (!_transactions.Add(info.GetProperty("txnId").GetString()!)) Problem($"{version} has the transaction id of an earlier one");
        var time = info.GetProperty("timestamp").GetInt64();
        if (time < _lastTime) Problem($"{version} is older than the one before it");
        _lastTime = time;
        if (info.TryGetProperty("kafkaRanges", out var told))
        {
            foreach (var range in told.EnumerateArray())
                ranges.Add(LoggedRange.Read(version, info.GetProperty("operation").GetString()!, range));
        }

        if (!info.TryGetProperty("index", out var index)) return;
        if (index.TryGetProperty("replaces", out _))
        {
            foreach (var name in Runs.Keys) GoneRuns[name] = Times[^1];
            Runs.Clear();
        }

        foreach (var name in index.GetProperty("remove").EnumerateArray())
        {
            if (!Runs.Remove(name.GetString()!)) Problem($"{version} removes index run {name}, which is not valid");
            GoneRuns[name.GetString()!] = Times[^1];
        }

        foreach (var run in index.GetProperty("add").EnumerateArray())
        {
            if (!Runs.TryAdd(run.GetProperty("name").GetString()!, (run.GetProperty("keys").GetInt64(), Hex(run.GetProperty("sum"))))) Problem($"{version} adds index run {run} again");
        }

        var (keys, sum) = Sum(Runs.Values);
        if (keys != index.GetProperty("keys").GetInt64() || sum != Hex(index.GetProperty("sum"))) Problem($"{version}: the index does not hold what the entry says");
    }

    private void Move(long version, Dictionary<string, long> txns, List<LoggedRange> ranges)
    {
        foreach (var range in ranges)
        {
            if (!txns.Remove(range.AppId, out var next) || next != range.To) Problem($"{version} stores another offset than {range} ends at");
            if (Offsets.TryGetValue(range.AppId, out var stored) && stored != range.From) Problem($"{version} moves {range} but the table stood at {stored}");
            if (range.From >= range.To) Problem($"{version} has an empty range {range}");
            if (range.Records != range.Written + range.Duplicates + range.Quarantined) Problem($"{version}: {range} does not add up");
            Offsets[range.AppId] = range.To;
        }

        foreach (var left in txns.Keys) Problem($"{version} moves {left} without an account");
        Ranges.AddRange(ranges);
    }

    public static (long Keys, UInt128 Sum) Sum(IEnumerable<(long Keys, UInt128 Sum)> parts) => parts.Aggregate((0L, UInt128.Zero), static (a, b) => (a.Item1 + b.Keys, a.Item2 + b.Sum));

    private static UInt128 Hex(JsonElement text) => UInt128.Parse(text.GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}

/// <summary>A file that the log says is part of the table.</summary>
internal sealed record LiveFile(long Version, long Size, long Rows, UInt128 KeySum, string Department);

/// <summary>An account in a log entry.</summary>
internal sealed record LoggedRange(long Version, string Operation, string AppId, Ingest.Core.Transfers.TopicPartition Source, long From, long To, long Records, long Written, long Duplicates, long Quarantined)
{
    public bool IsGap => Operation == "ACCEPT GAP";

    public static LoggedRange Read(long version, string operation, JsonElement json) => new(
        version, operation, json.GetProperty("appId").GetString()!, new(json.GetProperty("topic").GetString()!, json.GetProperty("partition").GetInt32()),
        json.GetProperty("from").GetInt64(), json.GetProperty("to").GetInt64(), json.GetProperty("records").GetInt64(), json.GetProperty("written").GetInt64(),
        json.GetProperty("duplicates").GetInt64(), json.GetProperty("quarantined").GetInt64());

    public override string ToString() => $"{AppId} [{From}, {To})";
}
