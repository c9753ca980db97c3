using System.Text;
using Ingest.Tests.Contracts;
using Ingest.Worker.Samples;

namespace Ingest.Tests.Samples;

/// <summary>What <c>validate</c> says of fields that no column takes.</summary>
public sealed class UntakenFieldsTests
{
    private static readonly string[] s_columns = ["name: name, type: string", "name: age, type: int, source: /person/age, on_mismatch: rescue"];

    [Fact]
    public void They_are_named_once_each_with_what_to_do() =>
        Assert.Equal(
            "cars: no column takes b, c, d, e, f, … (6 fields): they go to _rescued, and records that differ there are no duplicates. If that is not meant, list them under columns and dedup.except, or set dedup.rescued: false.",
            Said("format: json", """[{"name":"a","person":{"age":"ten","sex":"f"},"b":1,"c":{"x":1}},{"name":"b","person":{"age":3},"f":1,"e":[1],"d":"","b":2}]"""));

    [Fact]
    public void Where_they_do_not_count_only_that_is_said() =>
        Assert.Equal("cars: no column takes b: it goes to _rescued, which does not tell records apart (dedup.rescued: false).", Said("format: json\ndedup: { rescued: false }", """{"name":"a","b":1}"""));

    [Fact]
    public void A_value_that_a_column_did_not_take_is_none_of_them() => Assert.Null(Said("format: json", """{"name":"a","person":{"age":"ten"}}"""));

    private static string? Said(string dataset, string payload)
    {
        using var chunk = SampleReader.Read(Yaml.Catalog(Yaml.Cars(dataset, s_columns)).Topics.Values.Single(), Encoding.UTF8.GetBytes(payload));
        return UntakenFields.Of(Assert.Single(chunk.Datasets));
    }
}
