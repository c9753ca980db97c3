using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;

namespace Ingest.Tests.Contracts;

public sealed class ContractHashTests
{
    /// <summary>The parts of a contract, each of which may stand anywhere.</summary>
    private static readonly string[] s_parts =
    [
        "dataset: cars", "time_zone: Asia/Shanghai", "event_date: seen", "format: ndjson", "records: /data", "partition: [department, event_date, kind]", "select: { field: /type, equals: car }",
        "dedup: { mode: identity, identity: [plate, kind], except: [note], rescued: false }", "topics: [{ topic: police.cars, department: police, claim: { field: code, equals: 'GA01' } }, { topic: taxes.cars, department: taxes }]",
    ];

    private static readonly string[][] s_columns =
    [
        ["name: plate", "type: string", "required: true", "normalize: [trim, upper]", "source: [plateNo, /v/plate]"],
        ["name: kind", "type: int", "required: true", "default: '1'", "null_words: ['', '无']"],
        ["name: seen", "type: timestamp", "formats: [iso, 'yyyy/M/d H:mm']", "on_mismatch: rescue"],
        ["name: note", "type: boolean", "true_words: [是]", "false_words: ['否']"],
    ];

    [Fact]
    public void Neither_layout_nor_order_of_keys_nor_comments_change_the_hash()
    {
        var hash = Yaml.Catalog(Written(s_parts, s_columns, isFlow: true, "", "\n")).Datasets[0].ContractHash;
        var keys = Gen.Select(Gen.Shuffle(s_columns[0]), Gen.Shuffle(s_columns[1]), Gen.Shuffle(s_columns[2]), Gen.Shuffle(s_columns[3]), (a, b, c, d) => new[] { a, b, c, d });
        Gen.Select(Gen.Shuffle(s_parts), keys, Gen.Bool, Of("", " # a remark", "\n# a line", "\n"), Of("\n", "\r\n"))
            .Sample((parts, columns, isFlow, comment, lineEnd) => Assert.Equal(hash, Yaml.Catalog(Written(parts, columns, isFlow, comment, lineEnd)).Datasets[0].ContractHash), iter: 200);
    }

    [Theory]
    [InlineData("name: a, type: string, null_words: []", "name: a, type: string, null_words: ['']")]
    [InlineData("name: a, type: string, null_words: [], default: ''", "name: a, type: string, null_words: []")]
    [InlineData("name: a, type: string, null_words: [ab]", "name: a, type: string, null_words: [a, b]")]
    [InlineData("name: a, type: string, null_words: [\"a\\x1Eb\"]", "name: a, type: string, null_words: [a, b]")]
    [InlineData("name: a, type: string, source: [x, y]", "name: a, type: string, source: [y, x]")]
    [InlineData("name: a, type: string, source: x/y", "name: a, type: string, source: /x/y")]
    [InlineData("name: a, type: string, normalize: []", "name: a, type: string")]
    [InlineData("name: a, type: 'decimal(9,2)'", "name: a, type: 'decimal(9,3)'")]
    [InlineData("name: a, type: timestamp, time_zone: UTC", "name: a, type: timestamp")]
    [InlineData("name: a, type: string, on_mismatch: rescue", "name: a, type: string")]
    public void Columns_that_make_something_else_of_a_record_change_the_hash(string one, string other) => Assert.NotEqual(Hash("", one), Hash("", other));

    [Theory]
    [InlineData("", "partition: [department]")]
    [InlineData("", "format: json")]
    [InlineData("", "dedup: { mode: content, rescued: true }")]
    [InlineData("", "description: Cars")]
    [InlineData("dedup: { except: [b, c] }", "dedup: { except: [c, b] }")]
    public void A_default_that_is_written_out_does_not(string one, string other) =>
        Assert.Equal(Hash(one, "name: a, type: string", "name: b, type: int", "name: c, type: int"), Hash(other, "name: a, type: string, normalize: [trim], null_words: ['']", "name: b, type: int, source: b", "name: c, type: int, required: false"));

    [Fact]
    public void The_signature_does_not_depend_on_the_order_of_columns_and_shows_a_new_one()
    {
        var signature = Signature("name: b, type: int", "name: a, type: string");
        Assert.Equal(signature, Signature("name: a, type: string", "name: b, type: int"));
        Assert.NotEqual(signature, Signature("name: a, type: string", "name: b, type: int", "name: c, type: int"));
        Assert.Contains("kind:string", Signature("name: kind, type: string, constant: car"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_signature_names_the_encoding_that_the_engine_uses() =>
        Assert.Equal((FingerprintEncoding.Version, FingerprintEncoding.DatedVersion), (DatasetCompiler.EncodingVersion, DatasetCompiler.DatedEncodingVersion));

    private static Gen<string> Of(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static string Hash(string more, params string[] columns) => Yaml.Catalog(Yaml.Cars(more, columns)).Datasets[0].ContractHash;

    private static string Signature(params string[] columns) => Yaml.Catalog(Yaml.Cars("", columns)).Datasets[0].DedupSignature;

    private static string Written(string[] parts, string[][] columns, bool isFlow, string comment, string lineEnd)
    {
        var list = columns.Select(c => isFlow ? $"  - {{ {string.Join(", ", c)} }}{comment}\n" : $"  - {string.Join($"{comment}\n    ", c)}\n");
        return (string.Concat(parts.Select(p => $"{p}{comment}\n")) + $"columns:\n{string.Concat(list)}").ReplaceLineEndings(lineEnd);
    }
}
