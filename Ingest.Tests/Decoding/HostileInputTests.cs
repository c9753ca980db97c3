using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;
using Ingest.Tests.Contracts;

namespace Ingest.Tests.Decoding;

public sealed class HostileInputTests
{
    private const string Json = """{"h":[1],"rows":[{"a":"沪\u0041\"1","x":{"n":[1,{"y":2}]},"b":1.5e3},{"b":true,"a":null,"z":"\ud83d\ude00"}],"t":{}}""";
    private const string Ndjson = "{\"a\":\"沪\\u0041\",\"b\":1}\r\n{\"x\":{\"n\":2},\"a\":false}\n\n[{\"a\":1},{\"a\":2}]\n";
    private const string Csv = "a,b,名\r\n1,\"x,\"\"y\",沪A\r\n2,\"two\nlines\",\n,,z\r\n";

    private static readonly TopicPlan s_json = Yaml.Topic(Yaml.Cars("records: /rows", "name: a, type: string", "name: b, type: double", "name: n, type: string, source: /x/n"));
    private static readonly TopicPlan s_csv = Yaml.Topic(Yaml.Cars("format: csv", "name: a, type: string", "name: b, type: string"));

    public static TheoryData<string> Samples => ["json", "ndjson", "csv"];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Truncated_anywhere_every_record_is_accounted_for_once(string format)
    {
        var (topic, bytes) = Sample(format);
        for (var length = 0; length <= bytes.Length; length++) Check(topic, bytes[..length]);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void With_any_bit_flipped_every_record_is_accounted_for_once(string format)
    {
        var (topic, bytes) = Sample(format);
        for (var i = 0; i < bytes.Length * 8; i++)
        {
            var flipped = bytes.ToArray();
            flipped[i >> 3] ^= (byte)(1 << (i & 7));
            Check(topic, flipped);
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_broken_transfer_does_not_harm_its_neighbours(string format)
    {
        var (topic, bytes) = Sample(format);
        var alone = Decoded.Of(topic, [bytes]).Records.Select(r => r.ToString()).ToArray();
        Assert.NotEmpty(alone);
        for (var length = 0; length <= bytes.Length; length++)
        {
            var found = Decoded.Of(topic, [bytes, bytes[..length], bytes]).Records;
            Assert.Equal(alone, found.Where(r => r.Transfer == 0).Select(r => r.ToString()));
            Assert.Equal(alone, found.Where(r => r.Transfer == 2).Select(r => r.ToString()));
        }
    }

    [Theory]
    [InlineData("""{"a":1,"a":1}""", 0)]
    [InlineData("""{"a":1,"\u0061":1}""", 0)]
    [InlineData("""{"x":{"n":1},"x":{"b":1}}""", -1)]
    [InlineData("""{"x":{"n":1,"n":2}}""", 2)]
    [InlineData("""{"u":1,"u":2}""", -1)]
    [InlineData("""{"u":1,"\u0075":2}""", -1)]
    [InlineData("""{"x":{"u":1,"u":2}}""", -1)]
    public void A_field_that_stands_twice_is_ambiguous(string record, int column)
    {
        var found = Assert.Single(Decoded.Of(s_json with { Records = new FieldPath([]) }, record).Rejections);
        Assert.Equal((ReasonCode.DuplicateField, 0, column), (found.Reason, found.Position, found.Column));
    }

    [Theory]
    [InlineData("""{"a":{"rows":[{"a":"1"}],"rows":[{"a":"2"}]}}""", "'rows'")]
    [InlineData("""{"a":{"rows":[{"a":"1"}]},"a":{"rows":[{"a":"2"}]}}""", "'a'")]
    [InlineData("""{"a":{"rows":[{"a":"1"}]},"\u0061":{"rows":[{"a":"2"}]}}""", "'a'")]
    [InlineData("""{"a":{"rows":[1,{"a":"1"}]},"x":{"a":1},"a":null}""", "'a'")]
    [InlineData("""{"a":null,"a":{"rows":[{"a":"1"}]}}""", "'a'")]
    public void A_name_that_stands_twice_on_the_way_to_the_records_is_ambiguous(string transfer, string name)
    {
        var topic = s_json with { Records = new FieldPath(["a", "rows"]) };
        var found = Decoded.Of(topic, [Encoding.UTF8.GetBytes(transfer), """{"a":{"rows":[{"a":"3"}]}}"""u8.ToArray()]);
        Assert.Equal(1, Assert.Single(found.Records).Transfer);
        var refused = Assert.Single(found.Rejections);
        Assert.Equal((ReasonCode.DuplicateField, -1, transfer.Length), (refused.Reason, refused.Position, refused.Length));
        Assert.StartsWith(name, refused.Detail, StringComparison.Ordinal);
        var line = Decoded.Of(topic with { Format = TransferFormat.Ndjson }, [Encoding.UTF8.GetBytes($"{transfer}\n{{\"a\":{{\"rows\":{{\"a\":\"3\"}}}}}}\n")]);
        Assert.Equal((1, ReasonCode.DuplicateField, 0), (Assert.Single(line.Records).Position, Assert.Single(line.Rejections).Reason, line.Rejections[0].Position));
    }

    [Fact]
    public void A_name_that_stands_twice_beside_the_way_is_nobodys()
    {
        var found = Decoded.Of(s_json, """{"h":{"rows":[]},"h":1,"rows":[{"a":"x"}],"t":{"rows":{}}}""");
        Assert.Empty(found.Rejections);
        Assert.Single(found.Records);
    }

    [Theory]
    [InlineData("{\"row\\ud800s\":1,\"rows\":[{\"a\":\"x\"}]}")]
    [InlineData("{\"r\\udc00\\ud800\":{},\"rows\":{\"a\":\"x\"}}")]
    public void Half_a_surrogate_pair_in_a_name_around_the_records_is_only_another_name(string transfer)
    {
        var found = Decoded.Of(s_json, transfer);
        Assert.Empty(found.Rejections);
        Assert.Single(found.Records);
    }

    [Fact]
    public void Many_unknown_fields_are_still_searched_for_a_repeated_one()
    {
        var names = string.Join(',', Enumerable.Range(0, 40).Select(i => $"\"u{i}\":1"));
        var topic = s_json with { Records = new FieldPath([]) };
        Assert.Equal(40, Assert.Single(Decoded.Of(topic, $"{{{names}}}").Records).Extras.Count);
        Assert.Equal(ReasonCode.DuplicateField, Decoded.Of(topic, $"{{{names},\"u7\":2}}").OnlyReason());
    }

    [Fact]
    public void The_same_name_at_two_places_is_no_repetition()
    {
        var found = Decoded.Of(s_json with { Records = new FieldPath([]) }, """{"u":1,"x":{"u":2,"n":3}}""");
        Assert.Equal(["u", "x/u"], Assert.Single(found.Records).Extras.Keys);
    }

    [Theory]
    [InlineData(@"{""a"":""\ud800""}")]
    [InlineData(@"{""a"":""\udc00\ud800""}")]
    [InlineData(@"{""a"":""x\ud800y""}")]
    [InlineData(@"{""a"":""\ud800\\ud800""}")]
    [InlineData(@"{""a"":""\ud800\ud800\udc00""}")]
    [InlineData(@"{""\udfff"":1}")]
    [InlineData(@"{""u"":""\uDBFF""}")]
    public void Half_a_surrogate_pair_is_no_text(string record) =>
        Assert.Equal(ReasonCode.NotUtf8, Decoded.Of(s_json with { Records = new FieldPath([]) }, record).OnlyReason());

    [Fact]
    public void Escaped_pairs_and_escaped_backslashes_are_text()
    {
        var found = Decoded.Of(s_json with { Records = new FieldPath([]) }, @"[{""a"":""\ud83d\ude00""},{""a"":""\\ud800""},{""a"":""\u005cud800""}]");
        Assert.Equal(["\"😀", "\"\\ud800", "\"\\ud800"], found.Records.Select(r => r.Columns["a"]));
    }

    [Fact]
    public void Nesting_has_a_limit_and_its_own_reason()
    {
        var topic = s_json with { Records = new FieldPath([]) };
        string Nested(int depth) => "{\"u\":" + new string('[', depth - 1) + new string(']', depth - 1) + "}";
        Assert.Single(Decoded.Of(topic, Nested(64)).Records);
        Assert.Equal(ReasonCode.TooDeep, Decoded.Of(topic, Nested(65)).OnlyReason());
        var selecting = Yaml.Topic(Yaml.Cars("select: { field: /k, equals: c }", "name: a, type: string"));
        Assert.Equal(ReasonCode.TooDeep, Decoded.Of(selecting, Nested(65)).OnlyReason());
        var open = "{\"u\":" + new string('[', 63);
        Assert.Equal(ReasonCode.TooDeep, Decoded.Of(topic, open + "1, {}").OnlyReason());
        Assert.Equal(ReasonCode.TooDeep, Decoded.Of(topic, open + "[").OnlyReason());
        Assert.Equal(ReasonCode.NotJson, Decoded.Of(topic, open + "1 2").OnlyReason());
        Assert.Equal(ReasonCode.NotJson, Decoded.Of(topic, open).OnlyReason());
    }

    [Fact]
    public void A_byte_order_mark_is_skipped_and_an_empty_transfer_holds_nothing()
    {
        var found = Decoded.Of(s_json, [Encoding.UTF8.GetBytes("\uFEFF" + Json), [], [0xEF, 0xBB, 0xBF], " \r\n"u8.ToArray()]);
        Assert.Equal(2, found.Records.Count);
        Assert.Empty(found.Rejections);
        Assert.Equal("1", Assert.Single(Decoded.Of(s_csv, "\uFEFFa,b\n1,2").Records).Columns["a"].TrimStart('"'));
    }

    [Fact]
    public void Bytes_that_are_no_utf8_are_refused_whole_or_by_line_or_row()
    {
        var broken = Encoding.UTF8.GetBytes("{\"a\":\"x\"}\n{\"a\":\"?\"}");
        broken[^3] = 0xFF;
        Assert.Equal(ReasonCode.NotUtf8, Decoded.Of(s_json, [broken]).OnlyReason());
        var lines = Decoded.Of(s_json with { Format = TransferFormat.Ndjson, Records = new FieldPath([]) }, [broken]);
        Assert.Equal((1, ReasonCode.NotUtf8), (lines.Records.Count, Assert.Single(lines.Rejections).Reason));
        var rows = Decoded.Of(s_csv, [[.. "a,b\n1,2\n"u8, 0xC0, .. ",2\n3,4\n"u8]]);
        Assert.Equal([0, 2], rows.Records.Select(r => r.Position));
        Assert.Equal((1, ReasonCode.NotUtf8), (Assert.Single(rows.Rejections).Position, rows.Rejections[0].Reason));
    }

    [Fact]
    public void Too_large_transfers_and_records_are_refused_alone()
    {
        var topic = s_json with { Records = new FieldPath([]) };
        var limits = new DecodeLimits { TransferBytesMax = 60, RecordBytesMax = 20 };
        byte[] Of(string text) => Encoding.UTF8.GetBytes(text);
        var found = Decoded.Of(topic, [Of("[{\"a\":\"0123456789012345\",\"u\":1},{\"a\":1}]"), Of($"[{new string(' ', 60)}]"), Of("{\"a\":2}")], limits);
        Assert.Equal([(0, 1), (2, 0)], found.Records.Select(r => (r.Transfer, r.Position)));
        Assert.All(found.Records, r => Assert.Empty(r.Extras));
        Assert.Equal([(0, 0, ReasonCode.TooLarge), (1, -1, ReasonCode.TooLarge)], found.Rejections.Select(r => (r.Transfer, r.Position, r.Reason)));
    }

    [Theory]
    [InlineData("7")]
    [InlineData("\"text\"")]
    [InlineData("null")]
    [InlineData("[[{\"a\":1}]]")]
    public void A_record_must_be_an_object(string transfer) =>
        Assert.Equal(ReasonCode.NotAnObject, Decoded.Of(s_json with { Records = new FieldPath([]) }, transfer).OnlyReason());

    [Theory]
    [InlineData("{\"a\":1}{\"a\":2}")]
    [InlineData("{\"a\":1} x")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{'a':1}")]
    [InlineData("{\"a\":01}")]
    [InlineData("{\"a\":NaN}")]
    [InlineData("/* c */{\"a\":1}")]
    public void A_document_that_is_not_json_is_refused_whole(string transfer) =>
        Assert.Equal(ReasonCode.NotJson, Decoded.Of(s_json with { Records = new FieldPath([]) }, transfer).OnlyReason());

    private static (TopicPlan Topic, byte[] Bytes) Sample(string format) => format switch
    {
        "json" => (s_json, Encoding.UTF8.GetBytes(Json)),
        "ndjson" => (s_json with { Format = TransferFormat.Ndjson, Records = new FieldPath([]) }, Encoding.UTF8.GetBytes(Ndjson)),
        _ => (s_csv, Encoding.UTF8.GetBytes(Csv)),
    };

    private static void Check(TopicPlan topic, byte[] transfer)
    {
        var found = Decoded.Of(topic, [transfer]);
        Assert.All(found.Rejections, r => Assert.True(r.Start >= 0 && r.Length >= 0 && r.Start + r.Length <= transfer.Length, $"{r} in {transfer.Length} bytes"));
        if (found.Rejections.Any(r => r.Position < 0))
        {
            Assert.Empty(found.Records);
            Assert.Single(found.Rejections);
            return;
        }

        var positions = found.Records.Select(r => r.Position).Concat(found.Rejections.Select(r => r.Position)).Order().ToArray();
        Assert.Equal(Enumerable.Range(0, positions.Length), positions);
    }
}
