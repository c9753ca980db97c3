using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Ingest.Core.Pool.Delta;

/// <summary>Log entries as newline-delimited JSON (Delta protocol, "Actions"): strict when writing, lenient about what others wrote when reading.</summary>
public static class LogJson
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One line an action, each ended by a newline; UTF-8 without byte order mark.</summary>
    public static byte[] Write(IEnumerable<LogAction> actions)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var writer = new Utf8JsonWriter(buffer, s_options);
        foreach (var action in actions)
        {
            WriteAction(writer, action);
            writer.Flush();
            writer.Reset();
            buffer.Write("\n"u8);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Actions that we know, in order; unknown ones are left out, as the protocol asks.</summary>
    /// <exception cref="InvalidDataException">A line is not a JSON object.</exception>
    public static List<LogAction> Read(ReadOnlyMemory<byte> entry)
    {
        var actions = new List<LogAction>();
        var rest = entry;
        while (!rest.IsEmpty)
        {
            var end = rest.Span.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (line.Span.Trim("\r \t"u8).IsEmpty) continue;
            try
            {
                using var document = JsonDocument.Parse(line);
                foreach (var property in document.RootElement.EnumerateObject())
                {
                    if (ReadAction(property.Name, property.Value) is { } action) actions.Add(action);
                }
            }
            catch (Exception malformed) when (malformed is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
            {
                throw new InvalidDataException($"a line is not an action: {Encoding.UTF8.GetString(line.Span[..Math.Min(80, line.Length)])}", malformed);
            }
        }

        return actions;
    }

    private static void WriteAction(Utf8JsonWriter writer, LogAction action)
    {
        writer.WriteStartObject();
        switch (action)
        {
            case LogAction.Protocol protocol:
                writer.WriteStartObject("protocol");
                writer.WriteNumber("minReaderVersion", protocol.MinReaderVersion);
                writer.WriteNumber("minWriterVersion", protocol.MinWriterVersion);
                WriteFeatures(writer, "readerFeatures", protocol.ReaderFeatures);
                WriteFeatures(writer, "writerFeatures", protocol.WriterFeatures);
                break;
            case LogAction.Metadata metadata:
                WriteMetadata(writer, metadata);
                break;
            case LogAction.Add add:
                writer.WriteStartObject("add");
                writer.WriteString("path", add.PathAsLogged ?? LogPath.Encode(add.Path));
                WriteMap(writer, "partitionValues", add.PartitionValues);
                writer.WriteNumber("size", add.Size);
                writer.WriteNumber("modificationTime", add.ModificationTime);
                writer.WriteBoolean("dataChange", add.DataChange);
                if (add.Stats is not null) writer.WriteString("stats", add.Stats);
                if (add.Tags.Count > 0) WriteMap(writer, "tags", add.Tags!);
                break;
            case LogAction.Remove remove:
                writer.WriteStartObject("remove");
                writer.WriteString("path", remove.PathAsLogged ?? LogPath.Encode(remove.Path));
                if (remove.DeletionTimestamp is { } deleted) writer.WriteNumber("deletionTimestamp", deleted);
                writer.WriteBoolean("dataChange", remove.DataChange);
                writer.WriteBoolean("extendedFileMetadata", remove is { PartitionValues: not null, Size: not null });
                if (remove.PartitionValues is not null) WriteMap(writer, "partitionValues", remove.PartitionValues);
                if (remove.Size is { } size) writer.WriteNumber("size", size);
                break;
            case LogAction.Txn txn:
                writer.WriteStartObject("txn");
                writer.WriteString("appId", txn.AppId);
                writer.WriteNumber("version", txn.Version);
                if (txn.LastUpdated is { } updated) writer.WriteNumber("lastUpdated", updated);
                break;
            case LogAction.Info info:
                writer.WriteStartObject("commitInfo");
                CommitInfoJson.Write(writer, info.Content);
                break;
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteMetadata(Utf8JsonWriter writer, LogAction.Metadata metadata)
    {
        writer.WriteStartObject("metaData");
        writer.WriteString("id", metadata.Id);
        if (metadata.Name is not null) writer.WriteString("name", metadata.Name);
        if (metadata.Description is not null) writer.WriteString("description", metadata.Description);
        writer.WriteStartObject("format");
        writer.WriteString("provider", "parquet");
        writer.WriteStartObject("options");
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteString("schemaString", metadata.SchemaString);
        writer.WriteStartArray("partitionColumns");
        foreach (var column in metadata.PartitionColumns) writer.WriteStringValue(column);
        writer.WriteEndArray();
        WriteMap(writer, "configuration", metadata.Configuration!);
        if (metadata.CreatedTime is { } created) writer.WriteNumber("createdTime", created);
    }

    private static void WriteFeatures(Utf8JsonWriter writer, string name, ImmutableArray<string> features)
    {
        if (features.IsDefaultOrEmpty) return;
        writer.WriteStartArray(name);
        foreach (var feature in features) writer.WriteStringValue(feature);
        writer.WriteEndArray();
    }

    private static void WriteMap(Utf8JsonWriter writer, string name, IEnumerable<KeyValuePair<string, string?>> map)
    {
        writer.WriteStartObject(name);
        foreach (var (key, value) in map) writer.WriteString(key, value);
        writer.WriteEndObject();
    }

    private static LogAction? ReadAction(string name, JsonElement json) => name switch
    {
        "protocol" => new LogAction.Protocol(json.GetProperty("minReaderVersion").GetInt32(), json.GetProperty("minWriterVersion").GetInt32(), Strings(json, "readerFeatures"), Strings(json, "writerFeatures")),
        "metaData" => new LogAction.Metadata(
            json.GetProperty("id").GetString()!,
            Text(json, "schemaString") ?? "",
            Strings(json, "partitionColumns"),
            Map(json, "configuration")!.ToImmutableSortedDictionary(p => p.Key, p => p.Value ?? "", StringComparer.Ordinal),
            Text(json, "name"),
            Text(json, "description"),
            Number(json, "createdTime")),
        "add" => new LogAction.Add(
            LogPath.Decode(Path(json)),
            Map(json, "partitionValues")!,
            json.GetProperty("size").GetInt64(),
            Number(json, "modificationTime") ?? 0,
            Truth(json, "dataChange"),
            Text(json, "stats"),
            Map(json, "tags")!.ToImmutableSortedDictionary(p => p.Key, p => p.Value ?? "", StringComparer.Ordinal))
        {
            PathAsLogged = LogPath.Foreign(Path(json)),
        },
        "remove" => new LogAction.Remove(
            LogPath.Decode(Path(json)), Number(json, "deletionTimestamp"), Truth(json, "dataChange"),
            json.TryGetProperty("partitionValues", out _) ? Map(json, "partitionValues") : null, Number(json, "size"))
        {
            PathAsLogged = LogPath.Foreign(Path(json)),
        },
        "txn" => new LogAction.Txn(json.GetProperty("appId").GetString()!, json.GetProperty("version").GetInt64(), Number(json, "lastUpdated")),
        "commitInfo" => new LogAction.Info(CommitInfoJson.Read(json)),
        _ => null,
    };

    private static string Path(JsonElement json) => json.GetProperty("path").GetString() ?? throw new InvalidOperationException("A path is null.");

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;

    private static bool Truth(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static ImmutableArray<string> Strings(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(e => e.GetString() ?? "")] : [];

    private static ImmutableSortedDictionary<string, string?> Map(JsonElement json, string name)
    {
        var map = ImmutableSortedDictionary.CreateBuilder<string, string?>(StringComparer.Ordinal);
        if (json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in value.EnumerateObject()) map[property.Name] = property.Value.ValueKind == JsonValueKind.Null ? null : property.Value.ToString();
        }

        return map.ToImmutable();
    }
}
