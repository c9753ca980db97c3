using System.Collections.Immutable;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// The valid index runs at a checkpoint's version. Checkpoints keep no commitInfo, so this file does; its content follows from the log alone,
/// so whoever writes it writes the same. Two lines: the state, and the XXH128 of the first line.
/// </summary>
internal static class IndexManifest
{
    public static byte[] Write(long version, LogIndex state)
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
    public static async ValueTask<LogIndex> ReadAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        if (await table.ReadAsync(LogNames.IndexManifest(version), cancellation) is not { } bytes) return LogIndex.Unknown;
        var end = Array.IndexOf(bytes, (byte)'\n');
        if (end < 0 || Encoding.ASCII.GetString(bytes.AsSpan(end + 1)) != Checksum(bytes.AsSpan(0, end)) + "\n") return LogIndex.Unknown;
        try
        {
            using var manifest = JsonDocument.Parse(bytes.AsMemory(0, end));
            var root = manifest.RootElement;
            if (root.GetProperty("version").GetInt64() != version) return LogIndex.Unknown;
            var runs = root.GetProperty("runs").EnumerateArray().Select(CommitInfoJson.ReadRun).ToImmutableArray();
            return LogIndex.Of(runs, [.. runs.Select(_ => version)], root.GetProperty("keys").GetInt64(), CommitInfoJson.Sum(root, "sum"));
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return LogIndex.Unknown;
        }
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
