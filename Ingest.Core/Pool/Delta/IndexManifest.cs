using System.Collections.Immutable;
using System.Text.Json;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// The valid index runs at a checkpoint's version. Checkpoints keep no commitInfo, so this file does; its content follows from the log alone,
/// so whoever writes it writes the same.
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

        buffer.Write("\n"u8);
        return buffer.ToArray();
    }

    /// <summary>The state at a checkpoint; unknown when its manifest is missing or does not add up.</summary>
    public static async ValueTask<LogIndex> ReadAsync(IObjectStore table, long version, CancellationToken cancellation)
    {
        if (await table.ReadAsync(LogNames.IndexManifest(version), cancellation) is not { } bytes) return LogIndex.Unknown;
        try
        {
            using var manifest = JsonDocument.Parse(bytes);
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
}
