using System.ComponentModel;

namespace Ingest.Worker.Configuration;

/// <summary>
/// What an operator sets, in the section <c>Ingest</c> of appsettings.json, as environment variables (<c>Ingest__Kafka__GroupId</c>) or on the command
/// line (<c>--Ingest:Kafka:GroupId=…</c>). The descriptions here are the ones in the README's table.
/// </summary>
public sealed class IngestSettings
{
    [Description("Where the tables are: a folder, `s3://bucket/prefix`, or `az://container/prefix` ([docs/stores.md](docs/stores.md)).")]
    public string Pool { get; set; } = "pool";

    [Description("Contracts: a YAML file, or a folder of them.")]
    public string Contracts { get; set; } = "contracts";

    public KafkaSettings Kafka { get; set; } = new();

    public MemorySettings Memory { get; set; } = new();

    public BatchingSettings Batching { get; set; } = new();

    public TableSettings Table { get; set; } = new();

    public SealingSettings Sealing { get; set; } = new();

    public HousekeepingSettings Housekeeping { get; set; } = new();

    public StoreSettings Store { get; set; } = new();

    public LimitSettings Limits { get; set; } = new();

    public HealthSettings Health { get; set; } = new();
}

public sealed class KafkaSettings
{
    [Description("Bootstrap brokers, `host:port`, comma-separated. Required by `run`.")]
    public string BootstrapServers { get; set; } = "";

    [Description("Consumer group. Workers of one group share the partitions.")]
    public string GroupId { get; set; } = "ingest";

    [Description("Name of this Kafka cluster in the tables' ledger. Give a cluster whose topics were re-created another name.")]
    public string Source { get; set; } = "kafka";

    [Description("Where partitions that the pool has never seen begin: `Earliest` or `Latest`.")]
    public Core.Flow.Protocol.StartPolicy StartFrom { get; set; }

    [Description("Topic that refused records are also sent to, after they are in the quarantine, beginning with all that it holds; none if empty. At least once: the header `ingest-id` tells repetitions.")]
    public string DeadLetterTopic { get; set; } = "";

    [Description("Any librdkafka property, by its own name: `Ingest__Kafka__Properties__security.protocol=SASL_SSL`.")]
    public Dictionary<string, string> Properties { get; set; } = [];
}

public sealed class MemorySettings
{
    [Description("Bytes for everything in flight: what the Kafka client has fetched (an eighth of it), chunks, open batches and those being committed, buffers between them. The process takes at most 256 MiB more.")]
    public string Budget { get; set; } = "512MiB";
}

public sealed class BatchingSettings
{
    [Description("How long a record may wait for its commit. Shorter: fresher tables, more and smaller files.")]
    public TimeSpan FlushAfter { get; set; } = TimeSpan.FromSeconds(2);

    [Description("The same while more than 10,000 transfers, or 64 MiB of them, are waiting: large batches are several times cheaper.")]
    public TimeSpan FlushAfterBehind { get; set; } = TimeSpan.FromSeconds(20);

    [Description("A batch is committed when it weighs this much, however young.")]
    public string FlushBytes { get; set; } = "96MiB";

    [Description("A batch is committed when it has this many rows.")]
    public int FlushRows { get; set; } = 1_000_000;

    [Description("How long offsets without any record for a table may stay uncommitted there.")]
    public TimeSpan IdleFlushAfter { get; set; } = TimeSpan.FromSeconds(30);
}

public sealed class TableSettings
{
    [Description("Commits between checkpoints of a table.")]
    public int CheckpointInterval { get; set; } = 100;

    [Description("Local folder for copies of index runs. May be deleted at any time. Default: a folder below the system's temporary one.")]
    public string IndexCache { get; set; } = "";
}

public sealed class SealingSettings
{
    [Description("Recent rows of a partition are sealed as soon as they make a file of this size.")]
    public string TargetBytes { get; set; } = "256MiB";

