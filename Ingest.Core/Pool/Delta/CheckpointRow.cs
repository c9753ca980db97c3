using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Ingest.Core.Pool.Delta;

/// <summary>A row of a classic checkpoint (Delta protocol, "Checkpoint Schema"): exactly one field is set. The names are the protocol's.</summary>
internal sealed class CheckpointRow
{
    [JsonPropertyName("txn")]
    public TxnRow? Txn { get; set; }

    [JsonPropertyName("add")]
    public AddRow? Add { get; set; }

    [JsonPropertyName("remove")]
    public RemoveRow? Remove { get; set; }

    [JsonPropertyName("metaData")]
    public MetadataRow? Metadata { get; set; }

    [JsonPropertyName("protocol")]
    public ProtocolRow? Protocol { get; set; }

    public static CheckpointRow? From(LogAction action) => action switch
    {
        LogAction.Txn t => new CheckpointRow { Txn = new TxnRow { AppId = t.AppId, Version = t.Version, LastUpdated = t.LastUpdated } },
        LogAction.Add a => new CheckpointRow
        {
            Add = new AddRow
            {
                Path = a.PathAsLogged ?? LogPath.Encode(a.Path),
                PartitionValues = a.PartitionValues.ToDictionary(p => p.Key, p => p.Value),
                Size = a.Size,
                ModificationTime = a.ModificationTime,
                DataChange = false,
                Tags = a.Tags.ToDictionary(p => p.Key, p => (string?)p.Value),
                Stats = a.Stats,
            },
        },
        LogAction.Remove r => new CheckpointRow
        {
            Remove = new RemoveRow
            {
                Path = r.PathAsLogged ?? LogPath.Encode(r.Path),
                DeletionTimestamp = r.DeletionTimestamp,
                DataChange = false,
                ExtendedFileMetadata = r is { PartitionValues: not null, Size: not null },
                PartitionValues = r.PartitionValues?.ToDictionary(p => p.Key, p => p.Value) ?? [],
                Size = r.Size,
            },
        },
        LogAction.Metadata m => new CheckpointRow
        {
            Metadata = new MetadataRow
            {
                Id = m.Id,
                Name = m.Name,
                Description = m.Description,
                Format = new FormatRow { Provider = "parquet", Options = [] },
                SchemaString = m.SchemaString,
                PartitionColumns = [.. m.PartitionColumns],
                Configuration = m.Configuration.ToDictionary(p => p.Key, p => (string?)p.Value),
                CreatedTime = m.CreatedTime,
            },
        },
        LogAction.Protocol p => new CheckpointRow
        {
            Protocol = new ProtocolRow
            {
                MinReaderVersion = p.MinReaderVersion,
                MinWriterVersion = p.MinWriterVersion,
                ReaderFeatures = p.ReaderFeatures.IsDefaultOrEmpty ? null : [.. p.ReaderFeatures],
                WriterFeatures = p.WriterFeatures.IsDefaultOrEmpty ? null : [.. p.WriterFeatures],
            },
        },
        _ => null,
    };

    public LogAction? ToAction()
    {
        if (Txn is { } t) return new LogAction.Txn(t.AppId!, t.Version ?? 0, t.LastUpdated);
        if (Add is { } a)
        {
            return new LogAction.Add(
                LogPath.Decode(a.Path!), Map(a.PartitionValues), a.Size ?? 0, a.ModificationTime ?? 0, a.DataChange ?? false, a.Stats,
                Map(a.Tags).ToImmutableSortedDictionary(p => p.Key, p => p.Value ?? "", StringComparer.Ordinal))
            {
                PathAsLogged = LogPath.Foreign(a.Path!),
            };
        }

        if (Remove is { } r) return new LogAction.Remove(LogPath.Decode(r.Path!), r.DeletionTimestamp, r.DataChange ?? false, r.ExtendedFileMetadata == true ? Map(r.PartitionValues) : null, r.Size) { PathAsLogged = LogPath.Foreign(r.Path!) };
        if (Metadata is { } m)
        {
            return new LogAction.Metadata(
                m.Id!, m.SchemaString ?? "", [.. m.PartitionColumns ?? []], Map(m.Configuration).ToImmutableSortedDictionary(p => p.Key, p => p.Value ?? "", StringComparer.Ordinal), m.Name, m.Description, m.CreatedTime);
        }

        return Protocol is { } p2 ? new LogAction.Protocol(p2.MinReaderVersion ?? 1, p2.MinWriterVersion ?? 2, [.. p2.ReaderFeatures ?? []], [.. p2.WriterFeatures ?? []]) : null;
    }

    private static ImmutableSortedDictionary<string, string?> Map(Dictionary<string, string?>? map) =>
        (map ?? []).ToImmutableSortedDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);

    internal sealed class TxnRow
    {
        [JsonPropertyName("appId")]
        public string? AppId { get; set; }

        [JsonPropertyName("version")]
        public long? Version { get; set; }

        [JsonPropertyName("lastUpdated")]
        public long? LastUpdated { get; set; }
    }

    internal sealed class AddRow
    {
        [JsonPropertyName("path")]
        public string? Path { get; set; }

        [JsonPropertyName("partitionValues")]
        public Dictionary<string, string?>? PartitionValues { get; set; }

        [JsonPropertyName("size")]
        public long? Size { get; set; }

        [JsonPropertyName("modificationTime")]
        public long? ModificationTime { get; set; }

        [JsonPropertyName("dataChange")]
        public bool? DataChange { get; set; }

        [JsonPropertyName("tags")]
        public Dictionary<string, string?>? Tags { get; set; }

        [JsonPropertyName("stats")]
        public string? Stats { get; set; }
    }

    internal sealed class RemoveRow
    {
        [JsonPropertyName("path")]
        public string? Path { get; set; }

        [JsonPropertyName("deletionTimestamp")]
        public long? DeletionTimestamp { get; set; }

        [JsonPropertyName("dataChange")]
        public bool? DataChange { get; set; }

        [JsonPropertyName("extendedFileMetadata")]
        public bool? ExtendedFileMetadata { get; set; }

        [JsonPropertyName("partitionValues")]
        public Dictionary<string, string?>? PartitionValues { get; set; }

        [JsonPropertyName("size")]
        public long? Size { get; set; }
    }

    internal sealed class FormatRow
    {
        [JsonPropertyName("provider")]
        public string? Provider { get; set; }

        [JsonPropertyName("options")]
        public Dictionary<string, string?>? Options { get; set; }
    }

    internal sealed class MetadataRow
    {
        [JsonPropertyName("id")]
        public string? Id { get; set; }

        [JsonPropertyName("name")]
        public string? Name { get; set; }

        [JsonPropertyName("description")]
        public string? Description { get; set; }

        [JsonPropertyName("format")]
        public FormatRow? Format { get; set; }

        [JsonPropertyName("schemaString")]
        public string? SchemaString { get; set; }

        [JsonPropertyName("partitionColumns")]
        public List<string>? PartitionColumns { get; set; }

        [JsonPropertyName("configuration")]
        public Dictionary<string, string?>? Configuration { get; set; }

        [JsonPropertyName("createdTime")]
        public long? CreatedTime { get; set; }
    }

    internal sealed class ProtocolRow
    {
        [JsonPropertyName("minReaderVersion")]
        public int? MinReaderVersion { get; set; }

        [JsonPropertyName("minWriterVersion")]
        public int? MinWriterVersion { get; set; }

        [JsonPropertyName("readerFeatures")]
        public List<string>? ReaderFeatures { get; set; }

        [JsonPropertyName("writerFeatures")]
        public List<string>? WriterFeatures { get; set; }
    }
}
