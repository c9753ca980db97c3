using System.CommandLine;
using System.Globalization;
using Ingest.Core.Pool.Delta;

namespace Ingest.Worker.Commands;

/// <summary><c>pool ledger</c>: what became of every offset, by the commits' own accounts.</summary>
internal static class PoolLedgerCommand
{
    public static Command Create()
    {
        var pool = PoolCommand.PoolOption();
        var department = new Option<string?>("--department") { Description = "Only the topics of this department." };
        var command = new Command("ledger", "Per table and topic-partition: offsets covered, and read = written + duplicates + quarantined. Exit code 1 if anything does not add up.") { pool, department };
        command.SetAction((parse, cancellation) => RunAsync(parse.GetValue(pool), parse.GetValue(department), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string? poolFolder, string? department, CancellationToken cancellation)
    {
        if (await PoolTables.OpenAsync(poolFolder, cancellation).ConfigureAwait(false) is not { } pool) return ExitCodes.BadConfiguration;
        var table = Output.Table("table", "department", "topic", "partition", "offsets", "commits", "records", "written", "duplicates", "quarantined", "offsets given up", "tiled");
        var problems = new List<string>();
        foreach (var t in pool.Tables)
        {
            var ledger = await Ledger.ReadAsync(t.Store, cancellation).ConfigureAwait(false);
            problems.AddRange(ledger.Problems.Select(p => $"{t.Name}: {p}"));
            foreach (var line in ledger.Lines.Where(l => department is null || l.Department == department))
            {
                table.Row(
                    t.Name, line.Department, line.Source.Topic, line.Source.Partition.ToString(CultureInfo.InvariantCulture), line.Range.ToString(), Output.Count(line.Commits),
                    Output.Count(line.Records), Output.Count(line.Written), Output.Count(line.Duplicates), Output.Count(line.Quarantined), Output.Count(line.GivenUp), line.IsWhole ? "yes" : "NO");
            }
        }

        Output.Console.Write(table);
        foreach (var problem in problems) Console.WriteLine(problem);
        Console.WriteLine(problems.Count == 0 ? "Every offset is accounted for." : $"{problems.Count} {(problems.Count == 1 ? "problem" : "problems")}.");
        return problems.Count == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
