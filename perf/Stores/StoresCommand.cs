using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Stores;
using Ingest.Core.Stores.AzureBlobs;
using Ingest.Core.Stores.S3;
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
        var atOnce = new Option<int>("--at-once") { Description = "Files on their way at a time; the worker has one a core to a folder, 32 to an object store.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var servers = new Option<int[]>("--server-pid") { Description = "Processes of servers on this machine, whose CPU time is told, too.", AllowMultipleArgumentsPerToken = true };
        var sink = new Option<bool>("--sink") { Description = "Measure each object store's client also against a server that forgets what it is sent: what of the CPU is the client's own." };
        var runs = new Option<int>("--runs") { Description = "Runs; figures are medians.", DefaultValueFactory = _ => 3 };
        var command = new Command("stores", "Measure the throughput of uploads to stores, relative to the first one, and to a plain client's.") { to, megabytes, size, atOnce, servers, sink, runs };
        command.SetAction((parse, cancellation) => RunAsync(
            parse.GetValue(to)!, new Shape(parse.GetValue(megabytes), parse.GetValue(size), parse.GetValue(atOnce)), parse.GetValue(servers) ?? [], parse.GetValue(sink), parse.GetValue(runs), cancellation));
        return command;
    }

    private sealed record Shape(int Megabytes, int FileMegabytes, int AtOnce)
    {
        public int Files => Math.Max(1, Megabytes / FileMegabytes);

        public double Gigabytes => (double)Files * (FileMegabytes << 20) / 1e9;
    }

    /// <param name="IsKept">Whether what was written can be read again.</param>
    private sealed record Target(string Name, PoolAddress Address, StoreOptions Options, int[] Servers, bool IsKept);

    /// <summary>Bytes a second, and CPU seconds a GB, of one way of writing.</summary>
    private readonly record struct Rate(double MbPerSecond, double OwnCpu, double ServerCpu);

    private sealed record Figures(Rate Write, Rate Plain, double ReadMbPerSecond);

    private static async Task<int> RunAsync(string[] to, Shape shape, int[] servers, bool withSink, int runs, CancellationToken cancellation)
    {
        if (StoreAddresses.Parse(to) is not { } addresses) return ExitCodes.BadConfiguration;
        using var sink = withSink ? await SinkProcess.StartAsync(cancellation).ConfigureAwait(false) : null;
        var targets = addresses.Select(a => new Target(a.ToString()!, a, new StoreOptions(), servers, true)).ToList();
        if (sink is not null) targets.AddRange(addresses.Where(a => a is not PoolAddress.Folder).Select(a => new Target($"{StoreAddresses.Kind(a)} client, sink", a, Sink(sink), [sink.Id], false)));
        var measured = targets.Select(_ => new List<Figures>()).ToArray();
        for (var run = 0; run < runs; run++)
        {
            for (var i = 0; i < targets.Count; i++) measured[i].Add(await MeasureAsync(targets[i], shape, cancellation).ConfigureAwait(false));
        }

        var table = Output.Table("store", "write MB/s", "of the first", "of plain PUTs", "read MB/s", "our CPU s/GB", "plain CPU s/GB", "servers' CPU s/GB", "with plain");
        var first = Median(measured[0], f => f.Write.MbPerSecond);
        for (var i = 0; i < targets.Count; i++)
        {
            double Of(Func<Figures, double> figure) => Median(measured[i], figure);
            table.Row(
                targets[i].Name, Text(Of(f => f.Write.MbPerSecond), 0), Text(100 * Of(f => f.Write.MbPerSecond) / first, 0) + " %", Text(100 * Of(f => f.Write.MbPerSecond / f.Plain.MbPerSecond), 0) + " %",
                targets[i].IsKept ? Text(Of(f => f.ReadMbPerSecond), 0) : "", Text(Of(f => f.Write.OwnCpu), 2), Text(Of(f => f.Plain.OwnCpu), 2), Text(Of(f => f.Write.ServerCpu), 2), Text(Of(f => f.Plain.ServerCpu), 2));
        }

        Output.Console.Write(table);
        return ExitCodes.Ok;
    }

    private static StoreOptions Sink(SinkProcess sink) => new()
    {
        S3 = new S3Options { Endpoint = $"http://127.0.0.1:{sink.Port}" },
        Azure = new AzureOptions { Endpoint = $"http://127.0.0.1:{sink.Port}/devstoreaccount1" },
    };

    private static async Task<Figures> MeasureAsync(Target target, Shape shape, CancellationToken cancellation)
    {
        var content = new byte[shape.FileMegabytes << 20];
        new Random(1).NextBytes(content);
        var folder = $"perf-{IdSource.System.Next():N}";
        var whole = new RetryingStore(target.Options.Open(target.Address, IdSource.System, TimeProvider.System), new StoreRetryOptions(), TimeProvider.System);
        var store = new PrefixedStore(whole, folder);
        using var plain = new PlainClient(target.Address, target.Options);
        try
        {
            var plainly = await RateAsync(shape, target.Servers, (i, token) => plain.PutAsync($"{folder}/plain-{i}", content, token), cancellation).ConfigureAwait(false);
            var ours = await RateAsync(shape, target.Servers, async (i, token) => await store.CreateUniqueAsync($"part-{i}", content, token).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            if (!target.IsKept) return new Figures(ours, plainly, 0);
            var read = await RateAsync(shape, target.Servers, async (i, token) =>
            {
                if (await store.ReadAsync($"part-{i}", token).ConfigureAwait(false) is not { } read || !content.AsSpan().SequenceEqual(read)) throw new InvalidDataException($"part-{i} is not what was written.");
            }, cancellation).ConfigureAwait(false);
            return new Figures(ours, plainly, read.MbPerSecond);
        }
        finally
        {
            if (target.IsKept) await StoreAddresses.DeleteAllAsync(store, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task<Rate> RateAsync(Shape shape, int[] servers, Func<int, CancellationToken, Task> work, CancellationToken cancellation)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = shape.AtOnce, CancellationToken = cancellation };
        var (cpu, server, started) = (Environment.CpuUsage.TotalTime.TotalSeconds, ServerCpu.Seconds(servers), Stopwatch.GetTimestamp());
        await Parallel.ForAsync(0, shape.Files, parallel, async (i, token) => await work(i, token).ConfigureAwait(false)).ConfigureAwait(false);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Rate(1000 * shape.Gigabytes / seconds, (Environment.CpuUsage.TotalTime.TotalSeconds - cpu) / shape.Gigabytes, (ServerCpu.Seconds(servers) - server) / shape.Gigabytes);
    }

    private static double Median(List<Figures> figures, Func<Figures, double> of)
    {
        var sorted = figures.Select(of).Order().ToArray();
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }

    private static string Text(double value, int digits) => value.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
