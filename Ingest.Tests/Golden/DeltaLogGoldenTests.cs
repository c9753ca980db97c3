using System.Collections.Immutable;
using System.Text;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Golden;

/// <summary>Log entries to the byte: other engines read them, and ours of years ago must mean the same for ever.</summary>
public sealed class DeltaLogGoldenTests
{
    private static readonly ImmutableSortedDictionary<string, string?> s_partition =
        ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal).Add("department", "公安 局").Add("event_date", null);

    public static TheoryData<string, LogAction> Lines => new()
    {
        { """{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}""", new LogAction.Protocol(1, 2, [], []) },
        {
            """{"metaData":{"id":"5fba94ed-9794-4965-ba6e-6ee3c0d22af9","name":"vehicles","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[]}","partitionColumns":["department","event_date"],"configuration":{"ingest.dedup":"v1 content"},"createdTime":1700000000000}}""",
            new LogAction.Metadata("5fba94ed-9794-4965-ba6e-6ee3c0d22af9", """{"type":"struct","fields":[]}""", ["department", "event_date"],
                ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("ingest.dedup", "v1 content"), "vehicles", null, 1_700_000_000_000)
        },
        {
            """{"add":{"path":"department=%E5%85%AC%E5%AE%89%20%E5%B1%80/event_date=__HIVE_DEFAULT_PARTITION__/part-1.parquet","partitionValues":{"department":"公安 局","event_date":null},"size":1234,"modificationTime":1700000000001,"dataChange":true,"stats":"{\"numRecords\":3}","tags":{"ingest.keySum":"0000000000000000000000000000002a"}}}""",
            new LogAction.Add("department=公安 局/event_date=__HIVE_DEFAULT_PARTITION__/part-1.parquet", s_partition, 1234, 1_700_000_000_001, true, """{"numRecords":3}""",
                ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add(LogAction.KeySumTag, "0000000000000000000000000000002a"))
        },
        {
            """{"remove":{"path":"department=a/part-1.parquet","deletionTimestamp":1700000000002,"dataChange":false,"extendedFileMetadata":true,"partitionValues":{"department":"公安 局","event_date":null},"size":1234}}""",
            new LogAction.Remove("department=a/part-1.parquet", 1_700_000_000_002, false, s_partition, 1234)
        },
        {
            """{"txn":{"appId":"ingest/kafka/public-security.vehicles/7","version":9007199254740993,"lastUpdated":1700000000003}}""",
            new LogAction.Txn("ingest/kafka/public-security.vehicles/7", 9_007_199_254_740_993, 1_700_000_000_003)
        },
        {
            """{"commitInfo":{"timestamp":1700000000004,"operation":"STREAMING UPDATE","operationParameters":{"outputMode":"Append"},"readVersion":41,"isolationLevel":"Serializable","isBlindAppend":false,"operationMetrics":{"numOutputRows":"3","numAddedFiles":"1","numOutputBytes":"1234"},"engineInfo":"Ingest/0.1.0","txnId":"0f8fad5b-d9cb-469f-a165-70867728950e","contract":"c0ffee","kafkaRanges":[{"appId":"ingest/kafka/t/0","topic":"t","partition":0,"department":"公安","from":10,"to":20,"records":6,"written":3,"duplicates":2,"quarantined":1,"publishedUntil":1699999999999}],"index":{"add":[{"name":"a.run","keys":3,"sum":"ffffffffffffffffffffffffffffffff","bytes":99}],"remove":["b.run"],"keys":7,"sum":"00000000000000000000000000000001"}}}""",
            new LogAction.Info(new CommitInfo
            {
                Timestamp = 1_700_000_000_004, Operation = "STREAMING UPDATE", EngineInfo = "Ingest/0.1.0", TransactionId = "0f8fad5b-d9cb-469f-a165-70867728950e", ReadVersion = 41,
                OutputRows = 3, OutputFiles = 1, OutputBytes = 1234, ContractHash = "c0ffee",
                Ranges = [new CommittedRange("ingest/kafka/t/0", new TopicPartition("t", 0), "公安", new OffsetRange(10, 20), 6, 3, 2, 1, 1_699_999_999_999)],
                Index = new IndexDelta([new RunDescriptor("a.run", 3, UInt128.MaxValue, 99)], ["b.run"], 7, UInt128.One),
            })
        },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void An_action_is_this_line_and_the_line_is_this_action(string line, LogAction action)
    {
        Assert.Equal(line + "\n", Encoding.UTF8.GetString(LogJson.Write([action])));
        var read = Assert.Single(LogJson.Read(Encoding.UTF8.GetBytes(line + "\n")));
        Assert.Equal(action.GetType(), read.GetType());
        Assert.Equal(line + "\n", Encoding.UTF8.GetString(LogJson.Write([read])));
    }

    /// <summary>Values, the folders that Hive gives them, and what a log's path makes of those; the first two are the protocol's own.</summary>
    [Theory]
    [InlineData("as_timestamp", "2021-09-08 11:11:11", "as_timestamp=2021-09-08 11%3A11%3A11/", "as_timestamp=2021-09-08%2011%253A11%253A11/")]
    [InlineData("_2", "bar+%21", "_2=bar+%2521/", "_2=bar+%252521/")]
    [InlineData("department", "公安局", "department=公安局/", "department=%E5%85%AC%E5%AE%89%E5%B1%80/")]
    [InlineData("department", "a/b#c?d", "department=a%2Fb%23c%3Fd/", "department=a%252Fb%2523c%253Fd/")]
    [InlineData("event_date", "2024-02-29", "event_date=2024-02-29/", "event_date=2024-02-29/")]
    [InlineData("event_date", null, "event_date=__HIVE_DEFAULT_PARTITION__/", "event_date=__HIVE_DEFAULT_PARTITION__/")]
    public void A_partition_value_is_escaped_twice(string column, string? value, string folder, string logged)
    {
        Assert.Equal(folder, PartitionPath.Folder([column], [value]));
        Assert.Equal(logged, LogPath.Encode(folder));
        Assert.Equal(folder, LogPath.Decode(logged));
    }

    [Fact]
    public void Names_in_the_log_folder_have_twenty_digits()
    {
        Assert.Equal("_delta_log/00000000000000000042.json", LogNames.Entry(42));
        Assert.Equal("_delta_log/00000000000000000042.checkpoint.parquet", LogNames.Checkpoint(42));
        Assert.Equal("_index/00000000000000000042.manifest", LogNames.IndexManifest(42));
        Assert.True(LogNames.TryParseEntry("_delta_log/00000000000000000042.json", out var version));
        Assert.Equal(42, version);
        Assert.False(LogNames.TryParseEntry("_delta_log/00000000000000000042.crc", out _));
        Assert.False(LogNames.TryParseEntry("_delta_log/.s3-optimization-00000000.json", out _));
        Assert.False(LogNames.TryParseCheckpoint("_delta_log/00000000000000000042.checkpoint.0000000001.0000000002.parquet", out _));
        Assert.True(LogNames.TryParseManifest(LogNames.IndexManifest(7), out version) && version == 7);
        Assert.StartsWith(LogNames.IndexManifests, LogNames.IndexManifest(999_999_999_999), StringComparison.Ordinal);
    }
}
