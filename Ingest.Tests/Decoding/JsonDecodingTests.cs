using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;
using Ingest.Tests.Contracts;

namespace Ingest.Tests.Decoding;

public sealed class JsonDecodingTests
{
    private static readonly string[] s_names = ["a", "b", "号牌", "n", "x\"y", "deep", "other", "é", ""];

    private static readonly Gen<string> s_text = Gen.OneOf(
        Gen.String[Gen.Char['a', 'z'], 0, 5], Gen.Const("沪A12345"), Gen.Const("line\nbreak\t\"quoted\" \\"), Gen.Const("😀\u0001"), Gen.Const(""));

    private static readonly Gen<JsonNode?> s_value = Gen.OneOf(
        s_text.Select(t => (JsonNode?)JsonValue.Create(t)), Gen.Int.Select(i => (JsonNode?)JsonValue.Create(i)), Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b)),
        Gen.Const(0).Select(_ => (JsonNode?)null), s_text.Array[0, 2].Select(t => (JsonNode?)new JsonArray([.. t.Select(x => (JsonNode?)JsonValue.Create(x))])));

    private static readonly Gen<JsonObject> s_flat = Gen.Shuffle(s_names, 0, s_names.Length).SelectMany(names => s_value.Array[names.Length].Select(values => Object(names, values)));

    private static readonly Gen<JsonObject> s_record = Gen.Select(s_flat, s_flat, Gen.Bool, (outer, inner, nests) =>
    {
        if (nests) outer["deep"] = inner.DeepClone();
        return outer;
    });

    private static readonly TopicPlan s_topic = Yaml.Topic(Yaml.Cars("", "name: a, type: string", "name: b, type: long", "name: plate, type: string, source: 号牌", "name: q, type: string, source: 'x\"y'", "name: n1, type: string, source: /deep/n", "name: nb, type: string, source: /deep/b"));

    [Fact]
    public void Located_fields_are_those_that_a_document_reader_finds() => Gen.Select(s_record.List[1, 6], Gen.Bool, Gen.Bool).Sample((records, relaxed, indented) =>
    {
        var options = new JsonSerializerOptions { WriteIndented = indented, Encoder = relaxed ? System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping : null };
        var found = Decoded.Of(s_topic, new JsonArray([.. records]).ToJsonString(options));
        Assert.Empty(found.Rejections);
        Assert.Equal(records.Count, found.Records.Count);
        for (var i = 0; i < records.Count; i++)
        {
            Assert.Equal(i, found.Records[i].Position);
            Assert.Equal(records[i].ToJsonString(options), JsonNode.Parse(found.Records[i].Raw)!.ToJsonString(options));
            var (columns, extras) = Expected(records[i], options);
            Assert.Equal(columns, found.Records[i].Columns.Select(Squeezed).Order(StringComparer.Ordinal));
            Assert.Equal(extras, found.Records[i].Extras.Select(Squeezed).Order(StringComparer.Ordinal));
        }
    }, iter: 500);

    [Fact]
    public void Cutting_the_same_transfers_into_other_chunks_gives_the_same_records() => Gen.Select(s_record.List[1, 12], Gen.Int[1, 5]).Sample((records, cut) =>
    {
        byte[][] transfers = [.. records.Select(r => Encoding.UTF8.GetBytes(r.ToJsonString()))];
        var whole = Decoded.Of(s_topic, transfers).Records.Select(r => r.ToString());
        var (decoder, into) = (new ChunkDecoder(s_topic, new DecodeLimits()), new DecodedChunk(s_topic));
        var parts = transfers.Chunk(cut).SelectMany(part => Decoded.Of(decoder, into, part).Records).Select(r => r.ToString());
        Assert.Equal(whole, parts);
    }, iter: 200);

    [Fact]
    public void Ndjson_is_one_document_a_line()
    {
        var topic = s_topic with { Format = TransferFormat.Ndjson };
        var found = Decoded.Of(topic, "{\"a\":\"1\"}\r\n\n  \n[{\"a\":\"2\"},{\"a\":\"3\"}]\n{\"a\":\n{\"a\":\"4\"}");
        Assert.Equal(["\"1", "\"2", "\"3", "\"4"], found.Records.Select(r => r.Columns["a"]));
        Assert.Equal([0, 1, 2, 4], found.Records.Select(r => r.Position));
        var broken = Assert.Single(found.Rejections);
        Assert.Equal((3, ReasonCode.NotJson), (broken.Position, broken.Reason));
    }

    [Theory]
    [InlineData("""{"head":{"n":1},"body":{"rows":[{"a":"1"},{"a":"2"}]},"tail":[{}]}""", 2)]
    [InlineData("""{"body":{"rows":{"a":"1"},"more":1}}""", 1)]
    [InlineData("""{"body":{"rows":[]}}""", 0)]
    public void Records_are_found_in_an_envelope(string transfer, int count)
    {
        var found = Decoded.Of(s_topic with { Records = new FieldPath(["body", "rows"]) }, transfer);
        Assert.Empty(found.Rejections);
        Assert.Equal(Enumerable.Range(1, count).Select(i => $"\"{i}"), found.Records.Select(r => r.Columns["a"]));
    }

    [Theory]
    [InlineData("""{"body":{}}""")]
    [InlineData("""{"body":{"rows":null}}""")]
    [InlineData("""{"body":[{"rows":[]}]}""")]
    [InlineData("""[]""")]
    [InlineData("""7""")]
    public void An_envelope_without_records_is_refused(string transfer) =>
        Assert.Equal(ReasonCode.RecordsNotFound, Decoded.Of(s_topic with { Records = new FieldPath(["body", "rows"]) }, transfer).OnlyReason());

    [Theory]
    [InlineData("""{"old":"o","new":"n"}""", "\"n", "old=\"o")]
    [InlineData("""{"new":"n","old":"o"}""", "\"n", "old=\"o")]
    [InlineData("""{"old":"o"}""", "\"o", "")]
    [InlineData("""{"older":"r","old":"o"}""", "\"o", "older=\"r")]
    [InlineData("""{"older":"r","old":"o","new":"n"}""", "\"n", "old=\"o,older=\"r")]
    [InlineData("""{"new":null,"old":"o"}""", "null", "old=\"o")]
    public void The_first_of_a_columns_sources_wins_and_the_others_are_kept(string record, string value, string extras)
    {
        var topic = Yaml.Topic(Yaml.Cars("", "name: v, type: string, source: [new, old, /older]"));
        for (var again = 0; again < 2; again++)
        {
            var found = Assert.Single(Decoded.Of(topic, record).Records);
            Assert.Equal(value, found.Columns["v"]);
            Assert.Equal(extras, string.Join(',', found.Extras.Select(e => $"{e.Key}={e.Value}")));
        }
    }

    [Fact]
    public void An_object_where_fields_are_looked_for_is_searched_and_anything_else_is_kept()
    {
        var found = Decoded.Of(s_topic, """[{"deep":{"n":1,"z":{"y":2}}},{"deep":"text"},{"deep":[1]},{"deep":null}]""");
        Assert.Equal("1", found.Records[0].Columns["n1"]);
        Assert.Equal(["deep/z={\"y\":2}"], found.Records[0].Extras.Select(e => $"{e.Key}={e.Value}"));
        Assert.Equal(["\"text", "[1]", "null"], found.Records.Skip(1).Select(r => r.Extras["deep"]));
    }

    [Fact]
    public void One_field_may_feed_two_columns()
    {
        var topic = Yaml.Topic(Yaml.Cars("", "name: day, type: string, source: t", "name: moment, type: string, source: t"));
        var found = Assert.Single(Decoded.Of(topic, """{"t":"x"}""").Records);
        Assert.Equal(("\"x", "\"x", 0), (found.Columns["day"], found.Columns["moment"], found.Extras.Count));
    }

    [Fact]
    public void The_order_of_fields_may_change_from_record_to_record() => Gen.Shuffle(s_names, s_names.Length).List[1, 10].Sample(orders =>
    {
        var records = orders.Select(names => Object([.. names], [.. names.Select(n => JsonValue.Create("v" + n))])).ToArray();
        var found = Decoded.Of(s_topic, new JsonArray([.. records]).ToJsonString()).Records;
        Assert.All(found, r => Assert.Equal(("\"va", "\"vb", "\"v号牌"), (r.Columns["a"], r.Columns["b"], r.Columns["plate"])));
    }, iter: 200);

    [Fact]
    public void Records_are_sorted_to_their_datasets_and_strangers_refused()
    {
        var topic = Yaml.Topic(
            Yaml.Cars("select: { field: /kind, equals: car }", "name: a, type: string"),
            Yaml.Cars("select: { field: /kind, equals: 船 }", "name: a, type: string").Replace("dataset: cars", "dataset: ships", StringComparison.Ordinal));
        var found = Decoded.Of(topic, """[{"a":1,"kind":"car"},{"kind":"\u8239","a":2},{"a":3},{"kind":"船","a":4},{"kind":["car"]}]""");
        Assert.Equal(["0 a=1 | ", "1 a=2 | ", "1 a=4 | "], found.Records.Select(r => r.ToString()));
        Assert.Equal([(2, ReasonCode.UnknownDataset, -1), (4, ReasonCode.UnknownDataset, -1)], found.Rejections.Select(r => (r.Position, r.Reason, r.Dataset)));
    }

    [Fact]
    public void A_record_that_claims_another_department_is_refused()
    {
        var topic = Yaml.Topic(Yaml.Cars("", "name: a, type: string").Replace("department: police", "department: police\n    claim: { field: /dept/code, equals: '7' }", StringComparison.Ordinal));
        var found = Decoded.Of(topic, """[{"a":1,"dept":{"code":7}},{"a":2,"dept":{"code":"7","name":"x"}},{"a":3,"dept":{"code":"8"}},{"a":4}]""");
        Assert.Equal(["0 a=1 | ", "0 a=2 | dept/name=\"x"], found.Records.Select(r => r.ToString()));
        Assert.All(found.Rejections, r => Assert.Equal((ReasonCode.DepartmentMismatch, 0), (r.Reason, r.Dataset)));
        Assert.Equal([2, 3], found.Rejections.Select(r => r.Position));
    }

    private static JsonObject Object(string[] names, JsonNode?[] values) =>
        new(names.Zip(values, (n, v) => KeyValuePair.Create(n, v?.DeepClone())));

    private static string Squeezed(KeyValuePair<string, string> field) =>
        $"{field.Key}={(field.Value is ['[' or '{', ..] ? JsonNode.Parse(field.Value)!.ToJsonString() : field.Value)}";

    /// <summary>The naive reader.</summary>
    private static (IEnumerable<string> Columns, IEnumerable<string> Extras) Expected(JsonObject record, JsonSerializerOptions options)
    {
        var columns = new List<string>();
        var extras = new List<string>();
        using var document = JsonDocument.Parse(record.ToJsonString(options));
        Walk(document.RootElement, "");
        return (columns.Order(StringComparer.Ordinal), extras.Order(StringComparer.Ordinal));

        void Walk(JsonElement element, string path)
        {
            foreach (var field in element.EnumerateObject())
            {
                var name = path + field.Name;
                var column = name switch { "a" or "b" => name, "号牌" => "plate", "x\"y" => "q", "deep/n" => "n1", "deep/b" => "nb", _ => null };
                if (name == "deep" && field.Value.ValueKind == JsonValueKind.Object) Walk(field.Value, "deep/");
                else (column is null ? extras : columns).Add(Squeezed(new(column ?? name, field.Value.ValueKind == JsonValueKind.String ? "\"" + field.Value.GetString() : field.Value.GetRawText())));
            }
        }
    }
}
