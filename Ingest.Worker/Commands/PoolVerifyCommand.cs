using System.CommandLine;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Verify;
using Ingest.Worker.Configuration;

namespace Ingest.Worker.Commands;

/// <summary><c>pool verify</c>: whether the pool is what it should be.</summary>
internal static class PoolVerifyCommand
{
    public static Command Create()
    {
        var pool = PoolCommand.PoolOption();
        var table = new Option<string?>("--table") { Description = "Only this table." };
        var index = new Option<bool>("--index") { Description = "Compute every fingerprint anew from the rows, and read every block of the index. Needs the contracts." };
        var contracts = new Option<string?>("--contracts") { Description = "Contracts, for --index. Default: the setting Ingest:Contracts." };
        var command = new Command("verify", "Check log, offsets, files, statistics, checkpoint and index of every table. Exit code 1 if anything is wrong.") { pool, table, index, contracts };
        command.SetAction((parse, cancellation) => RunAsync(parse.GetValue(pool), parse.GetValue(table), parse.GetValue(index), parse.GetValue(contracts), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string? poolFolder, string? only, bool withIndex, string? contracts, CancellationToken cancellation)
    {
        if (await PoolTables.OpenAsync(poolFolder, cancellation).ConfigureAwait(false) is not { } pool) return ExitCodes.BadConfiguration;
        var plans = new Dictionary<string, DatasetPlan>(StringComparer.Ordinal) { [QuarantineDataset.Name] = QuarantineDataset.Plan, [ReplayedDataset.Name] = ReplayedDataset.Plan };
        var errors = new List<string>();
        if (withIndex && ContractFiles.Load(contracts ?? SettingsReader.Configuration([])["Ingest:Contracts"] ?? new IngestSettings().Contracts, errors) is { } catalog)
        {
            foreach (var plan in catalog.Datasets) plans[plan.Name] = plan;
        }

        if (only is not null && pool.Tables.All(t => t.Name != only)) errors.Add($"There is no table '{only}' in {pool.Root}.");
        if (errors.Count > 0)
        {
            foreach (var error in errors) await Console.Error.WriteLineAsync(error).ConfigureAwait(false);
            return ExitCodes.BadConfiguration;
        }

        var findings = new List<(string Table, Finding Finding)>();
        var report = Output.Table(["table", "version", "rows", .. CheckList.All.Select(c => c.Name)]);
        foreach (var table in pool.Tables.Where(t => only is null || t.Name == only))
        {
            var found = (await TableVerifier.RunAsync(table.Store, table.Snapshot, TimeProvider.System, cancellation).ConfigureAwait(false)).ToList();
            var checksRows = withIndex && plans.ContainsKey(table.Name);
            if (checksRows) found.AddRange(await CheckIndexAsync(plans[table.Name], table, cancellation).ConfigureAwait(false));
            findings.AddRange(found.Select(f => (table.Name, f)));
            report.Row([table.Name, Output.Count(table.Snapshot.Version), Output.Count(table.Snapshot.LiveRows), .. CheckList.All.Select(c => Cell(c.Name, found, checksRows))]);
        }

        Output.Console.Write(report);
        foreach (var (table, finding) in findings) Console.WriteLine($"{(finding.IsError ? "error" : "note")}  {table}: {finding.Check}: {finding.What}");
        var wrong = findings.Count(f => f.Finding.IsError);
        Console.WriteLine(wrong == 0 ? "The pool is right." : $"{wrong} {(wrong == 1 ? "error" : "errors")}.");
        return wrong == 0 ? ExitCodes.Ok : ExitCodes.Failed;
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

    private static string Cell(string check, List<Finding> found, bool checksRows)
    {
        if (check == CheckList.Fingerprints && !checksRows) return "-";
        var wrong = found.Count(f => f.Check == check && f.IsError);
        return wrong > 0 ? $"{wrong} wrong" : found.Any(f => f.Check == check) ? "note" : "ok";
    }
}
