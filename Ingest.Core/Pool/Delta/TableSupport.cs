using System.Runtime.CompilerServices;
using System.Text.Json;
using Ingest.Core.Contracts;

namespace Ingest.Core.Pool.Delta;

/// <summary>Whether we may write to a table as it is. Refuses all that would oblige a writer to do what we do not.</summary>
public static class TableSupport
{
    /// <summary>What to do about a column that should have another type, as far as it will get.</summary>
    internal const string NewType = "keep the old column, and add one of another name that dedup.except lists too; or give the dataset another name and send its records again.";

    private static readonly string[] s_refusedConfiguration =
    [
        "delta.columnMapping.mode", "delta.enableDeletionVectors", "delta.enableChangeDataFeed", "delta.enableInCommitTimestamps", "delta.enableRowTracking",
        "delta.setTransactionRetentionDuration", "delta.enableIcebergCompatV1", "delta.enableIcebergCompatV2", "delta.feature.", "delta.constraints.", "delta.enableTypeWidening", "delta.enableVariantShredding",
    ];

    /// <summary>Metadata of columns that oblige a writer to check or to make values.</summary>
    private static readonly string[] s_refusedColumns = ["delta.invariants", "delta.generationExpression", "delta.identity.", "CURRENT_DEFAULT"];

    /// <summary>What was found in a schema: each commit asks, and the schema is nearly always the very text of the commit before.</summary>
    private static readonly ConditionalWeakTable<string, Judged> s_judged = [];

    /// <summary>Why the rows cannot be told from the files alone, in a sentence; null when they can. Deletion vectors and renamed columns would be overlooked.</summary>
    public static string? ReadProblem(Snapshot snapshot) => snapshot.Protocol is { MinReaderVersion: > 1 } protocol
        ? $"it needs Delta reader version {protocol.MinReaderVersion}{(protocol.ReaderFeatures.IsEmpty ? "" : $" ({string.Join(", ", protocol.ReaderFeatures)})")}; at most 1 is supported here. Read it with the engine that upgraded it."
        : null;

    /// <summary>Null when all is well; else a sentence.</summary>
    public static string? Problem(Snapshot snapshot)
    {
        if (snapshot.Protocol is not { } protocol || snapshot.Metadata is not { } metadata) return "its log has no protocol or no metadata, so it is not a Delta table that can be written to.";
        if (protocol.MinReaderVersion > 1 || protocol.MinWriterVersion > 2)
            return $"it needs Delta reader version {protocol.MinReaderVersion} and writer version {protocol.MinWriterVersion}; at most 1 and 2 are supported. Another engine has upgraded it: copy its rows to a new table, and keep that engine from writing here.";
        foreach (var (key, value) in metadata.Configuration)
        {
            if (value is "false" or "none" || !s_refusedConfiguration.Any(r => key.StartsWith(r, StringComparison.OrdinalIgnoreCase))) continue;
            return $"its property {key} is '{value}', which asks of writers what is not supported here. Unset it.";
        }

        var judged = s_judged.GetOrAdd(metadata.SchemaString, static _ => new Judged());
        return (judged.Problem ??= new Finding(SchemaProblem(metadata.SchemaString))).Text;
    }

    private static string? SchemaProblem(string schemaString)
    {
        try
        {
            using var schema = JsonDocument.Parse(schemaString);
            return ColumnProblem(schema.RootElement.GetProperty("fields"));
        }
        catch (JsonException malformed)
        {
            return $"its schema is not JSON ({malformed.Message}).";
        }
        catch (Exception other) when (other is KeyNotFoundException or InvalidOperationException)
        {
            return "its schema is not a list of columns with names and types, so it is not a Delta table that can be written to.";
        }
    }

    private static string? ColumnProblem(JsonElement fields)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in fields.EnumerateArray())
        {
            var (name, text) = (field.GetProperty("name").GetString()!, field.GetRawText());
            _ = field.GetProperty("type");
            if (!names.Add(name)) return $"its columns '{names.First(n => n.Equals(name, StringComparison.OrdinalIgnoreCase))}' and '{name}' differ in case alone, which is not supported here. Rename one, or give the dataset another name.";
            if (Array.Find(s_refusedColumns, r => text.Contains($"\"{r}", StringComparison.Ordinal)) is { } refused)
                return $"its column '{name}' has '{refused}' (an invariant, a computed value or a default), which is not supported here. Drop that, or give the dataset another name.";
            if (field.TryGetProperty("nullable", out var nullable) && nullable.ValueKind == JsonValueKind.False)
                return $"its column '{name}' must not be null, which is not enforced here. Make it nullable, or give the dataset another name.";
        }

        return null;
    }

    /// <summary>
    /// Why rows of the table cannot be told apart again; null when they can. The department is part of each row's fingerprint: a table with neither folders nor a column of it was made
    /// when files did not store it.
    /// </summary>
    /// <param name="wantedSchema">The contract's.</param>
    public static string? DepartmentProblem(Snapshot snapshot, string wantedSchema)
    {
        if (snapshot.Metadata is not { } metadata || snapshot is { LiveFiles: 0 } || Columns(metadata.SchemaString).ContainsKey(SystemColumns.Department)) return null;
        if (!Columns(wantedSchema).ContainsKey(SystemColumns.Department)) return null;
        return "it was made by an earlier version, which stored the department of a row nowhere unless the table is partitioned by it. So its rows can be read, and neither sealed nor indexed anew. " +
            "Give the dataset another name, and send its records again.";
    }

    /// <summary>A type of the table's schema as a contract writes it.</summary>
    public static string Word(string type) => type == "integer" ? "int" : type;

    /// <summary>Null when a schema holds every column of another, with equal types; else a sentence.</summary>
    public static string? Missing(string schemaString, string needed)
    {
        var have = Columns(schemaString);
        foreach (var (name, type) in Columns(needed))
        {
            if (!have.TryGetValue(name, out var other)) return $"column '{name}' is not in the table.";
            if (other != type) return $"column '{name}' is {Word(other)} in the table and {Word(type)} in the contract. A column's type cannot change: {NewType}";
        }

        return null;
    }

    /// <summary>The table's schema with the contract's new columns added at the end; its own columns, and their metadata, as they are.</summary>
    public static string Widened(string schemaString, string wanted)
    {
        var have = Columns(schemaString);
        using var old = JsonDocument.Parse(schemaString);
        using var contract = JsonDocument.Parse(wanted);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "struct");
            writer.WriteStartArray("fields");
            foreach (var field in old.RootElement.GetProperty("fields").EnumerateArray()) field.WriteTo(writer);
            foreach (var field in contract.RootElement.GetProperty("fields").EnumerateArray())
            {
                if (!have.ContainsKey(field.GetProperty("name").GetString()!)) field.WriteTo(writer);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Column names with their types as JSON text.</summary>
    public static IReadOnlyDictionary<string, string> Columns(string schemaString) =>
        s_judged.GetOrAdd(schemaString, static _ => new Judged()).Columns ??= ReadColumns(schemaString);

    private static Dictionary<string, string> ReadColumns(string schemaString)
    {
        using var schema = JsonDocument.Parse(schemaString);
        return schema.RootElement.GetProperty("fields").EnumerateArray().ToDictionary(
            f => f.GetProperty("name").GetString()!, f => f.GetProperty("type").ToString(), StringComparer.OrdinalIgnoreCase);
    }

    private sealed record Finding(string? Text);

    private sealed class Judged
    {
        public Finding? Problem { get; set; }

        public IReadOnlyDictionary<string, string>? Columns { get; set; }
    }
}
