using System.Diagnostics;
using System.Globalization;
using Ingest.Fuzz;

namespace Ingest.Perf.Chaos;

/// <summary>One fault after the other, and how long it takes after each until everything that had been sent is in the table.</summary>
internal sealed class ChaosFaults(ChaosBrokers brokers, ChaosPool pool, ChaosWorkers workers, ChaosGenerator generator, int seed)
{
    private static readonly TimeSpan s_resumeMax = TimeSpan.FromMinutes(3);

    /// <summary>Beyond every session timeout in use.</summary>
    private static readonly TimeSpan s_zombie = TimeSpan.FromSeconds(14);

    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(4);

    private FuzzRandom _random = new((ulong)seed);

    /// <summary>Faults by kind, with the seconds until all was there again.</summary>
    public sealed class Log
    {
        public SortedDictionary<string, List<double>> Kinds { get; } = new(StringComparer.Ordinal);

        public void Print()
        {
            foreach (var (kind, seconds) in Kinds) Line(kind, seconds);
            Line("all", [.. Kinds.Values.SelectMany(s => s)]);
        }

        private static void Line(string kind, List<double> seconds)
        {
            if (seconds.Count == 0) return;
            seconds.Sort();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind,-14} {seconds.Count,4} times, all there again after p50 {At(seconds, 0.5):F1} s, p99 {At(seconds, 0.99):F1} s, at most {seconds[^1]:F1} s"));
        }

        private static double At(List<double> sorted, double quantile) => sorted[(int)Math.Min(sorted.Count - 1, quantile * sorted.Count)];
    }

    public async Task<Log> RunAsync(int faults, TimeSpan over, Task sending, CancellationToken cancellation)
    {
        var log = new Log();
        var kinds = new List<string> { "kill -9", "zombie", "broker", "scale", "index gone" };
        if (!brokers.IsEmbedded) kinds.Add("broker frozen");
        if (pool.IsMounted) kinds.AddRange(["disk full", "read-only"]);
        await UntilThereAsync(1, cancellation).ConfigureAwait(false);
        var started = Stopwatch.GetTimestamp();
        for (var fault = 0; fault < faults && !sending.IsFaulted; fault++)
        {
            // Each kind in turn, in an order of the seed's.
            if (fault % kinds.Count == 0) Shuffle(kinds);
            var wait = (over * ((double)fault / faults)) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero) await Task.Delay(wait, cancellation).ConfigureAwait(false);
            var kind = kinds[fault % kinds.Count];
            await HurtAsync(kind, cancellation).ConfigureAwait(false);
            workers.Keep();
            var resumed = Stopwatch.GetTimestamp();
            await UntilThereAsync(generator.Delivered, cancellation).ConfigureAwait(false);
            var seconds = Stopwatch.GetElapsedTime(resumed).TotalSeconds;
            if (!log.Kinds.TryGetValue(kind, out var times)) log.Kinds.Add(kind, times = []);
            times.Add(seconds);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{fault + 1,4} {kind,-14} {seconds,5:F1} s  {generator.Records:N0} records sent"));
        }

        if (sending.IsFaulted) await sending.ConfigureAwait(false);
        return log;
    }

    private async Task HurtAsync(string kind, CancellationToken cancellation)
    {
        var worker = _random.Next(workers.Scale);
        switch (kind)
        {
            case "kill -9":
                workers.Kill(worker);
                break;
            case "zombie":
                await workers.FreezeAsync(worker, s_zombie, cancellation).ConfigureAwait(false);
                break;
            case "broker" or "broker frozen":
                await brokers.HurtAsync(_random.Next(3), freeze: kind == "broker frozen", s_short, cancellation).ConfigureAwait(false);
                break;
            case "scale":
                workers.Scale = 1;
                await Task.Delay(s_short, cancellation).ConfigureAwait(false);
                workers.Scale = 4;
                await Task.Delay(s_short, cancellation).ConfigureAwait(false);
                workers.Scale = 1;
                await Task.Delay(s_short, cancellation).ConfigureAwait(false);
                workers.Scale = 3;
                break;
            case "index gone":
                workers.Kill(worker);
                if (Directory.Exists(workers.CacheOf(worker))) Directory.Delete(workers.CacheOf(worker), recursive: true);
                break;
            case "disk full":
                await pool.FillAsync(s_short, cancellation).ConfigureAwait(false);
                break;
            case "read-only":
                await pool.MakeReadOnlyAsync(s_short, cancellation).ConfigureAwait(false);
                break;
        }
    }

    private async Task UntilThereAsync(long transfers, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        while (await pool.TransfersAsync(cancellation).ConfigureAwait(false) < transfers)
        {
            workers.Keep();
            await Task.Delay(100, cancellation).ConfigureAwait(false);
            if (Stopwatch.GetElapsedTime(started) > s_resumeMax) throw new InvalidOperationException($"The workers have not caught up within {s_resumeMax}. {workers.Ended.Log}");
        }
    }

    private void Shuffle(List<string> kinds)
    {
        for (var i = kinds.Count - 1; i > 0; i--)
        {
            var j = _random.Next(i + 1);
            (kinds[i], kinds[j]) = (kinds[j], kinds[i]);
        }
    }
}
