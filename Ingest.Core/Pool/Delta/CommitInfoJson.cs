using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>The <c>commitInfo</c> of an entry: Spark's fields as Spark writes them, then ours.</summary>
internal static class CommitInfoJson
{
    public static void Write(Utf8JsonWriter writer, CommitInfo info)
    {
        writer.WriteNumber("timestamp", info.Timestamp);
        writer.WriteString("operation", info.Operation);
        writer.WriteStartObject("operationParameters");
        if (info.Operation == "STREAMING UPDATE") writer.WriteString("outputMode", "Append");
        writer.WriteEndObject();
        if (info.ReadVersion is { } read) writer.WriteNumber("readVersion", read);
        writer.WriteString("isolationLevel", "Serializable");
        writer.WriteBoolean("isBlindAppend", false);
        writer.WriteStartObject("operationMetrics");
        writer.WriteString("numOutputRows", info.OutputRows.ToString(CultureInfo.InvariantCulture));
        writer.WriteString("numAddedFiles", info.OutputFiles.ToString(CultureInfo.InvariantCulture));
        writer.WriteString("numOutputBytes", info.OutputBytes.ToString(CultureInfo.InvariantCulture));
        writer.WriteEndObject();
        if (info.EngineInfo is not null) writer.WriteString("engineInfo", info.EngineInfo);
        if (info.TransactionId is not null) writer.WriteString("txnId", info.TransactionId);
        if (info.ContractHash is not null) writer.WriteString("contract", info.ContractHash);
        if (!info.Ranges.IsEmpty) WriteRanges(writer, "kafkaRanges", info.Ranges);
        if (!info.FoundAgain.IsEmpty) WriteRanges(writer, "foundAgain", info.FoundAgain);
        if (info.Index is { } index) WriteIndex(writer, index, info.ReplacesIndex);
        if (info.Conservation is { } proof) WriteConservation(writer, proof);
    }

