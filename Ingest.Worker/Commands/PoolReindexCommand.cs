using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Worker.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Worker.Commands;

/// <summary><c>pool reindex</c>: makes a table's index anew from its rows. Workers may go on writing meanwhile.</summary>
internal static class PoolReindexCommand
{
    public static Command Create()
    {
        var work = new Option<string?>("--work") { Description = "Local folder for sorting, 34 bytes a row. After a kill, the same command goes on with what lies there. Default: ingest-reindex in the system's temporary folder." };
        var memory = new Option<int>("--memory") { Description = "MiB of memory for sorting.", DefaultValueFactory = _ => 160 };
        return PoolArguments.Command("reindex", "Make the index of each table that has a contract anew from its rows, after it was lost or damaged. Goes on where it was when it is started again.", [work, memory],
            (given, parse, cancellation) => RunAsync(given, parse.GetValue(work), parse.GetValue(memory), cancellation), canSelect: true, readsContracts: true);
    }

    private static async Task<int> RunAsync(PoolArguments given, string? work, int memoryMiB, CancellationToken cancellation)
    {
        DatasetPlan[] plans = [.. given.Contracts()?.Datasets ?? [], .. OwnDatasets.Plans];
        if (given.Only is { } only && given.Tables.Any() && plans.All(p => p.Name != only)) given.Errors.Add($"No contract is named '{only}'. The contract of the table says what its fingerprints are made of.");
        if (memoryMiB < 1) given.Errors.Add($"--memory is {memoryMiB}. Give at least 1.");
        given.Check();

        var options = new RebuildOptions(Path.GetFullPath(work ?? Path.Combine(Path.GetTempPath(), "ingest-reindex")), (long)memoryMiB << 20, Environment.ProcessorCount);
        foreach (var table in given.Tables)
        {
            if (plans.FirstOrDefault(p => p.Name == table.Name) is not { } plan) continue;
            try
            {
                await ReindexAsync(plan, table, options, cancellation).ConfigureAwait(false);
            }
            catch (Exception reason) when (Refusal.IsOne(reason))
            {
                await Console.Error.WriteLineAsync($"{table.Name}: {reason.Message}").ConfigureAwait(false);
                return ExitCodes.Failed;
            }
        }

        return ExitCodes.Ok;
    }

    private static async Task ReindexAsync(DatasetPlan plan, PoolTable table, RebuildOptions options, CancellationToken cancellation)
    {
        if (await DeltaTable.OpenAsync(table.Store, table.Name, IdSource.System, TimeProvider.System, cancellation).ConfigureAwait(false) is not { } log) return;
        var pinned = log.Opened.Configuration.GetValueOrDefault(TableSpec.DedupKey);
        if (pinned != plan.DedupSignature)
            throw new TableRefusedException($"its fingerprints are made of '{pinned}', those of the contract of '{plan.DedupSignature}'. Give the contract that the table was written with.");

        if (TableSupport.DepartmentProblem(log.Current, TableSchema.SchemaString(plan)) is { } problem) throw new TableRefusedException(problem);

        var (started, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var services = new EngineServices { Pool = table.Store, Logger = NullLogger.Instance };
        if (await new IndexRebuild(plan, table.Store, log, options, services).RunAsync(null, cancellation).ConfigureAwait(false) is not { } done) return;
        var (took, used) = (Stopwatch.GetElapsedTime(started).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{table.Name}: {done.Keys:N0} fingerprints of {Output.Count(done.Files, "file")} in {Output.Count(done.Runs, "run")}, sum {done.Sum:x32}, published in version {done.Version}{(done.Resumed ? ", resumed" : "")}. {took:F1} s, {used:F1} s of processor time, {done.Keys / Math.Max(used, 1e-3):N0} keys a second and core."));
    }
}
