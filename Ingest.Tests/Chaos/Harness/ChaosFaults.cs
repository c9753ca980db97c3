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

    private FuzzRandom _random = new((ulong)setting.Seed);

    public ChaosFigures Figures { get; } = new();

    public async Task RunAsync(Task sending, CancellationToken cancellation)
    {
        var kinds = Kinds();
        var started = Stopwatch.GetTimestamp();
        generator.Allow(BeforeShare / 2 / setting.Faults);
        await UntilThereAsync("the workers to take in the first transfers", cancellation).ConfigureAwait(false);
        for (var fault = 0; fault < setting.Faults && !sending.IsFaulted && Stopwatch.GetElapsedTime(started) < setting.AtMost; fault++)
        {
            // Each kind in turn, in an order of the seed's.
            if (fault % kinds.Count == 0) Shuffle(kinds);
            generator.Allow((fault + BeforeShare) / setting.Faults);
            var wait = (setting.Over * ((double)fault / setting.Faults)) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero) await Task.Delay(wait, cancellation).ConfigureAwait(false);
            var kind = kinds[fault % kinds.Count];
            await HurtAsync(kind, cancellation).ConfigureAwait(false);
            workers.Keep();
            var over = Stopwatch.GetTimestamp();
            await UntilSentAsync((fault + 1.0) / setting.Faults, cancellation).ConfigureAwait(false);
            await UntilThereAsync($"the workers to have all that was sent until just after fault {fault + 1} ({kind}) was over", cancellation).ConfigureAwait(false);
            var seconds = Stopwatch.GetElapsedTime(over).TotalSeconds;
            Figures.Add(kind, seconds);
            setting.Say(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(started):hh\\:mm\\:ss} {fault + 1,4} {kind,-14} {seconds,5:F1} s  {generator.Records:N0} records sent"));
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
        try
        {
            await ChaosShell.UntilAsync(what, setting.ResumeMax, async () =>
            {
                workers.Keep();
                await table.RefreshAsync(cancellation).ConfigureAwait(false);
                generator.Committed(table.Transfers);
                if (ends.Count == 0) ends = generator.Ends.ToDictionary();
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
        var kinds = new List<string> { "kill -9", "zombie", "scale", "index gone" };
        if (brokers.CanBeHurt) kinds.Add("broker");
        if (brokers.CanFreeze) kinds.Add("broker frozen");
        if (disk.IsMounted) kinds.AddRange(["disk full", "read-only"]);
        if (disk.CanStall) kinds.Add("disk stalls");
        return kinds;
    }

    private async Task HurtAsync(string kind, CancellationToken cancellation)
    {
        var time = setting.Short * (1 + (_random.Next(1000) / 1000.0));
        var worker = _random.Next(workers.Scale);
        switch (kind)
        {
            case "kill -9":
                workers[worker].Kill();
                break;
            case "zombie":
                await FreezeAsync(workers[worker], cancellation).ConfigureAwait(false);
                break;
            case "broker" or "broker frozen":
                await brokers.HurtAsync(_random.Next(3), freeze: kind == "broker frozen", time, topics, cancellation).ConfigureAwait(false);
                break;
            case "scale":
                foreach (var scale in (int[])[1, 4, 1])
                {
                    workers.Scale = scale;
                    await Task.Delay(time, cancellation).ConfigureAwait(false);
                }

                workers.Scale = setting.Workers;
                break;
            case "index gone":
                workers[worker].Kill();
                if (Directory.Exists(workers.CacheOf(worker))) Directory.Delete(workers.CacheOf(worker), recursive: true);
                break;
            case "disk full":
                await disk.FillAsync(time, cancellation).ConfigureAwait(false);
                break;
            case "read-only":
                await disk.MakeReadOnlyAsync(time, cancellation).ConfigureAwait(false);
                break;
            case "disk stalls":
                await disk.StallAsync(time, cancellation).ConfigureAwait(false);
                break;
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
