namespace Ingest.Tests.Contracts;

/// <summary>What a contract says of the columns that partition its table.</summary>
public sealed class PartitionColumnTests
{
    [Fact]
    public void An_empty_text_is_no_value_where_it_would_be_a_folder()
    {
        var columns = Yaml.Catalog(Yaml.Cars("partition: [a, b, n]", "name: a, type: string, null_words: ['-']", "name: b, type: string", "name: n, type: int, null_words: []", "name: c, type: string, null_words: []")).Datasets[0].Columns;
        Assert.Equal([["-", ""], [""], [], []], columns.Select(c => c.NullWords.ToArray()));
        Assert.Equal([true, true, true, false], columns.Select(c => c.Partitions));
    }

    [Theory]
    [InlineData("default: ''", "The default '' is one of the column's null words, so it is no value.", "Write a value: the table is partitioned by the column, where an empty text is none.")]
    [InlineData("constant: '  '", "The constant '  ' is one of the column's null words, so it is no value.", "Write a value: the table is partitioned by the column, where an empty text is none.")]
    [InlineData("default: '/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678'", "The default '/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678/12345678' is too long for the name of a folder, and the table is partitioned by its column.", "Write at most 150 bytes, or do not partition by it.")]
    public void A_text_of_the_contract_must_be_one_that_a_folder_can_have(string text, string message, string remedy)
    {
        var error = Assert.Single(Yaml.Load(Yaml.Cars("partition: [a]", $"name: a, type: string, null_words: [], {text}")).Errors);
        Assert.Equal((message, remedy), (error.Message, error.Remedy));
        Assert.Empty(Yaml.Load(Yaml.Cars("partition: [b]", $"name: a, type: string, null_words: [], {text}", "name: b, type: int")).Errors);
    }

    [Fact]
    public void Names_of_folders_stay_within_what_stores_take()
    {
        var name = "p".PadRight(105, 'q');
        var error = Assert.Single(Yaml.Load(Yaml.Cars($"partition: [department, {name}]", $"name: {name}, type: string")).Errors);
        Assert.Equal($"The table cannot be partitioned by '{name}': its folders could have 256 bytes in their names, and file systems take 255.", error.Message);
        Assert.Empty(Yaml.Load(Yaml.Cars($"partition: [department, {name[1..]}]", $"name: {name[1..]}, type: string")).Errors);

        var four = new[] { "province", "city", "district", "street" };
        var columns = four.Select(c => $"name: {c}, type: string").Append("name: d, type: date").ToArray();
        Assert.Empty(Yaml.Load(Yaml.Cars("event_date: d\npartition: [department, event_date, province, city, district]", columns)).Errors);
        Assert.Empty(Yaml.Load(Yaml.Cars("event_date: d\npartition: [event_date, province, city, district, street]", columns)).Errors);
        error = Assert.Single(Yaml.Load(Yaml.Cars("event_date: d\npartition: [department, event_date, province, city, district, street]", columns)).Errors);
        Assert.Equal("The table is partitioned by so much that the names of its folders could have 784 bytes together, and stores take 700.", error.Message);
    }
}
