using System.Collections.Immutable;
using System.Text;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Pool.Delta;

public sealed class RivalLogJsonTests
{
    private static readonly LogAction[] s_entry =
    [
        new LogAction.Info(new CommitInfo
        {
            Timestamp = 1_700_000_000_000,
            Operation = "STREAMING UPDATE",
            EngineInfo = "Ingest/0.1.0",
            TransactionId = "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            ReadVersion = 4,
            OutputRows = 2,
            OutputFiles = 1,
            OutputBytes = 1234,
            ContractHash = "abc",
            Ranges = [new CommittedRange("ingest/main/t/0", new TopicPartition("t", 0), "police", new OffsetRange(5, 9), 4, 2, 1, 1, 1_699_999_999_999)],
            Index = new IndexDelta([new RunDescriptor("r.run", 2, UInt128.MaxValue, 77)], ["old.run"], 10, 255),
        }),
        new LogAction.Protocol(1, 2, [], []),
        new LogAction.Metadata("id", "{\"type\":\"struct\"}", ["department"], ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("ingest.dedup", "v1"), "cars", "机动车", 1),
        new LogAction.Txn("ingest/main/t/0", 9, 1_700_000_000_000),
        new LogAction.Add("v=2021-09-08 11%3A11%3A11/a.parquet", Values(("v", "2021-09-08 11:11:11"), ("w", null)), 1234, 1_700_000_000_000, true, "{\"numRecords\":2}",
            ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("ingest.keySum", "0000000000000000000000000000000f")),
        new LogAction.Remove("v=沪/b.parquet", 2, false, Values(("v", "沪")), 5),
    ];

    [Fact]
    public void An_entry_is_written_as_it_always_was() => Assert.Equal(
        """
        {"commitInfo":{"timestamp":1700000000000,"operation":"STREAMING UPDATE","operationParameters":{"outputMode":"Append"},"readVersion":4,"isolationLevel":"Serializable","isBlindAppend":false,"operationMetrics":{"numOutputRows":"2","numAddedFiles":"1","numOutputBytes":"1234"},"engineInfo":"Ingest/0.1.0","txnId":"6f9619ff-8b86-d011-b42d-00c04fc964ff","contract":"abc","kafkaRanges":[{"appId":"ingest/main/t/0","topic":"t","partition":0,"department":"police","from":5,"to":9,"records":4,"written":2,"duplicates":1,"quarantined":1,"publishedUntil":1699999999999}],"index":{"add":[{"name":"r.run","keys":2,"sum":"ffffffffffffffffffffffffffffffff","bytes":77}],"remove":["old.run"],"keys":10,"sum":"000000000000000000000000000000ff"}}}
        {"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
        {"metaData":{"id":"id","name":"cars","description":"机动车","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\"}","partitionColumns":["department"],"configuration":{"ingest.dedup":"v1"},"createdTime":1}}
        {"txn":{"appId":"ingest/main/t/0","version":9,"lastUpdated":1700000000000}}
        {"add":{"path":"v=2021-09-08%2011%253A11%253A11/a.parquet","partitionValues":{"v":"2021-09-08 11:11:11","w":null},"size":1234,"modificationTime":1700000000000,"dataChange":true,"stats":"{\"numRecords\":2}","tags":{"ingest.keySum":"0000000000000000000000000000000f"}}}
        {"remove":{"path":"v=%E6%B2%AA/b.parquet","deletionTimestamp":2,"dataChange":false,"extendedFileMetadata":true,"partitionValues":{"v":"沪"},"size":5}}

        """.ReplaceLineEndings("\n"),
        Encoding.UTF8.GetString(LogJson.Write(s_entry)));

    [Fact]
    public void What_is_written_reads_back()
    {
        var bytes = LogJson.Write(s_entry);
        var read = LogJson.Read(bytes);
        Assert.Equal(s_entry.Select(a => a.GetType()), read.Select(a => a.GetType()));
        Assert.Equal(bytes, LogJson.Write(read));
        var add = Assert.IsType<LogAction.Add>(read[4]);
        Assert.Equal(("v=2021-09-08 11%3A11%3A11/a.parquet", 2L, (UInt128)15), (add.Path, add.Rows(), add.KeySum()!.Value));
    }

    [Fact]
    public void What_other_writers_put_there_is_read_as_far_as_it_concerns_us()
    {
        var read = LogJson.Read(Encoding.UTF8.GetBytes("{\"commitInfo\":{\"operation\":\"OPTIMIZE\",\"operationParameters\":{},\"operationMetrics\":{\"numOutputRows\":7}}}\r\n\n{\"cdc\":{}}\n{\"domainMetadata\":{}}\n{\"remove\":{\"path\":\"a%20b\"}}\n{\"add\":{\"path\":\"x\",\"partitionValues\":{},\"size\":1}}"));
        Assert.Equal(3, read.Count);
        Assert.Equal("OPTIMIZE", Assert.IsType<LogAction.Info>(read[0]).Content.Operation);
        Assert.Equal("a b", Assert.IsType<LogAction.Remove>(read[1]).Path);
        Assert.Equal((-1L, null), (Assert.IsType<LogAction.Add>(read[2]).Rows(), ((LogAction.Add)read[2]).KeySum()));
    }

    [Theory]
    [InlineData("{\"txn\":{\"appId\":\"x\"")]
    [InlineData("[]")]
    [InlineData("{\"txn\":{\"appId\":\"x\"}}")]
    [InlineData("{\"txn\":{\"appId\":\"x\",\"version\":\"1\"}}")]
    public void A_line_that_is_no_action_is_damage(string line) => Assert.Throws<InvalidDataException>(() => LogJson.Read(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void App_ids_come_apart_again()
    {
        Assert.Equal("ingest/main/police.cars/12", AppId.For("main", new TopicPartition("police.cars", 12)));
        Assert.True(AppId.TryParse("ingest/main/police.cars/12", out var name, out var source));
        Assert.Equal(("main", new TopicPartition("police.cars", 12)), (name, source));
        Assert.All(["", "spark", "ingest/a/b", "ingest/a/b/x", "ingest/a/b/-1", "ingest/a/b/1/2"], other => Assert.False(AppId.TryParse(other, out _, out _)));
    }

    private static ImmutableSortedDictionary<string, string?> Values(params (string Key, string? Value)[] values) => values.ToImmutableSortedDictionary(v => v.Key, v => v.Value, StringComparer.Ordinal);
}
