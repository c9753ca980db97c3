using System.Collections.Immutable;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// The valid index runs at a checkpoint's version, and what the table is there, without its files. Checkpoints keep no commitInfo, so this file tells of the
/// index; and since opening a table needs no list of its files, it opens by this one however many there are. Its content follows from the log alone,
/// so whoever writes it writes the same. Two lines: the state, and the XXH128 of the first line.
/// </summary>
internal static class IndexManifest
{
    public static byte[] Write(long version, LogIndex state, Snapshot table, CheckpointHash checkpoint)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", version);
            writer.WriteStartArray("runs");
            foreach (var run in state.Runs) CommitInfoJson.WriteRun(writer, run);
            writer.WriteEndArray();
            writer.WriteNumber("keys", state.TotalKeys);
            writer.WriteString("sum", CommitInfoJson.Hex(state.TotalSum));
            WriteTable(writer, table);
            writer.WriteString("checkpointBytes", CommitInfoJson.Hex(checkpoint.Bytes));
            writer.WriteString("checkpointActions", CommitInfoJson.Hex(checkpoint.Actions));
            writer.WriteEndObject();
        }

        var checksum = Checksum(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
        buffer.Write(Encoding.ASCII.GetBytes("\n" + checksum + "\n"));
        return buffer.ToArray();
    }

    /// <summary>
    /// The state at a version: its own manifest, or the newest one before it and what the entries since then say, or the entries alone. Unknown when
    /// neither reaches that far. Another engine's checkpoint comes without manifest; that alone must not cost a rebuild of the index.
    /// </summary>
    public static async ValueTask<LogIndex> AtAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        if (await ReadAsync(table, version, cancellation) is { IsKnown: true } own) return own;
        var (from, state) = await NewestBeforeAsync(table, version, cancellation);
        for (var at = from; at <= version; at++)
        {
            if (await LogReader.ReadEntryAsync(table, at, cancellation) is not { } entry) return LogIndex.Unknown;
            state = state.After(entry.Actions, at);
        }

        return state;
    }

    /// <summary>The state by the manifest of exactly this version; unknown when there is none or it does not add up.</summary>
    public static async ValueTask<LogIndex> ReadAsync(IObjectStore table, long version, CancellationToken cancellation) =>
        await ReadAsync(table, version, static (root, at) => ReadIndex(root, at), cancellation) ?? LogIndex.Unknown;

    /// <summary>What the table is at a version, by its manifest; null when there is none, it does not add up, or it is of a time when manifests did not tell.</summary>
    public static ValueTask<Snapshot?> ReadTableAsync(IObjectStore table, long version, CancellationToken cancellation) =>
        ReadAsync(table, version, static (root, at) => ReadIndex(root, at) is { IsKnown: true } index && ReadTable(root, at) is { } state ? state with { Index = index } : null, cancellation);

    /// <summary>What the checkpoint of a version must be; null when no manifest says.</summary>
    public static ValueTask<CheckpointHash?> ReadHashAsync(IObjectStore table, long version, CancellationToken cancellation) =>
        ReadAsync(table, version, static (root, _) => root.TryGetProperty("checkpointBytes", out var _) ? new CheckpointHash(CommitInfoJson.Sum(root, "checkpointBytes"), CommitInfoJson.Sum(root, "checkpointActions")) : null, cancellation);

    private static async ValueTask<T?> ReadAsync<T>(IObjectStore table, long version, Func<JsonElement, long, T?> read, CancellationToken cancellation) where T : class
    {
        if (await table.ReadAsync(LogNames.IndexManifest(version), cancellation) is not { } bytes) return null;
        var end = Array.IndexOf(bytes, (byte)'\n');
        if (end < 0 || Encoding.ASCII.GetString(bytes.AsSpan(end + 1)) != Checksum(bytes.AsSpan(0, end)) + "\n") return null;
        try
        {
            using var manifest = JsonDocument.Parse(bytes.AsMemory(0, end));
            return manifest.RootElement.GetProperty("version").GetInt64() == version ? read(manifest.RootElement, version) : null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or InvalidDataException)
        {
            return null;
        }
    }

    private static LogIndex ReadIndex(JsonElement root, long version)
    {
        var runs = root.GetProperty("runs").EnumerateArray().Select(CommitInfoJson.ReadRun).ToImmutableArray();
        return LogIndex.Of(runs, [.. runs.Select(_ => version)], root.GetProperty("keys").GetInt64(), CommitInfoJson.Sum(root, "sum"));
    }

    private static void WriteTable(Utf8JsonWriter writer, Snapshot table)
    {
        writer.WriteStartObject("table");
        writer.WriteNumber("files", table.LiveFiles);
        writer.WriteNumber("rows", table.LiveRows);
        writer.WriteNumber("bytes", table.LiveBytes);
        writer.WriteString("keySum", CommitInfoJson.Hex(table.KeySum));
        writer.WriteBoolean("untagged", table.HasUntaggedFiles);
        writer.WriteBoolean("uncounted", table.HasUncountedFiles);
        writer.WriteNumber("newest", table.NewestTime);
        writer.WriteStartArray("actions");
        foreach (var action in Actions(table)) writer.WriteRawValue(LogJson.Write([action]).AsSpan().TrimEnd((byte)'\n'));
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static IEnumerable<LogAction> Actions(Snapshot table)
    {
        if (table.Protocol is not null) yield return table.Protocol;
        if (table.Metadata is not null) yield return table.Metadata;
        foreach (var (appId, next) in table.Txns.OrderBy(t => t.Key, StringComparer.Ordinal)) yield return new LogAction.Txn(appId, next, null);
    }

    private static Snapshot? ReadTable(JsonElement root, long version)
    {
        if (!root.TryGetProperty("table", out var table)) return null;
        var actions = table.GetProperty("actions").EnumerateArray().SelectMany(a => LogJson.Read(Encoding.UTF8.GetBytes(a.GetRawText()))).ToArray();
        return new Snapshot { Version = version }.Absorb(actions, version, null) with
        {
            LiveFiles = table.GetProperty("files").GetInt64(),
            LiveRows = table.GetProperty("rows").GetInt64(),
            LiveBytes = table.GetProperty("bytes").GetInt64(),
            KeySum = CommitInfoJson.Sum(table, "keySum"),
            HasUntaggedFiles = table.GetProperty("untagged").GetBoolean(),
            HasUncountedFiles = table.GetProperty("uncounted").GetBoolean(),
            NewestTime = table.GetProperty("newest").GetInt64(),
        };
    }

    private static async ValueTask<(long From, LogIndex State)> NewestBeforeAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        var versions = new List<long>();
        await foreach (var found in table.ListAsync(LogNames.IndexManifests, null, cancellation))
        {
            if (LogNames.TryParseManifest(found.Name, out var at) && at < version) versions.Add(at);
        }

        for (var i = versions.Count - 1; i >= 0; i--)
        {
            if (await ReadAsync(table, versions[i], cancellation) is { IsKnown: true } state) return (versions[i] + 1, state);
        }

        return (0, LogIndex.Empty);
    }

    private static string Checksum(ReadOnlySpan<byte> bytes) => CommitInfoJson.Hex(XxHash128.HashToUInt128(bytes));
}
