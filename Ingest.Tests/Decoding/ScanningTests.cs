using System.Text;
using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Tests.Contracts;

namespace Ingest.Tests.Decoding;

/// <summary>The fast way through JSON against the framework's reader: whatever comes in, both must find the same.</summary>
public sealed class ScanningTests
{
    private static readonly string[] s_columns =
        ["name: a, type: string", "name: b, type: double", "name: n, type: string, source: /x/n", "name: o, type: string, source: [new, old]", "name: w, type: string, source: /x/w/v"];

    private static readonly TopicPlan s_plain = Yaml.Topic(Yaml.Cars("", s_columns));
    private static readonly TopicPlan s_envelope = Yaml.Topic(Yaml.Cars("records: /h/rows", s_columns));
    private static readonly TopicPlan s_selecting = Yaml.Topic(Yaml.Cars("select: { field: /x/k, equals: c }", s_columns));

    private static readonly string[] s_pieces =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\"a\":", "\"b\":", "\"x\":{", "\"n\":", "\"new\":", "\"old\":", "\"w\":{\"v\":", "\"k\":\"c\"", "\"u\":", "\"h\":{\"rows\":[", "0", "-", "1.5", "e+3", "01", "1.",
        "true", "false", "null", "nul", "\"沪A\"", "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\\x\"", "\"long text that fills more than one vector of bytes\"", " ", "\n", "\t", "\u0001", "\uFEFF", "\u00a0",
    ];

    private static readonly Gen<string> s_value = Of("1", "-0.5e3", "\"t\"", "\"沪A·12345 and some more text\"", "\"q\\\"\\u0041\"", "null", "true", "false", "[1,{\"y\":[]}]", "{\"z\":{}}", "{\"n\":\"in\"}");
    private static readonly Gen<string> s_member = Gen.Select(Of("a", "b", "x", "n", "new", "old", "u", "v v", "\\u0061", "k"), s_value, Of("", " ", "\n\t"), (name, value, space) => $"{space}\"{name}\"{space}:{space}{value}{space}");
    private static readonly Gen<string> s_record = s_member.List[0, 7].Select(members => $"{{{string.Join(',', members)}}}");
    private static readonly Gen<string> s_selected = Gen.Select(s_record, Of("c", "d", "c"), (record, kind) => record == "{}" ? record : $"{{\"x\":{{\"n\":1,\"k\":\"{kind}\"}},{record[1..]}");

    [Fact]
    public void Good_records_are_found_alike() => Gen.Select(s_record.List[0, 5], Gen.Bool).Sample((records, single) =>
    {
        var document = single && records.Count > 0 ? records[0] : $"[{string.Join(',', records)}]";
        Check(s_plain, document);
        Check(s_envelope, $"{{\"v\":[{{}}],\"h\":{{\"n\":null,\"rows\":{document}}}}}");
    });

    [Fact]
    public void Selected_records_are_found_alike() => s_selected.List[1, 5].Sample(records => Check(s_selecting, $"[{string.Join(',', records)}]"));

    [Fact]
    public void Arbitrary_pieces_are_judged_alike() => Gen.Int[0, s_pieces.Length - 1].Select(i => s_pieces[i]).List[1, 30].Sample(pieces =>
    {
        var document = string.Concat(pieces);
        Check(s_plain, document);
        Check(s_plain, $"[{{{document}}}]");
        Check(s_envelope, $"{{\"h\":{{\"rows\":[{{{document}");
    }, iter: 2000);

    [Fact]
    public void Broken_records_are_judged_alike() => Gen.Select(s_record.List[1, 3], Gen.Int[0, 400], Gen.Byte).Sample((records, at, value) =>
    {
        var document = Encoding.UTF8.GetBytes($"[{string.Join(',', records)}]");
        document[at % document.Length] = value;
        Check(s_plain, document);
        Check(s_plain, document[..(at % document.Length)]);
    }, iter: 2000);

    [Fact]
    public void Nesting_is_judged_alike_at_every_depth()
    {
        for (var depth = 1; depth < 70; depth++)
        {
            Check(s_plain, $"{{\"u\":{new string('[', depth)}{new string(']', depth)}}}");
            Check(s_plain, string.Concat(Enumerable.Repeat("{\"x\":", depth)) + "1" + new string('}', depth));
        }
    }

    [Fact]
    public void Envelopes_with_any_names_twice_are_judged_alike() =>
        Gen.Select(Of("h", "rows", "u", "\\u0068"), Of("null", "{}", "[]", "{\"rows\":[{\"a\":\"1\"}]}", "{\"rows\":{\"a\":\"2\"},\"u\":1}", "{\"rows\":[{\"a\":\"3\"}],\"rows\":[{\"a\":\"4\"}]}"), (name, value) => $"\"{name}\":{value}").List[0, 4]
            .Sample(members => Check(s_envelope, $"{{{string.Join(',', members)}}}"));

    [Fact]
    public void A_name_that_needs_escapes_is_not_taken_for_text_that_looks_like_it()
    {
        var topic = Yaml.Topic(Yaml.Cars("", """name: a, type: string, source: 'p"q'""", "name: b, type: string"));
        Check(topic, """{"p"q":1,"b":2}""");
        Check(topic, """{"p\"q":1,"b":2}""");
    }

    private static Gen<string> Of(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static void Check(TopicPlan topic, string document) => Check(topic, Encoding.UTF8.GetBytes(document));

    private static void Check(TopicPlan topic, byte[] document)
    {
        var limits = new DecodeLimits { RecordBytesMax = 150 };

        // Three times: the second and third meet the order of fields that the first has taught.
        byte[][] transfers = [document, document, document];
        var fast = Decoded.Of(new ChunkDecoder(topic, limits), new DecodedChunk(topic), transfers);
        var plain = Decoded.Of(new ChunkDecoder(topic, limits, scans: false), new DecodedChunk(topic), transfers);
        Assert.Equal(plain.Records.Select(r => $"{r.Transfer} {r.Position} {r} {r.Raw}"), fast.Records.Select(r => $"{r.Transfer} {r.Position} {r} {r.Raw}"));
        Assert.Equal(plain.Rejections, fast.Rejections);
    }
}
