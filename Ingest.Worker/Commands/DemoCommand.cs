using System.CommandLine;
using Ingest.Worker.Demo;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Commands;

/// <summary><c>demo</c>: the whole job on an embedded broker, judged by DuckDB.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var transfers = new Option<int>("--transfers") { Description = "Transfers to publish.", DefaultValueFactory = _ => 20_000 };
        var records = new Option<int>("--records-per-transfer") { Description = "Records in a transfer.", DefaultValueFactory = _ => 20 };
        var pool = new Option<string>("--pool") { Description = "Folder of the demo's pool; one that holds anything else is refused.", DefaultValueFactory = _ => "demo-pool" };
        var seed = new Option<int>("--seed") { Description = "The same seed makes the same transfers, byte for byte.", DefaultValueFactory = _ => 1 };
        var departments = new Option<int>("--departments") { Description = "Departments that publish, 1 to 59.", DefaultValueFactory = _ => 59 };
        var command = new Command("demo", "Run the main job on an embedded broker with simulated departments, and let DuckDB compare the pool with what should be there.") { transfers, records, pool, seed, departments };
        command.SetAction((parse, cancellation) => RunAsync(
            new CityPlan(parse.GetValue(seed), parse.GetValue(transfers), parse.GetValue(records), parse.GetValue(departments)), parse.GetValue(pool)!, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(CityPlan plan, string pool, CancellationToken cancellation)
    {
        var errors = new List<string>();
        if (plan.Transfers < 1) errors.Add($"--transfers is {plan.Transfers}. Give at least 1.");
        if (plan.RecordsPerTransfer is < 1 or > CityPlan.RecordsPerTransferMax) errors.Add($"--records-per-transfer is {plan.RecordsPerTransfer}. Give 1 to 1000.");
        if (plan.Departments is < 1 or > CityPlan.DepartmentsMax) errors.Add($"--departments is {plan.Departments}. Give 1 to 59.");
        if (plan.Seed is < 0 or > CityPlan.SeedMax) errors.Add($"--seed is {plan.Seed}. Give 0 to {CityPlan.SeedMax}.");
        pool = Path.GetFullPath(pool);
        if (DemoHistory.WhyNot(pool) is { } refused) errors.Add($"--pool is '{pool}', {refused}");
        var contracts = Path.Combine(AppContext.BaseDirectory, "Contracts");
        var catalog = ContractFiles.Load(contracts, errors);
        if (errors.Count > 0 || catalog is null) return await RefuseAsync(errors).ConfigureAwait(false);

        var history = DemoHistory.Open(pool);
        var earlier = history.Plans;
        string source;
        try
        {
            source = history.Begin(plan);
        }
        catch (Exception cannot) when (cannot is IOException or UnauthorizedAccessException)
        {
            return await RefuseAsync([$"--pool is '{pool}', which cannot be written: {FileArguments.Reason(cannot)}. Give another folder."]).ConfigureAwait(false);
        }

        var work = Directory.CreateTempSubdirectory("ingest-demo-").FullName;
        try
        {
            using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning));
            using var truth = new Truth(Directory.CreateDirectory(Path.Combine(work, "now")).FullName);
            var run = new DemoRun(plan, source, catalog, pool, loggers);
            Console.WriteLine($"{plan.Departments} departments publish {Output.Count(plan.Transfers)} transfers of {plan.RecordsPerTransfer} records (seed {plan.Seed}) into {pool}{(earlier.Contains(plan) ? ", as they have before" : "")}.");
            await DemoProgress.ShowAsync(run, plan, run.RunAsync(truth, cancellation)).ConfigureAwait(false);
            history.Finish(source);

            Console.WriteLine("DuckDB compares the pool with what should be there …");
            var all = Regenerate(history, plan, truth, catalog, work);
            var verdict = await Judge.CompareAsync(pool, catalog, truth, all, history.FinishedSources, cancellation).ConfigureAwait(false);
            foreach (var (past, _) in all.Where(a => a.Truth != truth)) past.Dispose();
            return DemoReport.Write(verdict, run, history.Plans.Count - 1, pool, contracts);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Console.WriteLine("Interrupted; what was taken in is committed. Run it again: what is there already is dropped as duplicates.");
            return ExitCodes.Failed;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static async Task<int> RefuseAsync(IReadOnlyList<string> errors)
    {
        foreach (var error in errors) await Console.Error.WriteLineAsync(error).ConfigureAwait(false);
        return ExitCodes.BadConfiguration;
    }

    /// <summary>What was published into this pool before, made again: the same plan makes the same truth.</summary>
    private static List<(Truth Truth, int Times)> Regenerate(DemoHistory history, CityPlan plan, Truth now, Core.Contracts.Catalog catalog, string work)
    {
        var all = new List<(Truth, int)>();
        foreach (var (entry, i) in history.Plans.Select((e, i) => (e, i)))
        {
            if (entry == plan)
            {
                all.Add((now, history.TimesFinished(entry)));
                continue;
            }

            var truth = new Truth(Directory.CreateDirectory(Path.Combine(work, $"past-{i}")).FullName);
            foreach (var _ in entry.Make(catalog, truth))
            {
                // Only the truth is wanted.
            }

            truth.Flush();
            all.Add((truth, history.TimesFinished(entry)));
        }

        return all;
    }
}
