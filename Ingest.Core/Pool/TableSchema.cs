using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Ingest.Core.Contracts;

namespace Ingest.Core.Pool;

/// <summary>A dataset's table as Delta describes it: contract columns in their order, department and event date, then the system's. Every column may be null: a reader must not rely on more than we prove.</summary>
public static class TableSchema
{
    /// <summary>The schema as the log's metadata carries it.</summary>
    public static string SchemaString(DatasetPlan plan)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "struct");
            writer.WriteStartArray("fields");
            foreach (var column in plan.Columns) WriteField(writer, column.Name, TypeName(column.Type, column.Precision, column.Scale), column.Description, column.Protected);
            foreach (var partition in plan.Partitioning)
            {
                if (partition.Kind == PartitionKind.Department) WriteDepartment(writer);
                else if (partition.Kind == PartitionKind.EventDate) WriteField(writer, partition.Name, "date", "Date of the event in the contract's time zone", false);
            }

            if (plan.StoresDepartment) WriteDepartment(writer);
            foreach (var (name, type) in SystemColumns.Stored) WriteField(writer, name, TypeName(type, 0, 0), null, false);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    public static ImmutableArray<string> PartitionColumns(DatasetPlan plan) => [.. plan.Partitioning.Select(p => p.Name)];

    /// <summary>Delta's name of a type (Delta protocol, "Primitive Types").</summary>
    public static string TypeName(ColumnType type, int precision, int scale) => type switch
    {
        ColumnType.String => "string",
        ColumnType.Int => "integer",
        ColumnType.Long => "long",
        ColumnType.Double => "double",
        ColumnType.Decimal => string.Create(CultureInfo.InvariantCulture, $"decimal({precision},{scale})"),
        ColumnType.Boolean => "boolean",
        ColumnType.Date => "date",
        ColumnType.Timestamp => "timestamp",
        ColumnType.Binary => "binary",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    private static void WriteDepartment(Utf8JsonWriter writer) => WriteField(writer, SystemColumns.Department, "string", "Department that the topic is bound to", false);

    private static void WriteField(Utf8JsonWriter writer, string name, string type, string? comment, bool isProtected)
    {
        writer.WriteStartObject();
        writer.WriteString("name", name);
        writer.WriteString("type", type);
        writer.WriteBoolean("nullable", true);
        writer.WriteStartObject("metadata");
        if (comment is not null) writer.WriteString("comment", comment);
        if (isProtected) writer.WriteString("ingest.protected", "true");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
