using System.Globalization;
using CsCheck;
using Ingest.Core.Contracts;

namespace Ingest.Tests.Contracts;

/// <summary>Any contract that is written out is read back as what it was written from.</summary>
public sealed class ContractRoundTripTests
{
    private static readonly string[] s_rules = ["trim", "nfkc", "collapse_spaces", "upper", "lower", "code", "separators"];

    private static readonly string[] s_types = ["string", "int", "long", "double", "boolean", "date", "timestamp", "decimal(9,2)", "decimal(38,38)"];

    private static readonly Gen<char> s_char = Gen.Char["ab:#'\"{}[],&*!|>%@` -中～\t0\\"];

    // Of the right length at once: a generator that throws away nine of ten now and then finds none in its hundred tries, and fails the test.
    private static readonly Gen<string> s_text = Gen.String[s_char, 0, 11];

    private static readonly Gen<Column> s_column = Gen.Select(
        Gen.Int[0, s_types.Length - 1].Select(i => s_types[i]),
        Gen.Shuffle(s_rules, 3),
        s_text.Array[0, 3],
        Gen.String[s_char, 1, 11].Array[1, 3],
        Gen.Bool, Gen.Bool, Gen.Bool,
        (type, rules, words, sources, required, rescue, isProtected) => new Column(type, rules, [.. words.Distinct()], [.. sources.Distinct()], required && !rescue, rescue, isProtected));

    [Fact]
    public void Columns_are_read_back_as_they_were_written() => Gen.Select(s_column.Array[1, 6], Gen.Bool).Sample((columns, isFlow) =>
    {
        var plan = Assert.Single(Yaml.Catalog(Print(columns, isFlow)).Datasets);
        Assert.Equal(columns.Length, plan.Columns.Length);
        foreach (var (written, read, i) in columns.Select((c, i) => (c, plan.Columns[i], i)))
        {
            Assert.Equal((i, $"c{i}"), (read.Ordinal, read.Name));
            Assert.Equal(written.Type, read.Type == ColumnType.Decimal ? string.Create(CultureInfo.InvariantCulture, $"decimal({read.Precision},{read.Scale})") : read.Type.ToString().ToLowerInvariant());
            Assert.Equal(written.Rules, read.Rules.Select(r => s_rules[(int)r]));
            Assert.Equal(written.NullWords, read.NullWords);
            Assert.Equal(written.Sources, read.Sources.Select(s => Assert.Single(s.Segments)));
            Assert.Equal((written.Required, written.Rescue, written.IsProtected), (read.Required, read.OnMismatch == MismatchPolicy.Rescue, read.Protected));
        }
    }, iter: 300);

    [Fact]
    public void Pointers_are_read_back_whatever_the_names() => s_text.Array[1, 4].Sample(names =>
    {
        var path = new FieldPath([.. names]);
        var column = $"name: a, type: string, source: {Quoted(path.ToString())}";
        Assert.Equal(path, Assert.Single(Assert.Single(Yaml.Catalog(Yaml.Cars("", column)).Datasets).Columns[0].Sources));
    }, iter: 300);

    private static string Print(Column[] columns, bool isFlow) =>
        "dataset: cars\ntime_zone: Asia/Shanghai\ntopics: [{ topic: police.cars, department: police }]\ncolumns:\n" +
        string.Concat(columns.Select((c, i) => isFlow ? $"  - {{ {string.Join(", ", Keys(c, i))} }}\n" : $"  - {string.Join("\n    ", Keys(c, i))}\n"));

    private static IEnumerable<string> Keys(Column column, int i) =>
    [
        $"name: c{i}", $"type: {Quoted(column.Type)}", $"source: {List(column.Sources)}", $"normalize: {List(column.Rules)}", $"null_words: {List(column.NullWords)}",
        $"required: {(column.Required ? "true" : "false")}", $"on_mismatch: {(column.Rescue ? "rescue" : "quarantine")}", $"protected: {(column.IsProtected ? "true" : "false")}",
    ];

    private static string List(string[] texts) => $"[{string.Join(", ", texts.Select(Quoted))}]";

    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)}\"";

    private sealed record Column(string Type, string[] Rules, string[] NullWords, string[] Sources, bool Required, bool Rescue, bool IsProtected);
}
