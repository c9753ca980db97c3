using Ingest.Core.Contracts;

namespace Ingest.Tests.Contracts;

/// <summary>Each kind of mistake: where it is shown, what is said, and what would be right.</summary>
public sealed class ContractErrorTests
{
    /// <summary>Marks in a text where its error should be shown.</summary>
    private const char Here = '§';

    private static readonly string[] s_columns = ["name: a, type: string", "name: t, type: timestamp"];

    [Fact]
    public void What_is_wrong_by_itself_does_not_hide_what_is_wrong_together()
    {
        var first = Yaml.Cars("formt: json\nevent_date: tt\npartition: [departmnt]\ndedup: { mode: identity, identity: [b], except: [aa] }", "name: a, type: strin", "name: A, type: string", "name: a, type: int, default: many");
        var second = Yaml.Cars("partition: [x]", "name: a, type: 'decimal(40,2)'").Replace("police\n", "Police\n", StringComparison.Ordinal);
        Assert.Equal(
            """
            a.yaml:6:1: 'formt' is not known here. Did you mean 'format'?
            a.yaml:7:13: event_date names 'tt', which is not a column. Did you mean 'a'?
            a.yaml:8:13: partition names 'departmnt', which is not a column. Did you mean 'department'?
            a.yaml:9:37: dedup.identity names 'b', which is not a column. Did you mean 'a'?
            a.yaml:9:50: dedup.except names 'aa', which is not a column. Did you mean 'a'?
            a.yaml:11:22: There is no type 'strin'. Did you mean 'string'?
            a.yaml:12:13: 'name' is 'A'. Write a lower-case name of letters, digits and '_', starting with a letter, such as name: plate_number.
            a.yaml:12:13: There are two columns 'A'. Give each column a name of its own.
            a.yaml:13:13: There are two columns 'a'. Give each column a name of its own.
            a.yaml:13:36: The default 'many' is not an int. Write digits, such as 0 or -12.
            b.yaml:1:10: Dataset 'cars' has a contract already, in a.yaml. Give one of them another name, or put both topics into one contract.
            b.yaml:5:17: 'department' is 'Police'. Write an id of up to 100 lower-case letters, digits, '.', '_' and '-' that does not end with '.', such as department: housing-fund. It becomes a folder name.
            b.yaml:6:13: partition names 'x', which is not a column. Did you mean 'a'?
            b.yaml:8:22: 'decimal(40,2)' is out of range. A decimal has 1 to 38 digits, of which at most all stand after the point, such as decimal(18,2).
            """.ReplaceLineEndings("\n"),
            string.Join('\n', Yaml.Load(first, second).Errors));
    }

    [Theory]
    [InlineData("csv: §{ delimiter: ';' }", "'csv' is given, but the format is not csv.")]
    [InlineData("format: csv\nrecords: §/a", "'records' is given, but the format is csv.")]
    [InlineData("format: csv\nselect: §{ field: /a/b, equals: c }", "'select' looks into a nested field, but the format is csv.")]
    [InlineData("records: §data/items", "'records' is 'data/items', which is not a JSON pointer.")]
    [InlineData("§event_date:", "'event_date' has no value.")]
    [InlineData("select: { field: x, §equals: null }", "'equals' has no value.")]
    [InlineData("§select: x", "'select' must hold keys of its own.")]
    [InlineData("select: { field: §'', equals: c }", "A field has no name.")]
    [InlineData("partition: §[]", "'partition' is an empty list.")]
    [InlineData("partition: §{ a: b }", "'partition' must be a list of texts.")]
    [InlineData("partition: [department, §[a]]", "'partition' holds something that is not a text.")]
    [InlineData("format: §[json]", "'format' must be a text.")]
    [InlineData("dedup: { rescued: §maybe }", "'rescued' is 'maybe'.")]
    [InlineData("dedup: { except: [§a, t] }", "dedup.except names every column, so all records would be duplicates.")]
    public void A_wrong_part_of_the_dataset_is_named(string line, string message) => AssertMarked(Yaml.Cars(line, s_columns), message);

