using System.CommandLine;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Verify;

namespace Ingest.Worker.Commands;

/// <summary><c>pool verify</c>: whether the pool is what it should be.</summary>
internal static class PoolVerifyCommand
{
    public static Command Create()
    {
        var index = new Option<bool>("--index") { Description = "Compute every fingerprint anew from the rows, and read every block of the index. Needs the contracts." };
        return PoolArguments.Command("verify", "Check log, offsets, files, statistics, checkpoint and index of every table. Exit code 1 if anything is wrong.", [index],
            (given, parse, cancellation) => RunAsync(given, parse.GetValue(index), cancellation), canSelect: true, readsContracts: true, bearsDamage: true);
    }

    private static async Task<int> RunAsync(PoolArguments given, bool withIndex, CancellationToken cancellation)
    {
        var plans = OwnDatasets.Plans.ToDictionary(d => d.Name, StringComparer.Ordinal);
        if (withIndex && given.Contracts() is { } catalog)
        {
            foreach (var plan in catalog.Datasets) plans[plan.Name] = plan;
        }

        given.Check();
        var findings = new List<(string Table, Finding Finding)>();
        var report = Output.Table("table", "version", "rows", "checks");
        foreach (var damaged in given.Damaged) findings.Add((damaged.Name, new Finding(CheckList.Log, true, damaged.Why)));
        foreach (var table in given.Tables)
        {
            var found = new List<Finding>();
            var plan = withIndex ? PlanOf(table, plans, given.ContractsFolder, found) : null;
            try
            {
                found.AddRange(await TableVerifier.RunAsync(table.Store, table.Snapshot, TimeProvider.System, cancellation).ConfigureAwait(false));
                if (plan is not null) found.AddRange(await CheckIndexAsync(plan, table, cancellation).ConfigureAwait(false));
            }
            catch (InvalidDataException unreadable)
            {
                found.Add(new Finding(CheckList.Log, true, unreadable.Message));
            }

            findings.AddRange(found.Select(f => (table.Name, f)));
            report.Row(table.Name, Output.Count(table.Snapshot.Version), Output.Count(table.Snapshot.LiveRows), Checks(found, plan is not null));
        }

        Output.Console.Write(report);
        foreach (var (table, finding) in findings) Console.WriteLine($"{(finding.IsError ? "error" : "note")}  {table}: {finding.Check}: {finding.What}");
        var wrong = findings.Count(f => f.Finding.IsError);
        Console.WriteLine(wrong == 0 ? "The pool is right." : $"{Output.Count(wrong, "error")}. What each check means, and what to do: docs/verify.md.");
        return wrong == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>The contract that the table was written with; null, and that is an error, when it was not given: what was asked for was not checked.</summary>
    private static DatasetPlan? PlanOf(PoolTable table, Dictionary<string, DatasetPlan> plans, string contracts, List<Finding> found)
    {
        if (!plans.TryGetValue(table.Name, out var plan))
        {
            found.Add(new Finding(CheckList.Fingerprints, true, $"not checked: no contract in {contracts} is named '{table.Name}', and only that says what its fingerprints are made of. Give it by --contracts, or choose others by --table."));
            return null;
        }

        if (TableSupport.DepartmentProblem(table.Snapshot, TableSchema.SchemaString(plan)) is { } problem)
        {
            found.Add(new Finding(CheckList.Fingerprints, true, $"not checked: {problem}"));
            return null;
        }

        if (table.Snapshot.Metadata?.Configuration.GetValueOrDefault(TableSpec.DedupKey) is not { } pinned || pinned == plan.DedupSignature) return plan;
        found.Add(new Finding(CheckList.Fingerprints, true, $"not checked: they are made of '{pinned}', those of the contract of '{plan.DedupSignature}'. Give the contract that the table was written with."));
        return null;
    }

    private static async Task<IReadOnlyList<Finding>> CheckIndexAsync(DatasetPlan plan, PoolTable table, CancellationToken cancellation)
    {
        var work = Directory.CreateTempSubdirectory("ingest-verify-").FullName;
        try
        {
            return await IndexCheck.RunAsync(plan, table.Store, table.Snapshot, work, cancellation).ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>How many checks found nothing, and what the others found: "9 ok, files: 1 wrong". Fingerprints that could not be checked are not called wrong.</summary>
    private static string Checks(List<Finding> found, bool checksRows)
    {
        string Told(string check) => check == CheckList.Fingerprints && !checksRows ? "not checked" : found.Count(f => f.Check == check && f.IsError) is var wrong and > 0 ? $"{wrong} wrong" : "note";

        string[] made = [.. CheckList.All.Select(c => c.Name).Where(c => c != CheckList.Fingerprints || checksRows || found.Any(f => f.Check == c))];
        string[] told = [.. made.Where(c => found.Any(f => f.Check == c)).Select(c => $"{c}: {Told(c)}")];
        return string.Join(", ", told.Prepend($"{made.Length - told.Length} ok"));
    }
}
