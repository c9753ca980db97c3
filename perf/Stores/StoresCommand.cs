using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Stores;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Stores;

/// <summary><c>stores</c>: how fast data files get into each store, and back, on the path that the worker uses.</summary>
internal static class StoresCommand
{
    public static Command Create()
    {
        var to = new Option<string[]>("--to") { Description = StoreAddresses.Help, Required = true, AllowMultipleArgumentsPerToken = true };
        var megabytes = new Option<int>("--megabytes") { Description = "MiB to write to each.", DefaultValueFactory = _ => 512 };
        var size = new Option<int>("--file-megabytes") { Description = "MiB of a file.", DefaultValueFactory = _ => 16 };
        var atOnce = new Option<int>("--at-once") { Description = "Files on their way at a time; the worker has one a core.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var servers = new Option<int[]>("--server-pid") { Description = "Processes of servers on this machine, whose CPU time is told, too.", AllowMultipleArgumentsPerToken = true };
        var runs = new Option<int>("--runs") { Description = "Runs; figures are medians.", DefaultValueFactory = _ => 3 };
        var command = new Command("stores", "Measure the throughput of uploads to stores, relative to the first one.") { to, megabytes, size, atOnce, servers, runs };
        command.SetAction((parse, cancellation) => RunAsync(
            parse.GetValue(to)!, new Shape(parse.GetValue(megabytes), parse.GetValue(size), parse.GetValue(atOnce)), parse.GetValue(servers) ?? [], parse.GetValue(runs), cancellation));
        return command;
    }

    private sealed record Shape(int Megabytes, int FileMegabytes, int AtOnce);

    private sealed record Figures(double WriteMbPerSecond, double ReadMbPerSecond, double OwnCpu, double ServerCpu);

    private static async Task<int> RunAsync(string[] to, Shape shape, int[] servers, int runs, CancellationToken cancellation)
    {
        if (StoreAddresses.Parse(to) is not { } addresses) return ExitCodes.BadConfiguration;
        var measured = addresses.Select(_ => new List<Figures>()).ToArray();
        for (var run = 0; run < runs; run++)
        {
            for (var i = 0; i < addresses.Count; i++) measured[i].Add(await MeasureAsync(addresses[i], shape, servers, cancellation).ConfigureAwait(false));
        }

        var table = Output.Table("store", "write MB/s", "of the first", "read MB/s", "our CPU s/GB", "servers' CPU s/GB");
        var first = Median(measured[0], f => f.WriteMbPerSecond);
        for (var i = 0; i < addresses.Count; i++)
        {
            var write = Median(measured[i], f => f.WriteMbPerSecond);
            table.Row(addresses[i].ToString()!, Text(write, 0), Text(100 * write / first, 0) + " %", Text(Median(measured[i], f => f.ReadMbPerSecond), 0), Text(Median(measured[i], f => f.OwnCpu), 2), Text(Median(measured[i], f => f.ServerCpu), 2));
        }

        Output.Console.Write(table);
        return ExitCodes.Ok;
    }

    private static async Task<Figures> MeasureAsync(PoolAddress address, Shape shape, int[] servers, CancellationToken cancellation)
    {
        var content = new byte[shape.FileMegabytes << 20];
        new Random(1).NextBytes(content);
        var folder = $"perf-{IdSource.System.Next():N}";
        var whole = new RetryingStore(new StoreOptions().Open(address, IdSource.System, TimeProvider.System), new StoreRetryOptions(), TimeProvider.System);
        var store = new PrefixedStore(whole, folder);
        var files = Math.Max(1, shape.Megabytes / shape.FileMegabytes);
        var gigabytes = (double)files * content.Length / 1e9;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = shape.AtOnce, CancellationToken = cancellation };
        try
        {
            var (cpu, server) = (Environment.CpuUsage.TotalTime.TotalSeconds, ServerCpu.Seconds(servers));
            var started = Stopwatch.GetTimestamp();
            await Parallel.ForAsync(0, files, parallel, async (i, token) => await store.CreateUniqueAsync($"part-{i}", content, token).ConfigureAwait(false)).ConfigureAwait(false);
            var wrote = Stopwatch.GetElapsedTime(started).TotalSeconds;
            (cpu, server) = (Environment.CpuUsage.TotalTime.TotalSeconds - cpu, ServerCpu.Seconds(servers) - server);

            started = Stopwatch.GetTimestamp();
            await Parallel.ForAsync(0, files, parallel, async (i, token) =>
            {
                if (await store.ReadAsync($"part-{i}", token).ConfigureAwait(false) is not { } read || !content.AsSpan().SequenceEqual(read)) throw new InvalidDataException($"part-{i} is not what was written.");
            }).ConfigureAwait(false);
            return new Figures(1000 * gigabytes / wrote, 1000 * gigabytes / Stopwatch.GetElapsedTime(started).TotalSeconds, cpu / gigabytes, server / gigabytes);
        }
        finally
        {
            await StoreAddresses.DeleteAllAsync(store, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static double Median(List<Figures> figures, Func<Figures, double> of)
    {
        var sorted = figures.Select(of).Order().ToArray();
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }

    private static string Text(double value, int digits) => value.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
