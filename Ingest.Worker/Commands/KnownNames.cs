using Ingest.Core.Contracts;
using Ingest.Core.Pool.Delta;

namespace Ingest.Worker.Commands;

/// <summary>
/// Departments that there are: those of the contracts, of the tables' ledgers, and of their partitions. Where one is given that nobody knows, an empty answer
/// would read as if all of it were well.
/// </summary>
internal static class KnownNames
{
    /// <summary>Adds an error when a department is given that there is not.</summary>
    /// <param name="seen">Those that the command met itself; more is read only when it is not among them.</param>
    public static async Task CheckDepartmentAsync(PoolArguments given, string? department, IReadOnlyCollection<string> seen, CancellationToken cancellation)
    {
        if (department is null || seen.Contains(department)) return;
        var contracts = given.ContractsIfAny();
        var known = contracts?.Topics.Values.Select(t => t.Department).Concat(seen).ToHashSet(StringComparer.Ordinal) ?? [.. seen];
        if (known.Contains(department)) return;
        foreach (var table in given.Pool.Tables)
        {
            var ledger = await Ledger.ReadAsync(table.Store, cancellation).ConfigureAwait(false);
            known.UnionWith(ledger.Lines.Select(l => l.Department));
            if (known.Contains(department)) return;
            var files = await LogFiles.LiveAsync(table, cancellation).ConfigureAwait(false);
            known.UnionWith(files.Select(f => f.Add.PartitionValues.GetValueOrDefault(SystemColumns.Department)).OfType<string>());
            if (known.Contains(department)) return;
        }

        Add(given, "department", department, known, contracts);
    }

    /// <summary>Adds an error when a dataset is given that there is not: neither a contract, nor a table, nor a refused record names it.</summary>
    public static void CheckDataset(PoolArguments given, string? dataset, IEnumerable<string> seen)
    {
        if (dataset is null) return;
        var contracts = given.ContractsIfAny();
        var known = given.Pool.Tables.Select(t => t.Name).Concat(seen).Concat(contracts?.Datasets.Select(d => d.Name) ?? []).ToHashSet(StringComparer.Ordinal);
        if (!known.Contains(dataset)) Add(given, "dataset", dataset, known, contracts);
    }

    private static void Add(PoolArguments given, string what, string name, HashSet<string> known, Catalog? contracts) => given.Errors.Add(
        $"There is no {what} '{name}' in {given.Pool.Root}, nor in the contracts at {given.ContractsFolder}{(contracts is null ? " (which cannot be read)" : "")}. {NearestName.Suggest(name, known.Order(StringComparer.Ordinal), "pool ledger lists them.")}");
}
