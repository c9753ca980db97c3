using System.CommandLine;
using System.Globalization;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Index;

/// <summary><c>index</c>: the dedup index by itself, in turns with RocksDB on the same keys, into RESULTS.md.</summary>
internal static class IndexCommand
{
    public static Command Create()
    {
        var sizes = new Option<long[]>("--sizes") { Description = "Keys that the table holds when measuring begins.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [10_000_000, 20_000_000] };
        var orders = new Option<string>("--keys") { Description = "What keys are: hash (from end to end), date (in front of the hash), or both.", DefaultValueFactory = _ => "both" };
        var turns = new Option<int>("--turns") { Description = "Turns of each; figures are their medians.", DefaultValueFactory = _ => 5 };
        var batches = new Option<int>("--batches") { Description = "Batches of 65,536 keys a turn, a tenth of them there already.", DefaultValueFactory = _ => 8 };
        var rocksMax = new Option<long>("--rocks-max") { Description = "Largest size at which RocksDB is measured too.", DefaultValueFactory = _ => 200_000_000 };
        var sliceOf = new Option<long>("--slice-of") { Description = "Also measure a table of this many dated keys, 40 million a day, committed each minute, of which only the last 8 days' keys are made. 0 for none." };
        var folder = new Option<string>("--work") { Description = "Folder for indexes; 17 bytes a key, twice that with RocksDB.", DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "ingest-perf-index") };
        var output = new Option<string>("--output") { Description = "Report to write its section of.", DefaultValueFactory = _ => Path.Combine("perf", "RESULTS.md") };
        var command = new Command("index", "Measure the dedup index, in turns with RocksDB.") { sizes, orders, turns, batches, rocksMax, sliceOf, folder, output };
        orders.AcceptOnlyFromAmong("hash", "date", "both");
        command.SetAction((parse, cancellation) => RunAsync(
            new IndexPlan(
                [.. parse.GetValue(sizes)!.Order()],
                parse.GetValue(orders) switch { "hash" => [false], "date" => [true], _ => [false, true] },
                parse.GetValue(turns), parse.GetValue(batches), parse.GetValue(rocksMax), parse.GetValue(sliceOf), Path.GetFullPath(parse.GetValue(folder)!)),
            Path.GetFullPath(parse.GetValue(output)!), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(IndexPlan plan, string output, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux() || plan.Sizes.Any(s => s < 1_000_000) || plan.Turns < 1 || plan.Batches < 1)
        {
            await Console.Error.WriteLineAsync("Give sizes of at least 1000000, and at least one turn of one batch; page cache and memory are measured by Linux's /proc.").ConfigureAwait(false);
            return ExitCodes.BadConfiguration;
        }

        var figures = new List<IndexFigures>();
        foreach (var size in plan.Sizes)
        {
            foreach (var carryDates in plan.Orders)
            {
                using var stage = IndexStage.Whole(plan, size, carryDates);
                figures.Add(await stage.RunAsync(cancellation).ConfigureAwait(false));
            }
        }

        if (plan.SliceOf > 0)
        {
            using var stage = IndexStage.Slice(plan);
            figures.Add(await stage.RunAsync(cancellation).ConfigureAwait(false));
        }

        var order = plan.Orders.Count == 2 ? "both" : plan.Orders[0] ? "date" : "hash";
        var command = string.Create(CultureInfo.InvariantCulture, $"dotnet run --project perf -c Release -- index --sizes {string.Join(' ', plan.Sizes)} --keys {order} --turns {plan.Turns} --batches {plan.Batches}{(plan.SliceOf > 0 ? $" --slice-of {plan.SliceOf}" : "")}");
        await ResultsFile.WriteSectionAsync(output, "index", IndexSection.Render(figures, command), cancellation).ConfigureAwait(false);
        Console.WriteLine($"Written: {output}");
        return ExitCodes.Ok;
    }
}

/// <summary>What is to be measured.</summary>
internal sealed record IndexPlan(IReadOnlyList<long> Sizes, IReadOnlyList<bool> Orders, int Turns, int Batches, long RocksKeysMax, long SliceOf, string Folder);
