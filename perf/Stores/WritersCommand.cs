using System.CommandLine;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Stores;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Stores;

/// <summary><c>writers</c>: several workers on one table, each with partitions of its own: how often they collide, and what that costs.</summary>
internal static class WritersCommand
{
    public static Command Create()
    {
        var to = new Option<string[]>("--to") { Description = StoreAddresses.Help, Required = true, AllowMultipleArgumentsPerToken = true };
        var writers = new Option<int[]>("--writers") { Description = "Numbers of workers.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 2, 4, 8] };
        var seconds = new Option<int>("--seconds") { Description = "How long each number is measured.", DefaultValueFactory = _ => 10 };
        var pause = new Option<int>("--every-ms") { Description = "A worker begins a commit every so many milliseconds, as Ingest:Batching:FlushAfter says (2000 there); 0: as fast as it can.", DefaultValueFactory = _ => 0 };
        var kilobytes = new Option<int>("--file-kilobytes") { Description = "KiB of data in a commit.", DefaultValueFactory = _ => 256 };
        var latency = new Option<int>("--latency-ms") { Description = "Time added to each call, for a store further away than this machine.", DefaultValueFactory = _ => 0 };
        var command = new Command("writers", "Measure several workers that commit to one table.") { to, writers, seconds, pause, kilobytes, latency };
        command.SetAction((parse, cancellation) => RunAsync(
            parse.GetValue(to)!, parse.GetValue(writers)!, new WriterLoad(TimeSpan.FromSeconds(parse.GetValue(seconds)), TimeSpan.FromMilliseconds(parse.GetValue(pause)), parse.GetValue(kilobytes) << 10, TimeSpan.FromMilliseconds(parse.GetValue(latency))), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string[] to, int[] writers, WriterLoad load, CancellationToken cancellation)
    {
        if (StoreAddresses.Parse(to) is not { } addresses) return ExitCodes.BadConfiguration;
        var table = Output.Table("store", "workers", "commits/s", "lost races a commit", "wasted bytes", "p50 ms", "p99 ms", "log read ms");
        foreach (var address in addresses)
        {
            foreach (var count in writers)
            {
                var store = new PrefixedStore(new StoreOptions().Open(address, IdSource.System, TimeProvider.System), $"perf-{IdSource.System.Next():N}");
                try
                {
                    var figures = await WriterGroup.RunAsync(store, count, load, cancellation).ConfigureAwait(false);
                    table.Row(
                        StoreAddresses.Kind(address), Text(count, 0), Text(figures.CommitsPerSecond, 1), Text(figures.LostRacesPerCommit, 2), Text(100 * figures.WastedShare, 3) + " %",
                        Text(figures.MedianMs, 0), Text(figures.P99Ms, 0), Text(figures.LogReadMs, 1));
                }
                finally
                {
                    await StoreAddresses.DeleteAllAsync(store, CancellationToken.None).ConfigureAwait(false);
                }
            }
        }

        Output.Console.Write(table);
        return ExitCodes.Ok;
    }

    private static string Text(double value, int digits) => value.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
