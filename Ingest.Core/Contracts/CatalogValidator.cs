namespace Ingest.Core.Contracts;

/// <summary>Judges what contracts mean together: whose dataset is whose, and how a topic that several share is read.</summary>
internal static class CatalogValidator
{
    public static void Check(IReadOnlyList<DatasetContract> contracts)
    {
        CheckNames(contracts);
        var bindings = contracts.SelectMany(c => c.Topics.DistinctBy(t => t.Topic, StringComparer.Ordinal).Select(t => (Contract: c, Binding: t)));
        foreach (var topic in bindings.GroupBy(b => b.Binding.Topic, StringComparer.Ordinal))
        {
            var first = topic.First();
            foreach (var (contract, binding) in topic.Skip(1)) CheckShared(first.Contract, first.Binding, contract, binding);
            CheckSelection([.. topic]);
        }
    }

    private static void CheckNames(IReadOnlyList<DatasetContract> contracts)
    {
        foreach (var same in contracts.Where(c => c.Dataset.Length > 0).GroupBy(c => c.Dataset, StringComparer.Ordinal))
        {
            foreach (var contract in same.Skip(1)) contract.Node.Wrong("dataset", $"Dataset '{same.Key}' has a contract already, in {same.First().Node.File}.", "Give one of them another name, or put both topics into one contract.");
        }
    }

    /// <summary>A message is read before it is known whose records it holds: whoever shares a topic must agree on how.</summary>
    private static void CheckShared(DatasetContract first, TopicBinding one, DatasetContract other, TopicBinding two)
    {
        void Differ(string what, object? a, object? b)
        {
            if (!Equals(a, b)) other.Node.Wrong(two.At, $"Topic '{one.Topic}' has {what} '{b ?? "none"}' here and '{a ?? "none"}' in {first.Node.File}.", "All contracts of a topic must say the same.");
        }

        Differ("department", one.Department, two.Department);
        Differ("format", first.Format, other.Format);
        Differ("records", Pointer(first), Pointer(other));
        if (first.Format == other.Format) Differ("delimiter", first.Delimiter, other.Delimiter);
        Differ("claim field", one.ClaimField, two.ClaimField);
        Differ("claim", one.Claim, two.Claim);

        // Who has none is told so once, with all others that have none.
        if (first.SelectField is not null && other.SelectField is not null) Differ("select field", first.SelectField, other.SelectField);
    }

    private static string? Pointer(DatasetContract contract) => contract.Records.Segments.IsEmpty ? null : contract.Records.ToString();

    private static void CheckSelection((DatasetContract Contract, TopicBinding Binding)[] sharing)
    {
        if (sharing.Length < 2) return;
        foreach (var (contract, binding) in sharing.Where(s => !s.Contract.Node.Has("select")))
            contract.Node.Wrong(binding.At, $"Topic '{binding.Topic}' is shared by {sharing.Length} datasets, and nothing says which records are of '{contract.Dataset}'.", "Write select: { field: /type, equals: vehicle }.");
        foreach (var same in sharing.Where(s => s.Contract.SelectValue is not null).GroupBy(s => s.Contract.SelectValue, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            foreach (var (contract, binding) in same.Skip(1))
                contract.Node.Wrong("select", $"Topic '{binding.Topic}' has two datasets for '{same.Key}': '{same.First().Contract.Dataset}' and '{contract.Dataset}'.", "Each dataset of a topic needs a value of its own.");
        }
    }
}
