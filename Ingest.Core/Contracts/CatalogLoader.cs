using System.Collections.Immutable;

namespace Ingest.Core.Contracts;

/// <summary>Loads contracts, checks them each by itself and against each other, and reports everything that is wrong at once.</summary>
public static class CatalogLoader
{
    /// <summary>A YAML file, or all <c>*.yaml</c> and <c>*.yml</c> files below a folder.</summary>
    /// <exception cref="IOException">The path cannot be read.</exception>
    public static CatalogResult LoadFolder(string path)
    {
        if (File.Exists(path)) return Load([new ContractSource(path, File.ReadAllText(path))]);
        var files = Directory.EnumerateFiles(path, "*.*", SearchOption.AllDirectories)
            .Where(f => Path.GetExtension(f) is ".yaml" or ".yml").Order(StringComparer.Ordinal).ToArray();
        return files.Length > 0
            ? Load(files.Select(f => new ContractSource(f, File.ReadAllText(f))))
            : new CatalogResult(null, [new ContractError(path, 1, 1, "There is no contract in this folder.", "Contracts are files that end in .yaml or .yml.")]);
    }

    public static CatalogResult Load(IEnumerable<ContractSource> sources)
    {
        var errors = new List<ContractError>();
        var contracts = sources.Select(s => ContractReader.Read(s, errors)).OfType<DatasetContract>().ToArray();
        var compiled = contracts.Select(c => (Contract: c, Plan: DatasetCompiler.Compile(c))).ToArray();
        CheckNames(contracts);
        var topics = Topics(compiled);
        return errors.Count == 0
            ? new CatalogResult(new Catalog([.. compiled.Select(c => c.Plan)], topics), [])
            : new CatalogResult(null, [.. errors.OrderBy(e => e.File, StringComparer.Ordinal).ThenBy(e => e.Line).ThenBy(e => e.Column)]);
    }

    private static void CheckNames(DatasetContract[] contracts)
    {
        foreach (var same in contracts.GroupBy(c => c.Dataset, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            foreach (var contract in same.Skip(1)) contract.Node.Wrong("dataset", $"Dataset '{same.Key}' has a contract already, in {same.First().Node.File}.", "Give one of them another name, or put both topics into one contract.");
        }
    }

    private static ImmutableSortedDictionary<string, TopicPlan> Topics((DatasetContract Contract, DatasetPlan Plan)[] compiled)
    {
        var topics = ImmutableSortedDictionary.CreateBuilder<string, TopicPlan>(StringComparer.Ordinal);
        var bindings = compiled.SelectMany(c => c.Contract.Topics.Select(t => (Binding: t, c.Contract, c.Plan)));
        foreach (var topic in bindings.GroupBy(b => b.Binding.Topic, StringComparer.Ordinal))
        {
            var first = topic.First();
            foreach (var other in topic.Skip(1)) CheckShared(first.Contract, first.Binding, other.Contract, other.Binding);
            CheckSelection([.. topic.Select(t => (t.Contract, t.Binding))]);
            topics[topic.Key] = new TopicPlan
            {
                Topic = topic.Key,
                Department = first.Binding.Department,
                Format = first.Contract.Format,
                Records = first.Contract.Records,
                Delimiter = first.Contract.Delimiter,
                SelectField = first.Contract.SelectField,
                ClaimField = first.Binding.ClaimField,
                Claim = first.Binding.Claim,
                Datasets = [.. topic.Select(t => new TopicDataset(t.Plan, t.Contract.SelectValue))],
            };
        }

        return topics.ToImmutable();
    }

    /// <summary>A message is read before it is known whose records it holds: whoever shares a topic must agree on how.</summary>
    private static void CheckShared(DatasetContract first, TopicBinding one, DatasetContract other, TopicBinding two)
    {
        void Differ(string what, object? a, object? b)
        {
            if (!Equals(a, b)) other.Node.Wrong(two.At, $"Topic '{one.Topic}' has {what} '{b}' here and '{a}' in {first.Node.File}.", "All contracts of a topic must say the same.");
        }

        Differ("department", one.Department, two.Department);
        Differ("format", first.Format, other.Format);
        Differ("records", first.Records, other.Records);
        Differ("delimiter", first.Delimiter, other.Delimiter);
        Differ("select field", first.SelectField, other.SelectField);
        Differ("claim field", one.ClaimField, two.ClaimField);
        Differ("claim", one.Claim, two.Claim);
    }

    private static void CheckSelection((DatasetContract Contract, TopicBinding Binding)[] sharing)
    {
        if (sharing.Length < 2) return;
        foreach (var (contract, binding) in sharing.Where(s => s.Contract.SelectField is null))
            contract.Node.Wrong(binding.At, $"Topic '{binding.Topic}' is shared by {sharing.Length} datasets, and nothing says which records are of '{contract.Dataset}'.", "Write select: { field: /type, equals: vehicle }.");
        foreach (var same in sharing.Where(s => s.Contract.SelectValue is not null).GroupBy(s => s.Contract.SelectValue, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            foreach (var (contract, binding) in same.Skip(1))
                contract.Node.Wrong("select", $"Topic '{binding.Topic}' has two datasets for '{same.Key}': '{same.First().Contract.Dataset}' and '{contract.Dataset}'.", "Each dataset of a topic needs a value of its own.");
        }
    }
}