    /// <summary>Our own entries must be as we write them; those of other writers say what they like, and only what we know is taken.</summary>
    public static CommitInfo Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object) return new CommitInfo();
        var metrics = json.TryGetProperty("operationMetrics", out var m) && m.ValueKind == JsonValueKind.Object ? m : default;
        var info = new CommitInfo
        {
            Timestamp = Number(json, "timestamp"),
            Operation = Text(json, "operation") ?? "",
            EngineInfo = Text(json, "engineInfo"),
            TransactionId = Text(json, "txnId"),
            ReadVersion = json.TryGetProperty("readVersion", out var read) && read.ValueKind == JsonValueKind.Number && read.TryGetInt64(out var version) ? version : null,
            OutputRows = Metric(metrics, "numOutputRows"),
            OutputFiles = (int)Metric(metrics, "numAddedFiles"),
            OutputBytes = Metric(metrics, "numOutputBytes"),
        };
        return info.EngineInfo?.StartsWith(EngineInfo.Name, StringComparison.Ordinal) == true ? ReadOwn(json, info) : info;
    }

    private static CommitInfo ReadOwn(JsonElement json, CommitInfo info)
    {
        var hasIndex = json.TryGetProperty("index", out var index);
        return info with
        {
            ContractHash = Text(json, "contract"),
            Ranges = ReadRanges(json, "kafkaRanges"),
            FoundAgain = ReadRanges(json, "foundAgain"),
            Index = hasIndex ? ReadIndex(index) : null,
            Conservation = json.TryGetProperty("conserved", out var proof) ? ReadConservation(proof) : null,
            ReplacesIndex = hasIndex && index.TryGetProperty("replaces", out var replaces) && replaces.ValueKind == JsonValueKind.True,
        };
    }

    public static void WriteRun(Utf8JsonWriter writer, RunDescriptor run)
    {
        writer.WriteStartObject();
        writer.WriteString("name", run.Name);
        writer.WriteNumber("keys", run.Keys);
        writer.WriteString("sum", Hex(run.Sum));
        writer.WriteNumber("bytes", run.Bytes);
        writer.WriteEndObject();
    }

    public static RunDescriptor ReadRun(JsonElement json) =>
        new(json.GetProperty("name").GetString()!, json.GetProperty("keys").GetInt64(), Sum(json, "sum"), json.GetProperty("bytes").GetInt64());

    public static string Hex(UInt128 value) => value.ToString("x32", CultureInfo.InvariantCulture);

    public static UInt128 Sum(JsonElement json, string name) => UInt128.Parse(json.GetProperty(name).GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static ImmutableArray<CommittedRange> ReadRanges(JsonElement json, string name) =>
        json.TryGetProperty(name, out var ranges) ? [.. ranges.EnumerateArray().Select(ReadRange)] : [];

    private static void WriteRanges(Utf8JsonWriter writer, string name, ImmutableArray<CommittedRange> ranges)
    {
        writer.WriteStartArray(name);
        foreach (var range in ranges)
        {
            writer.WriteStartObject();
            writer.WriteString("appId", range.AppId);
            writer.WriteString("topic", range.Source.Topic);
            writer.WriteNumber("partition", range.Source.Partition);
            writer.WriteString("department", range.Department);
            writer.WriteNumber("from", range.Range.From);
            writer.WriteNumber("to", range.Range.To);
            writer.WriteNumber("records", range.Records);
            writer.WriteNumber("written", range.Written);
            writer.WriteNumber("duplicates", range.Duplicates);
            writer.WriteNumber("quarantined", range.Quarantined);
            writer.WriteNumber("publishedUntil", range.PublishedUntilMs);
            if (range.PublishedFromMs > 0) writer.WriteNumber("publishedFrom", range.PublishedFromMs);
            if (range.LateMs > 0) writer.WriteNumber("late", range.LateMs);
            if (!range.Hours.IsEmpty) WriteHours(writer, range.Hours);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Each as [start, transfers, written, duplicates, quarantined].</summary>
    private static void WriteHours(Utf8JsonWriter writer, ImmutableArray<PublishedHour> hours)
    {
        writer.WriteStartArray("hours");
        foreach (var hour in hours)
        {
            writer.WriteStartArray();
            foreach (var number in (ReadOnlySpan<long>)[hour.StartMs, hour.Transfers, hour.Written, hour.Duplicates, hour.Quarantined]) writer.WriteNumberValue(number);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    private static PublishedHour ReadHour(JsonElement json) => new(json[0].GetInt64(), json[1].GetInt64(), json[2].GetInt64(), json[3].GetInt64(), json[4].GetInt64());

    private static void WriteIndex(Utf8JsonWriter writer, IndexDelta index, bool replaces)
    {
        writer.WriteStartObject("index");
        if (replaces) writer.WriteBoolean("replaces", true);
        writer.WriteStartArray("add");
        foreach (var run in index.Added) WriteRun(writer, run);
        writer.WriteEndArray();
        writer.WriteStartArray("remove");
        foreach (var name in index.Removed) writer.WriteStringValue(name);
        writer.WriteEndArray();
        writer.WriteNumber("keys", index.TotalKeys);
        writer.WriteString("sum", Hex(index.TotalSum));
        writer.WriteEndObject();
    }

    private static void WriteConservation(Utf8JsonWriter writer, Conservation proof)
    {
        writer.WriteStartObject("conserved");
        writer.WriteNumber("plan", proof.Plan);
        writer.WriteNumber("rowsIn", proof.RowsIn);
        writer.WriteNumber("rowsOut", proof.RowsOut);
        writer.WriteString("keySumIn", Hex(proof.KeySumIn));
        writer.WriteString("keySumOut", Hex(proof.KeySumOut));
        writer.WriteString("rowSumIn", Hex(proof.RowSumIn));
        writer.WriteString("rowSumOut", Hex(proof.RowSumOut));
        writer.WriteEndObject();
    }

    private static Conservation ReadConservation(JsonElement json) => new(
        json.GetProperty("plan").GetInt64(),
        json.GetProperty("rowsIn").GetInt64(),
        json.GetProperty("rowsOut").GetInt64(),
        Sum(json, "keySumIn"),
        Sum(json, "keySumOut"),
        Sum(json, "rowSumIn"),
        Sum(json, "rowSumOut"));

    private static CommittedRange ReadRange(JsonElement json) => new(
        json.GetProperty("appId").GetString()!,
        new TopicPartition(json.GetProperty("topic").GetString()!, json.GetProperty("partition").GetInt32()),
        json.GetProperty("department").GetString()!,
        new OffsetRange(json.GetProperty("from").GetInt64(), json.GetProperty("to").GetInt64()),
        json.GetProperty("records").GetInt64(),
        json.GetProperty("written").GetInt64(),
        json.GetProperty("duplicates").GetInt64(),
        json.GetProperty("quarantined").GetInt64(),
        Number(json, "publishedUntil"))
    {
        PublishedFromMs = Number(json, "publishedFrom"),
        LateMs = Number(json, "late"),
        Hours = json.TryGetProperty("hours", out var hours) ? [.. hours.EnumerateArray().Select(ReadHour)] : [],
    };

    private static IndexDelta ReadIndex(JsonElement json) => new(
        [.. json.GetProperty("add").EnumerateArray().Select(ReadRun)],
        [.. json.GetProperty("remove").EnumerateArray().Select(e => e.GetString()!)],
        json.GetProperty("keys").GetInt64(),
        Sum(json, "sum"));

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long Number(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : 0;

    private static long Metric(JsonElement metrics, string name) =>
        metrics.ValueKind == JsonValueKind.Object && long.TryParse(Text(metrics, name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;
}