    [Theory]
    [InlineData("name: a, type: timestamp, formats: §[]", "'formats' is an empty list.")]
    [InlineData("name: a, type: timestamp, formats: [§'yyyy-MM-dd hh:mm']", "'yyyy-MM-dd hh:mm' takes afternoon for morning.")]
    [InlineData("name: a, type: timestamp, formats: [§'yyyy-mm-dd HH:MM']", "'yyyy-mm-dd HH:MM' has minutes (m) where the month should be.")]
    [InlineData("name: a, type: date, formats: [§yyyy]", "'yyyy' does not give year, month and day.")]
    [InlineData("name: a, type: date, formats: [§d]", "'d' is not a format.")]
    [InlineData("name: a, type: string, formats: §[iso]", "Only dates and timestamps have formats.")]
    [InlineData("name: a, type: string, true_words: §[x]", "Only booleans have true_words.")]
    [InlineData("name: a, type: boolean, true_words: [是], false_words: §[是]", "'是' means true and false.")]
    [InlineData("name: a, type: boolean, true_words: §[N]", "'N' means true and false.")]
    [InlineData("name: a, type: string, source: §[]", "'source' is an empty list.")]
    [InlineData("name: a, type: string, source: §''", "A field has no name.")]
    [InlineData("name: a, type: string, source: §/a~b", "'/a~b' is not a JSON pointer.")]
    [InlineData("name: a, type: string, source: x, constant: §y", "A constant column has no source.")]
    [InlineData("name: a, type: string, default: §x, constant: y", "A constant column needs no default.")]
    [InlineData("name: a, type: string, §default: ", "'default' has no value.")]
    [InlineData("name: a, type: string, default: §''", "The default '' is one of the column's null words, so it is no value.")]
    [InlineData("name: a, type: date, constant: §soon", "The constant 'soon' is in none of the column's formats.")]
    [InlineData("name: a, type: 'decimal(4,2)', constant: §123.45", "The constant '123.45' does not fit a decimal(4,2).")]
    [InlineData("name: a, type: §decimal", "There is no type 'decimal'.")]
    [InlineData("name: a, type: §'decimal(2,3)'", "'decimal(2,3)' is out of range.")]
    [InlineData("name: a, type: string, required: §1", "'required' is '1'.")]
    [InlineData("name: a, type: string, on_mismatch: §drop", "'on_mismatch' is 'drop'.")]
    [InlineData("name: a, type: timestamp, time_zone: §China Standard Time", "'China Standard Time' is not an IANA time zone.")]
    [InlineData("name: a, type: timestamp, time_zone: §localtime", "'localtime' is not an IANA time zone.")]
    [InlineData("name: §_a, type: string", "'name' is '_a'.")]
    [InlineData("name: §\"a\\n\", type: string", "'name' is 'a\\n'.")]
    [InlineData("name: §department, type: string", "'department' is a column that every table has.")]
    [InlineData("name: a, type: string, §requird: true", "'requird' is not known here.")]
    public void A_wrong_column_is_named(string column, string message) => AssertMarked(Yaml.Cars("format: json", column), message);

    [Theory]
    [InlineData("department: \"police\\n\"")]
    [InlineData("department: ..")]
    [InlineData("department: a/b")]
    [InlineData("department: police.")]
    [InlineData("department: 公安局")]
    [InlineData("department: _police")]
    public void A_department_that_is_no_safe_folder_name_is_refused(string line) =>
        Assert.StartsWith("5:17 'department' is '", One(Yaml.Cars("", s_columns).Replace("department: police", line, StringComparison.Ordinal)), StringComparison.Ordinal);

    [Theory]
    [InlineData("Asia/Beijing", "Write time_zone: Asia/Shanghai.")]
    [InlineData("asia/peking", "Write time_zone: Asia/Shanghai.")]
    [InlineData("UTC+8", "Write time_zone: Asia/Shanghai.")]
    [InlineData("Europe/Munich", "Write time_zone: Europe/Berlin.")]
    [InlineData("Asia/Shangai", "Did you mean 'Asia/Shanghai'?")]
    public void A_city_that_is_no_zone_is_answered_with_its_zone(string zone, string remedy) =>
        Assert.EndsWith($" There is no time zone '{zone}'. {remedy}", Assert.Single(Yaml.Load(Yaml.Cars("", s_columns).Replace("Asia/Shanghai", zone, StringComparison.Ordinal)).Errors).ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("topic: police.cars", "topic: ..", "4:12 'topic' is '..'.")]
    [InlineData("topic: police.cars", "topic: police cars", "4:12 'topic' is 'police cars'.")]
    [InlineData("dataset: cars", "dataset: quarantine", "1:10 'quarantine' is a table of refused records.")]
    [InlineData("dataset: cars", "dataset: quarantine-replayed", "1:10 'quarantine-replayed' is a table of refused records.")]
    [InlineData("dataset: cars", "dataset: ../cars", "1:10 'dataset' is '../cars'.")]
    [InlineData("department: police", "department: police\n    claim: { field: /d }", "6:12 'equals' is missing.")]
    [InlineData("department: police", "department: police\n  - topic: police.cars\n    department: taxes", "6:12 Topic 'police.cars' stands twice in this contract.")]
    [InlineData("topics:\n  - topic: police.cars\n    department: police", "topics: police.cars", "3:1 'topics' is not a list, or empty.")]
    public void A_wrong_topic_or_dataset_is_named(string old, string changed, string expected) =>
        Assert.Equal(expected, One(Yaml.Cars("", s_columns).Replace(old, changed, StringComparison.Ordinal)));