    [Description("How long a partition must be quiet before what it has is sealed, however little. Each further file of the same partition waits twice as long, at most a week.")]
    public TimeSpan QuietAfter { get; set; } = TimeSpan.FromHours(1);

    [Description("Recent files of a partition are merged, before they are sealed, when there are this many.")]
    public int MergeFiles { get; set; } = 128;

    [Description("Bytes of rows in memory while files are merged, at most; taken from the budget, with as much again for encoding, as they are needed. More rows go over the local disk.")]
    public string Memory { get; set; } = "64MiB";
}

public sealed class HousekeepingSettings
{
    [Description("Seal, clean the log and vacuum beside ingest. One worker a table does it at a time. Off: use `pool compact` and `pool vacuum`.")]
    public bool Enabled { get; set; } = true;

    [Description("How often it is looked for something to seal.")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(30);

    [Description("How long entries of the log are kept: as far back as time travel and `pool ledger` reach.")]
    public TimeSpan LogRetention { get; set; } = TimeSpan.FromDays(30);

    [Description("How long files that were replaced are kept for readers of older versions; at least 7 days.")]
    public TimeSpan FileRetention { get; set; } = TimeSpan.FromDays(7);
}

public sealed class StoreSettings
{
    [Description("Time that one attempt at the store may take.")]
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(30);

    [Description("Longest pause between two attempts. Attempts never end: a store that fails pauses intake until it is back.")]
    public TimeSpan RetryDelayMax { get; set; } = TimeSpan.FromSeconds(30);

    [Description("Your word that one process alone writes to this pool, ever; only then is a store taken that ignores conditional writes.")]
    public bool SingleWriter { get; set; }

    public S3Settings S3 { get; set; } = new();

    public AzureSettings Azure { get; set; } = new();
}

public sealed class S3Settings
{
    [Description("URL of an S3 service that is not AWS. Default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, or AWS.")]
    public string Endpoint { get; set; } = "";

    [Description("Region. Default: the AWS SDK's (`AWS_REGION`, profile, instance); with an endpoint of one's own `us-east-1`.")]
    public string Region { get; set; } = "";

    [Description("Where the bucket's name stands in URLs: `Path`, `Host`, or `Auto`: in the host for AWS and Alibaba, else in the path.")]
    public Core.Stores.S3.S3Addressing Addressing { get; set; }

    [Description("What the server checks of an upload: `Sha256` (the signature's), `Md5`, `Crc` (the SDK's, checked on reading, too), or `Auto`: Crc for AWS, Md5 for Alibaba, else Sha256.")]
    public Core.Stores.S3.S3Checksum Checksum { get; set; }

    [Description("How a create says that it must not overwrite: `IfNoneMatch`, `ForbidOverwrite` (Alibaba's header), or `Auto`.")]
    public Core.Stores.S3.S3Condition Condition { get; set; }
}

public sealed class AzureSettings
{
    [Description("Storage account, when the pool's address does not name it. Default: `AZURE_STORAGE_CONNECTION_STRING` or `AZURE_STORAGE_ACCOUNT`.")]
    public string Account { get; set; } = "";

    [Description("URL of the account's blobs where it is not `https://ACCOUNT.blob.core.windows.net`.")]
    public string Endpoint { get; set; } = "";
}

public sealed class LimitSettings
{
    [Description("Largest transfer that is decoded; a larger one goes to quarantine.")]
    public string TransferBytesMax { get; set; } = "32MiB";

    [Description("Largest record that is decoded; a larger one goes to quarantine.")]
    public string RecordBytesMax { get; set; } = "16MiB";
}

public sealed class HealthSettings
{
    [Description("Port of `/health/live`, `/health/ready`, `/metrics` and the status page; 0 for none.")]
    public int Port { get; set; } = 8080;

    [Description("Not ready when a record has waited this long for its commit.")]
    public TimeSpan CommitAgeMax { get; set; } = TimeSpan.FromSeconds(30);
}
