using System.Diagnostics;
using System.Globalization;
using Ingest.Fuzz;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>One fault after the other, and how long it takes after each until everything that had been sent is in the table.</summary>
internal sealed class ChaosFaults(ChaosSetting setting, ChaosBrokers brokers, ChaosDisk disk, ChaosWorkers workers, ChaosGenerator generator, ChaosTable table, string topics)
{
    /// <summary>How much of a fault's records may be sent before it is over; the rest shows that things go on.</summary>
    private const double BeforeShare = 0.6;

    /// <summary>Two a partition.</summary>
    private const int TransfersAfter = 2 * ChaosSetting.Topics * ChaosSetting.PartitionsPerTopic;

    private static readonly TimeSpan s_sendMax = TimeSpan.FromMinutes(2);

    private static readonly string[] s_ofWorkers = ["kill -9", "zombie", "scale", "index gone"];

    private List<string> _queue = [];
    private FuzzRandom _random = new((ulong)setting.Seed);

    public ChaosFigures Figures { get; } = new();

    public async Task RunAsync(Task sending, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        generator.Allow(BeforeShare / 2 / setting.Faults);
        await UntilThereAsync("the workers to take in the first transfers", cancellation).ConfigureAwait(false);
        while (Figures.Faults < setting.Faults && !sending.IsFaulted && Stopwatch.GetElapsedTime(started) < setting.AtMost)
        {
            var fault = Figures.Faults;
            generator.Allow((fault + BeforeShare) / setting.Faults);
            var wait = (setting.Over * ((double)fault / setting.Faults)) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero) await Task.Delay(wait, cancellation).ConfigureAwait(false);
            var kinds = Next(setting.Faults - fault);
            await Task.WhenAll(kinds.Select(k => HurtAsync(k, cancellation))).ConfigureAwait(false);
            workers.Keep();
            var over = Stopwatch.GetTimestamp();
            var name = string.Join(" + ", kinds);
            await UntilSentAsync(Math.Min(1, (fault + kinds.Count) / (double)setting.Faults), cancellation).ConfigureAwait(false);
            var sent = Stopwatch.GetElapsedTime(over);
            await UntilThereAsync($"the workers to have all that was sent until just after fault {fault + 1} ({name}) was over", cancellation).ConfigureAwait(false);
            var seconds = Stopwatch.GetElapsedTime(over).TotalSeconds;
            if (sent > setting.SlowAfter) setting.Say(string.Create(CultureInfo.InvariantCulture, $"Slow: {sent.TotalSeconds:F1} s of the next line are the brokers' and the generator's own, until transfers were taken again."));
            foreach (var kind in kinds) Figures.Add(kind, seconds);
            setting.Say(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(started):hh\\:mm\\:ss} {Figures.Faults,4} {name,-25} {seconds,5:F1} s  {generator.Records:N0} records sent"));
        }