    [Fact]
    public void Identity_is_checked() => Assert.Equal(
        ["'a' identifies records, so it cannot be excepted.", "dedup.identity names 'a' twice."],
        Yaml.Load(Yaml.Cars("dedup: { mode: identity, identity: [a, a], except: [a] }", "name: a, type: string, required: true")).Errors.Select(e => e.Message).Order(StringComparer.Ordinal));

    [Fact]
    public void A_topic_of_several_datasets_is_read_in_one_way_only()
    {
        var cars = Yaml.Cars("select: { field: kind, equals: c }\nrecords: /x", s_columns);
        var ships = Yaml.Cars("select: { field: type, equals: s }", s_columns).Replace("dataset: cars", "dataset: ships", StringComparison.Ordinal);
        Assert.Equal(
            ["Topic 'police.cars' has records 'none' here and '/x' in a.yaml.", "Topic 'police.cars' has select field '/type' here and '/kind' in a.yaml."],
            Yaml.Load(cars, ships).Errors.Select(e => e.Message));
    }

    /// <summary>Half a select is one mistake, not two.</summary>
    [Fact]
    public void What_is_wrong_already_is_not_missed_again()
    {
        var ships = Yaml.Cars("select: { field: kind, equals: s }", s_columns).Replace("dataset: cars", "dataset: ships", StringComparison.Ordinal);
        Assert.Equal(["6:9 'equals' is missing."], Yaml.Load(Yaml.Cars("select: { field: kind }", s_columns), ships).Errors.Select(Text));
    }

    [Theory]
    [InlineData("dataset: cars\n\ttopics: x", "2:1 This is not YAML: a tab indents the line.")]
    [InlineData("dataset: cars\ntopics:\n  - topic: x\n \t  department: y", "4:2 This is not YAML: a tab indents the line.")]
    [InlineData("# only a comment\n", "1:1 The file is empty.")]
    [InlineData("a: 1\n---\nb: 2\n", "3:1 The file holds more than one document.")]
    [InlineData("dataset: a\ndataset: b", "2:1 This is not YAML: Duplicate key dataset.")]
    public void A_text_that_is_no_contract_is_shown_where_it_breaks(string text, string expected) => Assert.Equal(expected, One(text));

    [Theory]
    [InlineData("text", "Did you mean 'string'?")]
    [InlineData("Integer", "Did you mean 'int'?")]
    [InlineData("bigint", "Did you mean 'long'?")]
    [InlineData("timestmp", "Did you mean 'timestamp'?")]
    [InlineData("decimal", "Write a decimal with its digits and those after the point, such as decimal(18,2).")]
    [InlineData("geography", "Write one of: string, int, long, double, decimal(p,s), boolean, date, timestamp.")]
    public void A_type_by_the_name_that_it_has_elsewhere_is_told_its_name_here(string type, string remedy) =>
        Assert.Equal(($"There is no type '{type}'.", remedy), Assert.Single(Yaml.Load(Yaml.Cars("format: json", $"name: a, type: {type}")).Errors) is var error ? (error.Message, error.Remedy) : default);

    [Fact]
    public void Anchors_stand_for_what_they_name()
    {
        var catalog = Yaml.Catalog(Yaml.Cars("", "name: a, type: string, null_words: &none ['', '无']", "name: b, type: string, null_words: *none"));
        Assert.Equal(["", "无"], catalog.Datasets[0].Columns[1].NullWords);
    }

    [Fact]
    public void What_a_column_lacks_is_shown_where_the_column_starts() => Assert.Equal(
        ["8:5 'type' is missing.", "9:5 'name' is missing."], Yaml.Load(Yaml.Cars("format: json", "name: a", "type: string")).Errors.Select(Text));

    /// <summary>The only error of a text points at the mark in it.</summary>
    private static void AssertMarked(string marked, string message)
    {
        var before = marked[..marked.IndexOf(Here)];
        var error = Assert.Single(Yaml.Load(marked.Replace($"{Here}", "", StringComparison.Ordinal)).Errors);
        Assert.Equal((before.Count(c => c == '\n') + 1, before.Length - before.LastIndexOf('\n'), message), (error.Line, error.Column, error.Message));
        Assert.NotEqual("", error.Remedy);
    }

    private static string One(string text) => Text(Assert.Single(Yaml.Load(text).Errors));

    private static string Text(ContractError error)
    {
        Assert.NotEqual("", error.Remedy);
        return $"{error.Line}:{error.Column} {error.Message}";
    }
}
