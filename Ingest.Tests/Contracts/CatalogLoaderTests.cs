using CsCheck;
using Ingest.Core.Contracts;

namespace Ingest.Tests.Contracts;

public sealed class CatalogLoaderTests
{
    private const string Good = """
        dataset: cars
        time_zone: Asia/Shanghai
        topics:
          - topic: police.cars
            department: police
        columns:
          - name: plate
            type: string
          - name: seen
            type: timestamp
        """;

    [Fact]
    public void A_minimal_contract_gets_defaults_that_work()
    {
        var catalog = Yaml.Catalog(Good);
        var plan = Assert.Single(catalog.Datasets);
        var topic = Assert.Single(catalog.Topics).Value;
        Assert.Equal(("police.cars", "police", TransferFormat.Json, ','), (topic.Topic, topic.Department, topic.Format, topic.Delimiter));
        Assert.Empty(topic.Records.Segments);
        Assert.Equal(["/plate"], plan.Columns[0].Sources.Select(s => s.ToString()));
        Assert.Equal([TextRule.Trim], plan.Columns[0].Rules);
        Assert.Equal(["department"], plan.Partitioning.Select(p => p.Name));
        Assert.Equal(DedupMode.Content, plan.Dedup.Mode);
        Assert.Equal([0, 1], plan.Dedup.KeyColumns);
        Assert.True(plan.Dedup.IncludesRescued);
        Assert.Equal("Asia/Shanghai", plan.Columns[1].TimeZone.Id);
        Assert.Equal("v1;content;department,plate:string,seen:timestamp;_rescued", plan.DedupSignature);
    }

    [Fact]
    public void Everything_wrong_is_said_at_once_with_its_place()
    {
        var errors = Yaml.Load("""
            dataset: Cars
            time_zone: Asia/Shangai
            formt: json
            topics:
              - topic: police.cars
                departement: police
            columns:
              - name: plate
                type: strin
                normalize: [trim, uper]
              - name: Seen
                type: timestamp
                formats: ["not a format"]
            dedup:
              mode: both
            """).Errors;
        Assert.Equal(
            [
                "1:10 'dataset' is 'Cars'.", "2:12 There is no time zone 'Asia/Shangai'.", "3:1 'formt' is not known here.", "5:5 'department' is missing.", "6:5 'departement' is not known here.",
                "9:11 There is no type 'strin'.", "10:23 There is no rule 'uper'.", "11:11 'name' is 'Seen'.", "13:15 'not a format' is not a format.", "15:9 'mode' is 'both'.",
            ],
            errors.Select(e => $"{e.Line}:{e.Column} {e.Message}"));
        Assert.All(errors, e => Assert.Equal("a.yaml", e.File));
        Assert.All(errors, e => Assert.NotEqual("", e.Remedy));
        Assert.Equal("a.yaml:3:1: 'formt' is not known here. Did you mean 'format'?", errors[2].ToString());
        Assert.Equal("Did you mean 'Asia/Shanghai'?", errors[1].Remedy);
        Assert.Equal("Did you mean 'department'?", errors[4].Remedy);
        Assert.Equal("Did you mean 'upper'?", errors[6].Remedy);
    }

    [Theory]
    [InlineData("event_date: sen", "event_date names 'sen', which is not a column.", "Did you mean 'seen'?")]
    [InlineData("event_date: plate", "event_date is 'plate', which is a String.", "Name a column of type date or timestamp.")]
    [InlineData("partition: [event_date]", "The table cannot be partitioned by event_date: the contract does not say what it is.", null)]
    [InlineData("partition: [department, department]", "The table is partitioned by 'department' twice.", null)]
    [InlineData("partition: seen", "The table cannot be partitioned by 'seen', which is a Timestamp.", null)]
    [InlineData("dedup: { except: [plate, seen] }", "dedup.except names every column, so all records would be duplicates.", null)]
    [InlineData("dedup: { identity: [plate] }", "dedup.identity is given, but the mode is content.", null)]
    [InlineData("dedup: { mode: identity }", "The mode is identity, but no column identifies a record.", null)]
    [InlineData("dedup: { mode: identity, identity: plate }", "'plate' identifies records, but may be missing.", "Write required: true for column plate.")]
    [InlineData("records: /a~2", "'/a~2' is not a JSON pointer.", null)]
    [InlineData("csv: { delimiter: ab }\nformat: csv", "'delimiter' is 'ab'.", null)]
    public void Parts_that_do_not_go_together_are_refused(string line, string message, string? remedy)
    {
        var error = Assert.Single(Yaml.Load(Good + "\n" + line).Errors);
        Assert.Equal((message, 11), (error.Message, error.Line));
        if (remedy is not null) Assert.Equal(remedy, error.Remedy);
    }

    [Theory]
    [InlineData("", "The file is empty.")]
    [InlineData("- a", "The file does not hold keys.")]
    [InlineData("a: 1\n---\nb: 2", "The file holds more than one document.")]
    [InlineData("a: [1", "This is not YAML:")]
    [InlineData("a: 1\na: 2", "This is not YAML:")]
    public void A_file_that_is_no_contract_is_one_error(string text, string message) => Assert.StartsWith(message, Assert.Single(Yaml.Load(text).Errors).Message, StringComparison.Ordinal);

