using System.Text;
using CsCheck;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Pool.Delta;

/// <summary>What others write is read for what we know of it; what is no entry at all is refused.</summary>
public sealed class LogJsonTests
{
    [Fact]
    public void Actions_and_fields_that_nobody_here_knows_are_passed_over()
    {
        const string Entry =
            """
            {"commitInfo":{"timestamp":1.5,"operation":"WRITE","operationParameters":{"mode":["x"]},"operationMetrics":"none","kafkaRanges":7,"index":[],"engineInfo":"Apache-Spark/3.5.0 Delta-Lake/3.2.0","txnId":"t"}}
            {"checkpointMetadata":{"version":3}}
            {"add":{"path":"a.parquet","partitionValues":{},"size":1,"modificationTime":2,"dataChange":true,"defaultRowCommitVersion":0,"extra":{"a":[1,2]}}}
            {"domainMetadata":{"domain":"d","configuration":"","removed":false}}

            """;
        var actions = LogJson.Read(Encoding.UTF8.GetBytes(Entry.ReplaceLineEndings("\r\n")));
        Assert.Equal(["Info", "Add"], actions.Select(a => a.GetType().Name));
        var info = Assert.IsType<LogAction.Info>(actions[0]).Content;
        Assert.Equal("t", info.TransactionId);
        Assert.Null(info.Index);
        Assert.Null(Assert.IsType<LogAction.Add>(actions[1]).KeySum());
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("{\"add\":")]
    [InlineData("{\"add\":{\"path\":null,\"size\":1}}")]
    [InlineData("{\"txn\":{\"appId\":\"a\",\"version\":1.5}}")]
    [InlineData("\uFEFF{\"txn\":{\"appId\":\"a\",\"version\":1}}")]
    [InlineData("{\"commitInfo\":{\"engineInfo\":\"Ingest/0.1.0\",\"kafkaRanges\":[{}]}}")]
    public void A_line_that_is_no_action_is_refused(string line) =>
        Assert.Throws<InvalidDataException>(() => LogJson.Read(Encoding.UTF8.GetBytes(line + "\n")));

    [Theory]
    [InlineData("d=公/part%2B1.parquet", "d=公/part+1.parquet")]
    [InlineData("plain.parquet", "plain.parquet")]
    public async Task A_path_that_another_engine_escaped_otherwise_goes_on_as_it_came(string logged, string physical)
    {
        var line = $$$"""{"add":{"path":"{{{logged}}}","partitionValues":{},"size":1,"modificationTime":2,"dataChange":true}}""" + "\n";
        var add = Assert.IsType<LogAction.Add>(Assert.Single(LogJson.Read(Encoding.UTF8.GetBytes(line))));
        Assert.Equal(physical, add.Path);
        Assert.Equal(line, Encoding.UTF8.GetString(LogJson.Write([add])));
        using var checkpoint = new Spool(null);
        await CheckpointFile.EncodeAsync([add], checkpoint, CancellationToken.None);
        Assert.Equal(logged, Assert.Single(CheckpointFile.Adds(checkpoint)).PathAsLogged ?? LogPath.Encode(physical));
    }

    [Fact]
    public void Any_path_comes_back_from_its_encoding_as_plain_ASCII() =>
        Gen.String[Gen.Frequency((3, Gen.Char['\u0001', '\u007e']), (1, Gen.Char['\u00a1', '\ud7ff']), (1, Gen.Char['\ue000', '\ufffd'])), 0, 40].Sample(path =>
        {
            var encoded = LogPath.Encode(path);
            return encoded.All(char.IsAscii) && !encoded.Contains(' ') && LogPath.Decode(encoded) == path;
        });

    [Theory]
    [InlineData("ingest/kafka/a.b-c_d/12", true)]
    [InlineData("ingest/kafka/a/-1", false)]
    [InlineData("ingest/kafka/a", false)]
    [InlineData("other/kafka/a/1", false)]
    public void An_app_id_of_ours_can_be_taken_apart(string appId, bool isOurs)
    {
        Assert.Equal(isOurs, AppId.TryParse(appId, out var name, out var source));
        if (isOurs) Assert.Equal(appId, AppId.For(name, new TopicPartition(source.Topic, source.Partition)));
    }
}
