using Ingest.Core.Contracts;

namespace Ingest.Tests.Contracts;

/// <summary>Contracts written in a test.</summary>
internal static class Yaml
{
    /// <summary>The catalog of contracts that must be right; each is a file named a.yaml, b.yaml and so on.</summary>
    public static Catalog Catalog(params string[] texts)
    {
        var result = Load(texts);
        Assert.Empty(result.Errors);
        return result.Catalog!;
    }

    public static CatalogResult Load(params string[] texts) =>
        CatalogLoader.Load(texts.Select((t, i) => new ContractSource($"{(char)('a' + i)}.yaml", t)));

    /// <summary>The only topic of contracts that must be right.</summary>
    public static TopicPlan Topic(params string[] texts) => Assert.Single(Catalog(texts).Topics).Value;

    /// <summary>A contract of dataset "cars" on topic "police.cars", with more lines and with columns given as flow mappings.</summary>
    public static string Cars(string more, params string[] columns) =>
        $"dataset: cars\ntime_zone: Asia/Shanghai\ntopics:\n  - topic: police.cars\n    department: police\n{more}\ncolumns:\n{string.Concat(columns.Select(c => $"  - {{ {c} }}\n"))}";
}