    [Fact]
    public void No_text_makes_the_loader_throw() => Gen.Select(Gen.Int[0, Good.Length - 1], Gen.Int[0, 4], Gen.Char["{}[]:-\"'~&*!%@`|>\t\n #a0"]).Sample((at, remove, insert) =>
    {
        var text = Good.Remove(at, Math.Min(remove, Good.Length - at)).Insert(at, $"{insert}");
        var result = Yaml.Load(text);
        Assert.Equal(result.Catalog is null, result.Errors.Count > 0);
        Assert.All(result.Errors, e => Assert.True(e.Line >= 1 && e.Column >= 1));
    }, iter: 1000);

    [Fact]
    public void Contracts_are_checked_against_each_other()
    {
        var other = Good.Replace("dataset: cars", "dataset: ships", StringComparison.Ordinal);
        Assert.Equal(
            ["a.yaml:4 Topic 'police.cars' is shared by 2 datasets, and nothing says which records are of 'cars'.", "b.yaml:4 Topic 'police.cars' is shared by 2 datasets, and nothing says which records are of 'ships'."],
            Yaml.Load(Good, other).Errors.Select(e => $"{e.File}:{e.Line} {e.Message}"));
        var selecting = Good + "\nselect: { field: /k, equals: c }";
        var errors = Yaml.Load(selecting, other.Replace("department: police", "department: taxes", StringComparison.Ordinal) + "\nformat: csv\nselect: { field: k, equals: c }").Errors;
        Assert.Equal(
            [
                "b.yaml:4 Topic 'police.cars' has department 'taxes' here and 'police' in a.yaml.", "b.yaml:4 Topic 'police.cars' has format 'Csv' here and 'Json' in a.yaml.",
                "b.yaml:12 Topic 'police.cars' has two datasets for 'c': 'cars' and 'ships'.",
            ],
            errors.Select(e => $"{e.File}:{e.Line} {e.Message}"));
        Assert.Equal("Dataset 'cars' has a contract already, in a.yaml.", Yaml.Load(selecting, selecting.Replace("equals: c", "equals: d", StringComparison.Ordinal)).Errors[0].Message);
    }

    [Fact]
    public void The_contracts_hash_does_not_depend_on_how_the_yaml_is_laid_out()
    {
        var hash = Yaml.Catalog(Good).Datasets[0].ContractHash;
        Assert.Matches("^[0-9a-f]{32}$", hash);
        const string Flow = "columns: [{type: string, description: Number plate, name: \"plate\"}, {name: seen, type: timestamp}] # the same\ndescription: Cars\ntopics: [{department: police, topic: police.cars}]\ntime_zone: 'Asia/Shanghai'\ndataset: cars\n";
        Assert.Equal(hash, Yaml.Catalog("\uFEFF" + Flow.ReplaceLineEndings("\r\n")).Datasets[0].ContractHash);
        foreach (var (old, changed) in new[] { ("plate", "plate2"), ("timestamp", "date"), ("Asia/Shanghai", "UTC"), ("department: police", "department: taxes"), ("type: string", "type: string\n    default: x"), ("type: string", "type: string\n    null_words: [a]"), ("dataset: cars", "dataset: cars2") })
            Assert.NotEqual(hash, Yaml.Catalog(Good.Replace(old, changed, StringComparison.Ordinal)).Datasets[0].ContractHash);
    }

    [Theory]
    [InlineData("", "v1;content;department,plate:string,seen:timestamp;_rescued")]
    [InlineData("dedup: { except: seen, rescued: false }", "v1;content;department,plate:string")]
    public void The_dedup_signature_says_what_a_fingerprint_is_made_of(string more, string signature)
    {
        Assert.Equal(signature, Yaml.Catalog(Good + "\n" + more).Datasets[0].DedupSignature);
        string Turned(string type) => Yaml.Catalog(Yaml.Cars("dedup: { mode: identity, identity: [z, id] }", $"name: z, type: {type}, required: true", "name: id, type: string, required: true", "name: v, type: double")).Datasets[0].DedupSignature;
        Assert.Equal("v1;identity;department,id:string,z:integer;content=v:double;_rescued", Turned("int"));
        Assert.Equal(Turned("int"), Turned("long"));
        Assert.NotEqual(Turned("int"), Turned("string"));
    }

    [Fact]
    public void Pointers_name_fields_with_slashes_and_tildes()
    {
        var column = Yaml.Catalog(Yaml.Cars("", "name: a, type: string, source: ['/x/y~1z', '/~0~01', '/', plain/name]")).Datasets[0].Columns[0];
        Assert.Equal([["x", "y/z"], ["~~1"], [""], ["plain/name"]], column.Sources.Select(s => s.Segments.ToArray()));
        Assert.Equal(["/x/y~1z", "/~0~01", "/", "/plain~1name"], column.Sources.Select(s => s.ToString()));
    }
}
