using Parquet.Schema;

namespace Ingest.Core.Pool.Delta;

/// <summary>The columns of a classic checkpoint (Delta protocol, "Checkpoint Schema"): one nullable struct an action, of which exactly one is set in a row. The names are the protocol's.</summary>
internal static class CheckpointSchema
{
    /// <summary>As we write it. Readers take the columns that a file has.</summary>
    public static ParquetSchema Written { get; } = new(
        new StructField("txn", Text("appId"), Long("version"), Long("lastUpdated")),
        new StructField("add", Text("path"), Map("partitionValues"), Long("size"), Long("modificationTime"), Truth("dataChange"), Map("tags"), Text("stats")),
        new StructField("remove", Text("path"), Long("deletionTimestamp"), Truth("dataChange"), Truth("extendedFileMetadata"), Map("partitionValues"), Long("size")),
        new StructField(
            "metaData",
            Text("id"), Text("name"), Text("description"), new StructField("format", Text("provider"), Map("options")), Text("schemaString"), Texts("partitionColumns"), Map("configuration"), Long("createdTime")),
        new StructField("protocol", Int("minReaderVersion"), Int("minWriterVersion"), Texts("readerFeatures"), Texts("writerFeatures")));

    /// <summary>The column at a path; null when there is none. What stands between a map or list and its values (<c>key_value</c>, <c>list</c>) is named by each writer as it likes.</summary>
    /// <param name="leaf"><c>key</c> or <c>value</c> of a map.</param>
    public static DataField? Find(IReadOnlyList<DataField> columns, string[] path, string? leaf = null)
    {
        foreach (var column in columns)
        {
            var names = column.Path;
            var isThere = names.Length >= path.Length && (leaf is null || names[names.Length - 1] == leaf);
            for (var i = 0; i < path.Length && isThere; i++) isThere = names[i] == path[i];
            if (isThere) return column;
        }

        return null;
    }

    private static DataField<string> Text(string name) => new(name);

    private static DataField<long?> Long(string name) => new(name);

    private static DataField<int?> Int(string name) => new(name);

    private static DataField<bool?> Truth(string name) => new(name);

    private static MapField Map(string name) => new(name, new DataField<string>("key", nullable: false), new DataField<string>("value"));

    private static ListField Texts(string name) => new(name, new DataField<string>("element"));
}
