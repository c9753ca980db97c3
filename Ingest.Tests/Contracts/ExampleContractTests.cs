using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Ingest.Tests.Stores;
using Ingest.Tests.Tidy;

namespace Ingest.Tests.Contracts;

/// <summary>The contracts that come with the worker, and files as authors save them.</summary>
public sealed class ExampleContractTests
{
    private static readonly Lazy<Catalog> s_examples = new(() =>
    {
        var result = CatalogLoader.LoadFolder(Path.Combine(SourceTree.Root, "Ingest.Worker", "Contracts"));
        Assert.Empty(result.Errors);
        return result.Catalog!;
    });

    [Fact]
    public void Twelve_datasets_come_from_59_departments()
    {
        Assert.Equal(12, s_examples.Value.Datasets.Length);
        Assert.Equal(59, s_examples.Value.Topics.Values.Select(t => t.Department).Distinct().Count());
        Assert.All(s_examples.Value.Topics.Values, t => Assert.StartsWith($"{t.Department}.", t.Topic, StringComparison.Ordinal));
    }

    [Fact]
    public void They_show_what_contracts_can_say()
    {
        var datasets = s_examples.Value.Datasets;
        var topics = s_examples.Value.Topics.Values.ToArray();
        Assert.Equal(Enum.GetValues<TransferFormat>(), topics.Select(t => t.Format).Distinct().Order());
        Assert.Contains(topics, t => t.Datasets.Length > 1);
        Assert.Contains(topics, t => t.Claim is not null);
        Assert.Contains(topics, t => t.Format == TransferFormat.Json && t.Records.Segments.Length > 1);
        Assert.Contains(datasets, d => d.Dedup.Mode == DedupMode.Identity);
        var columns = datasets.SelectMany(d => d.Columns).ToArray();
        Assert.Equal(Enum.GetValues<ColumnType>().Except([ColumnType.Binary]), columns.Select(c => c.Type).Distinct().Order());
        Assert.Contains(columns, c => c.OnMismatch == MismatchPolicy.Rescue);
        Assert.Contains(columns, c => c.Constant is not null);
        Assert.Contains(columns, c => c.Default is not null);
    }

    [Fact]
    public void The_engine_takes_every_column_of_them() =>
        Assert.All(s_examples.Value.Datasets.SelectMany(d => d.Columns), c => Assert.NotNull(ColumnNormalizer.Create(c)));

    [Fact]
    public void A_folder_is_read_with_all_below_it_and_other_files_are_left_alone()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "b"));
        File.WriteAllText(Path.Combine(folder.Path, "b", "ships.yml"), Yaml.Cars("", "name: a, type: string").Replace("cars", "ships", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(folder.Path, "cars.yaml"), "\uFEFF" + Yaml.Cars("", "name: a, type: string").ReplaceLineEndings("\r\n"));
        File.WriteAllText(Path.Combine(folder.Path, "notes.txt"), "{");
        var result = CatalogLoader.LoadFolder(folder.Path);
        Assert.Empty(result.Errors);
        Assert.Equal(["ships", "cars"], result.Catalog!.Datasets.Select(d => d.Name));
        Assert.Equal("There is no contract in this folder.", Assert.Single(CatalogLoader.LoadFolder(Directory.CreateDirectory(Path.Combine(folder.Path, "c")).FullName).Errors).Message);
    }

    [Fact]
    public void A_file_in_another_encoding_is_one_error_and_does_not_hide_those_of_others()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(Path.Combine(folder.Path, "a.yaml"), [.. "dataset: cars\ndescription: "u8, 0xB3, 0xB5, .. "\n"u8]);
        File.WriteAllText(Path.Combine(folder.Path, "b.yaml"), "- x");
        Assert.Equal(
            ["a.yaml:2:14: The file is not UTF-8. Save it as UTF-8.", "b.yaml:1:1: The file does not hold keys. Start with dataset: name."],
            CatalogLoader.LoadFolder(folder.Path).Errors.Select(e => Path.GetRelativePath(folder.Path, e.ToString())));
    }
}
