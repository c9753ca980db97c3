using System.Globalization;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;
using Ingest.Tests.Contracts;

namespace Ingest.Tests.Decoding;

/// <summary>Transfers that are small as bytes and huge in memory: they are refused whole before they take it, and what fits is taken.</summary>
public sealed class HeavyTransferTests
{
    private static readonly DecodeLimits s_small = new() { WeightMax = 32 << 20 };

    private static readonly TopicPlan s_ten = Yaml.Topic(Yaml.Cars("", Columns(10)));
    private static readonly TopicPlan s_forty = Yaml.Topic(Yaml.Cars("", Columns(40)));
    private static readonly TopicPlan s_required = Yaml.Topic(Yaml.Cars("", "name: a, type: string, required: true"));
    private static readonly TopicPlan s_lines = Yaml.Topic(Yaml.Cars("format: ndjson", Columns(10)));
    private static readonly TopicPlan s_csv = Yaml.Topic(Yaml.Cars("format: csv", "name: a, type: string", "name: b, type: string"));

    public static TheoryData<string> Kinds => ["empty", "sparse", "commas", "lines", "values", "refused", "names", "fields", "cells"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_transfer_that_would_take_too_much_memory_is_refused_whole_and_takes_little(string kind)
    {
        var (topic, good, transfer) = Kind(kind);
        var found = Taken.Of(topic, s_small, good, transfer, good);
        Assert.Equal([0, 2], found.Accepted);
        var refused = Assert.Single(found.Rejections);
        Assert.Equal((1, -1, transfer.Length), (refused.Transfer, refused.Position, refused.Length));
        Assert.Equal(kind == "commas" ? ReasonCode.CsvMalformed : ReasonCode.TooLarge, refused.Reason);
        if (kind != "commas") Assert.Contains("Split it into smaller transfers", refused.Detail, StringComparison.Ordinal);

        // All that was allocated, garbage included, and the copy that goes to the quarantine.
        Assert.InRange(found.AllocatedBytes, transfer.Length, (2 * s_small.WeightMax) + (2L * transfer.Length));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_limit_is_met_at_the_same_record_whichever_way_and_whatever_comes_before(bool scans)
    {
        var limits = new DecodeLimits { WeightMax = 100 * RecordWeight.Of(s_ten.Datasets[0].Plan) };
        var (most, more) = (Encoding.UTF8.GetBytes($"[{Many("{}", 100)}]"), Encoding.UTF8.GetBytes($"[{Many("{}", 101)}]"));
        var decoder = new ChunkDecoder(s_ten, limits, scans);
        var into = new DecodedChunk(s_ten);
        for (var round = 0; round < 3; round++)
        {
            var found = Decoded.Of(decoder, into, [most, more, most, more]);
            Assert.Equal((100, 100), (found.Records.Count(r => r.Transfer == 0), found.Records.Count(r => r.Transfer == 2)));
            Assert.Equal([(1, ReasonCode.TooLarge), (3, ReasonCode.TooLarge)], found.Rejections.Select(r => (r.Transfer, r.Reason)));
        }
    }

    [Fact]
    public void A_field_that_no_column_takes_and_a_refusal_weigh_too()
    {
        var weight = RecordWeight.Of(s_ten.Datasets[0].Plan);
        var limits = new DecodeLimits { WeightMax = weight + (2 * TransferRoom.FieldBytes) };
        Assert.Single(Decoded.Of(s_ten, ["{\"u\":1,\"v\":2}"u8.ToArray()], limits).Records);
        Assert.Equal(ReasonCode.TooLarge, Decoded.Of(s_ten, ["{\"u\":1,\"v\":2,\"w\":3}"u8.ToArray()], limits).OnlyReason());
        limits = new DecodeLimits { WeightMax = weight + TransferRoom.RefusalBytes };
        Assert.Equal((1, 1), Decoded.Of(s_ten, ["[{},7]"u8.ToArray()], limits) is var found ? (found.Records.Count, found.Rejections.Count) : default);
        Assert.Contains("1 records and 1 refusals (the first: not-an-object)", Assert.Single(Decoded.Of(s_ten, ["[{},7,7]"u8.ToArray()], limits).Rejections).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Refusals_found_while_values_are_read_count_with_those_found_before()
    {
        var limits = new DecodeLimits { WeightMax = (5 * RecordWeight.Of(s_required.Datasets[0].Plan)) + (4 * TransferRoom.RefusalBytes) };
        var fits = Encoding.UTF8.GetBytes("""[{"a":1},7,{},{},{},{"a":2}]""");
        var found = Taken.Of(s_required, limits, fits);
        Assert.Equal([0, 0], found.Accepted);
        Assert.Equal([1, 2, 3, 4], found.Rejections.Select(r => r.Position).Order());
        found = Taken.Of(s_required, limits, fits, Encoding.UTF8.GetBytes("""[{"a":1},7,{},{},{},7]"""), """{"a":1}"""u8.ToArray());
        Assert.Equal([0, 0, 2], found.Accepted);
        Assert.Equal((1, -1, ReasonCode.TooLarge), found.Rejections.Where(r => r.Transfer == 1).Select(r => (r.Transfer, r.Position, r.Reason)).Single());
    }

    [Fact]
    public void A_document_that_is_too_heavy_and_broken_is_broken()
    {
        var limits = new DecodeLimits { WeightMax = 100 * RecordWeight.Of(s_ten.Datasets[0].Plan) };
        Assert.Equal(ReasonCode.NotJson, Decoded.Of(s_ten, [Encoding.UTF8.GetBytes($"[{Many("{}", 200)}")], limits).OnlyReason());
    }

    [Fact]
    public void A_million_records_of_31_bytes_are_taken_by_the_default_limit()
    {
        var topic = Yaml.Topic(Yaml.Cars("event_date: at", "name: id, type: string, required: true", "name: amount, type: 'decimal(12,2)'", "name: owner, type: string", "name: note, type: string", "name: at, type: date, required: true"));
        var transfer = new StringBuilder("[");
        for (var i = 0; i < 1_000_000; i++) transfer.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : ",")}{{\"id\":\"{i}\",\"at\":\"20260302\"}}");
        var found = Taken.Of(topic, new DecodeLimits(), Encoding.UTF8.GetBytes(transfer.Append(']').ToString()));
        Assert.Empty(found.Rejections);
        Assert.Equal(1_000_000, found.Accepted.Count);
        Assert.InRange(found.AllocatedBytes, 0, 384L << 20);
    }

    private static (TopicPlan Topic, byte[] Good, byte[] Transfer) Kind(string kind)
    {
        var (topic, good, transfer) = kind switch
        {
            "empty" => (s_ten, "{}", $"[{Many("{}", 2_100_000)}]"),
            "sparse" => (s_forty, "{}", $"[{Many("{\"c1\":\"0123456789012345\"}", 525_000)}]"),
            "commas" => (s_csv, "a,b\n1,2", new string(',', 17 << 20)),
            "cells" => (s_csv, "a,b\n1,2", $"a,b\n{Many(new string(',', 700) + "\n", 45_000, "")}"),
            "lines" => (s_lines, "{}", Many("1\n", 16 << 20, "")),
            "values" => (s_ten, "{}", $"[{Many("1", 15 << 20)}]"),
            "refused" => (s_required, "{\"a\":1}", $"[{Many("{}", 200_000)}]"),
            "names" => (s_csv, "a,b\n1,2", $"a,{new string('n', 500_000)}\n{Many("1,\n", 250_000, "")}"),
            _ => (s_ten, "{}", $"{{{string.Join(',', Enumerable.Range(0, 2_000_000).Select(i => $"\"{i}\":1"))}}}"),
        };
        return (topic, Encoding.UTF8.GetBytes(good), Encoding.UTF8.GetBytes(transfer));
    }

    private static string Many(string record, int count, string separator = ",") => string.Join(separator, Enumerable.Repeat(record, count));

    private static string[] Columns(int count) => [.. Enumerable.Range(0, count).Select(i => $"name: c{i}, type: {(i % 2 == 0 ? "long" : "string")}")];

    /// <summary>What became of transfers on their way to a batch and to the quarantine, and what all that has allocated.</summary>
    private sealed record Taken(List<int> Accepted, List<Rejection> Rejections, long AllocatedBytes)
    {
        public static Taken Of(TopicPlan topic, DecodeLimits limits, params byte[][] transfers)
        {
            using var chunk = Decoded.Chunk(topic, 0, transfers);
            var (decoder, normalizer, quarantine) = (new ChunkDecoder(topic, limits), new ChunkNormalizer(topic), new QuarantineRows("test"));
            var before = GC.GetAllocatedBytesForCurrentThread();
            var (decoded, normalized) = (new DecodedChunk(topic), new NormalizedChunk(topic));
            decoder.Decode(chunk, decoded);
            normalizer.Normalize(decoded, normalized);
            decoded.Trim();
            quarantine.Reset(topic, chunk);
            foreach (var rejection in normalized.Rejections) quarantine.Add(rejection);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            var records = normalized.Datasets[0];
            return new Taken([.. Enumerable.Range(0, records.Count).Where(r => records.Refused[r] == 0).Select(r => records.Transfer[r])], normalized.Rejections, allocated);
        }
    }
}
