using System.Text.RegularExpressions;
using Ingest.Core.Contracts;
using Ingest.Tests.Tidy;

namespace Ingest.Tests.Contracts;

/// <summary>The reference for authors is that of the code.</summary>
public sealed partial class ContractKeyTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "contracts.md"));

    [Fact]
    public void The_table_of_keys_lists_every_key_and_no_other()
    {
        var table = s_page.Split("<!-- keys -->")[1].Split("<!-- /keys -->")[0];
        var listed = FirstCell().Matches(table).Select(m => m.Groups[1].Value).ToArray();
        Assert.Equal(ContractKeys.All.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_example_of_the_page_is_a_contract_but_for_keys_that_exclude_each_other()
    {
        var yaml = s_page.Split("```yaml\n")[1].Split("```")[0];
        var errors = CatalogLoader.Load([new ContractSource("docs/contracts.md", yaml)]).Errors;

        // The page shows all keys together; some exclude each other.
        Assert.Equal(["'csv' is given, but the format is not csv.", "dedup.identity is given, but the mode is content.", "dedup.except names 'english_name', which is not a column."], errors.Select(e => e.Message));
    }

    [Fact]
    public void Every_rule_is_explained() => Assert.All(ColumnReader.RuleNames, rule => Assert.Contains($"`{rule}`", s_page, StringComparison.Ordinal));

    [GeneratedRegex(@"^\| `([^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex FirstCell();
}
