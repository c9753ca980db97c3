using System.Collections.Immutable;
using System.Text;

namespace Ingest.Core.Contracts;

/// <summary>Loads contracts, checks them each by itself and against each other, and reports everything that is wrong at once.</summary>
public static class CatalogLoader
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>A YAML file, or all <c>*.yaml</c> and <c>*.yml</c> files below a folder, in ordinal order of their names.</summary>
    /// <exception cref="IOException">The path cannot be read.</exception>
    public static CatalogResult LoadFolder(string path)
    {
        string[] files = File.Exists(path)
            ? [path]
            : [.. Directory.EnumerateFiles(path, "*.*", SearchOption.AllDirectories).Where(f => Path.GetExtension(f) is ".yaml" or ".yml").Order(StringComparer.Ordinal)];
        if (files.Length == 0) return new CatalogResult(null, [new ContractError(path, 1, 1, "There is no contract in this folder.", "Contracts are files that end in .yaml or .yml.")]);
        var errors = new List<ContractError>();
        return Load([.. files.Select(f => ReadText(f, errors)).OfType<ContractSource>()], errors);
    }

    public static CatalogResult Load(IEnumerable<ContractSource> sources) => Load([.. sources], []);

    private static CatalogResult Load(ContractSource[] sources, List<ContractError> errors)
    {
        var contracts = sources.Select(s => ContractReader.Read(s, errors)).OfType<DatasetContract>().ToArray();
        foreach (var contract in contracts) ContractValidator.Check(contract);
        CatalogValidator.Check(contracts);
        if (errors.Count > 0) return new CatalogResult(null, [.. errors.Distinct().OrderBy(e => e.File, StringComparer.Ordinal).ThenBy(e => e.Line).ThenBy(e => e.Column)]);
        var compiled = contracts.Select(c => (Contract: c, Plan: DatasetCompiler.Compile(c))).ToArray();
        return new CatalogResult(new Catalog([.. compiled.Select(c => c.Plan)], Topics(compiled)), []);
    }

    /// <summary>Null when the file is not UTF-8: a wrong letter in a field's name would be a column that stays empty.</summary>
    private static ContractSource? ReadText(string file, List<ContractError> errors)
    {
        var bytes = File.ReadAllBytes(file);
        try
        {
            return new ContractSource(file, s_strictUtf8.GetString(bytes));
        }
        catch (DecoderFallbackException broken)
        {
            var before = bytes.AsSpan(0, Math.Clamp(broken.Index, 0, bytes.Length));
            var column = Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1;
            errors.Add(new ContractError(file, before.Count((byte)'\n') + 1, column, "The file is not UTF-8.", "Save it as UTF-8."));
            return null;
        }
    }

    private static ImmutableSortedDictionary<string, TopicPlan> Topics((DatasetContract Contract, DatasetPlan Plan)[] compiled)
    {
        var topics = ImmutableSortedDictionary.CreateBuilder<string, TopicPlan>(StringComparer.Ordinal);
        var bindings = compiled.SelectMany(c => c.Contract.Topics.Select(t => (Binding: t, c.Contract, c.Plan)));
        foreach (var topic in bindings.GroupBy(b => b.Binding.Topic, StringComparer.Ordinal))
        {
            var first = topic.First();
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
}