        if (sending.IsFaulted) await sending.ConfigureAwait(false);
    }

    /// <summary>Waits until the brokers have acknowledged some transfers that were sent after this was called.</summary>
    private Task UntilSentAsync(double share, CancellationToken cancellation)
    {
        var target = generator.Transfers + TransfersAfter;
        generator.Allow(share);
        return ChaosShell.UntilAsync("the brokers to take transfers after the fault", s_sendMax, () =>
        {
            workers.Keep();
            return Task.FromResult(generator.Acknowledged >= target || (generator.HasSentShare && generator.Acknowledged == generator.Transfers));
        }, cancellation);
    }

    /// <summary>Waits until the table has all that the brokers had acknowledged when this was called.</summary>
    public async Task UntilThereAsync(string what, CancellationToken cancellation)
    {
        var ends = generator.Ends.ToDictionary();
        var (started, isSlow) = (Stopwatch.GetTimestamp(), false);
        try
        {
            await ChaosShell.UntilAsync(what, setting.ResumeMax, async () =>
            {
                workers.Keep();
                await table.RefreshAsync(cancellation).ConfigureAwait(false);
                generator.Committed(table.Transfers);
                if (ends.Count == 0) ends = generator.Ends.ToDictionary();
                if (!isSlow && Stopwatch.GetElapsedTime(started) > setting.SlowAfter)
                {
                    isSlow = true;
                    setting.Say($"Slow: {what}: {table.Missing(ends)}\n{await workers.DescribeAsync().ConfigureAwait(false)}");
                }

                return ends.Count > 0 && table.Has(ends);
            }, cancellation).ConfigureAwait(false);
        }
        catch (ChaosStuckException e)
        {
            throw new ChaosStuckException($"{e.Message} {table.Missing(ends)}\n{await workers.DescribeAsync().ConfigureAwait(false)}", e);
        }
    }

    private List<string> Kinds()
    {
        List<string> kinds = [.. s_ofWorkers];
        if (brokers.CanBeHurt) kinds.Add("broker");
        if (brokers.CanFreeze) kinds.Add("broker frozen");
        if (disk.IsMounted) kinds.AddRange(["disk full", "read-only"]);
        if (disk.CanStall) kinds.Add("disk stalls");
        if (setting.Kinds.Count > 0) kinds.RemoveAll(k => !setting.Kinds.Contains(k));
        return kinds.Count > 0 ? kinds : throw new ChaosStuckException($"None of the kinds of faults can be had here: {string.Join(", ", setting.Kinds)}.");
    }

    /// <summary>Each kind in turn, in an order of the seed's. Mostly two at once: one of a worker, and one of what it needs.</summary>
    private List<string> Next(int atMost)
    {
        if (_queue.Count == 0) Shuffle(_queue = Kinds());
        List<string> next = [_queue[0]];
        var partner = _queue.FindIndex(k => s_ofWorkers.Contains(k) != s_ofWorkers.Contains(next[0]));
        if (atMost > 1 && partner > 0 && _random.Next(8) > 0) next.Add(_queue[partner]);
        _queue.RemoveAll(next.Contains);
        return next;
    }

    private Task HurtAsync(string kind, CancellationToken cancellation)
    {
        var time = setting.Short * (1 + (_random.Next(1000) / 1000.0));
        var (worker, choice) = (_random.Next(workers.Scale), _random.Next(6));
        switch (kind)
        {
            case "kill -9":
                workers[worker].Kill();
                return Task.CompletedTask;
            case "zombie":
                return FreezeAsync(workers[worker], cancellation);
            case "broker" or "broker frozen":
                return brokers.HurtAsync(choice % 3, freeze: kind == "broker frozen", time, topics, cancellation);
            case "scale":
                return ScaleAsync(time, cancellation);
            case "index gone":
                return DeleteIndexAsync(workers[worker], workers.CacheOf(worker), kill: choice < 3, cancellation);
            case "disk full":
                return disk.FillAsync(time, cancellation);
            case "read-only":
                return disk.MakeReadOnlyAsync(time, cancellation);
            default:
                return disk.StallAsync(time, cancellation);
        }
    }

    private async Task ScaleAsync(TimeSpan time, CancellationToken cancellation)
    {
        foreach (var scale in (int[])[1, 4, 1])
        {
            workers.Scale = scale;
            await Task.Delay(time, cancellation).ConfigureAwait(false);
        }

        workers.Scale = setting.Workers;
    }

    /// <summary>Under a worker that lives, or of one that is dead.</summary>
    private static Task DeleteIndexAsync(ChaosWorker worker, string cache, bool kill, CancellationToken cancellation)
    {
        if (kill) worker.Kill();
        return ChaosShell.UntilAsync($"{cache} to be deleted", TimeSpan.FromSeconds(30), () => Task.FromResult((!kill || worker.Process.HasExited) && IsDeleted(cache)), cancellation);
    }

    private static bool IsDeleted(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false; // something was put there meanwhile
        }
    }

    private async Task FreezeAsync(ChaosWorker worker, CancellationToken cancellation)
    {
        worker.Freeze();
        try
        {
            await Task.Delay(setting.Zombie, cancellation).ConfigureAwait(false);
        }
        finally
        {
            worker.Thaw();
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
