using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Ingest.Core.Transfers.Kafka;
using Ingest.Perf.Compare;
using Ingest.Perf.Workloads;
using Ingest.Tests.Pool.Sealing.Harness;
using Ingest.Worker.Commands;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Perf.Pool;

/// <param name="Days">Days of the history.</param>
/// <param name="Day">How long one takes.</param>
/// <param name="Rate">Records a second, evenly.</param>
internal sealed record HistoryShape(int Days, TimeSpan Day, double Rate)
{
    /// <summary>One transfer in so many is late: of a day before, half of them of yesterday, a quarter of the day before that, and so on.</summary>
    public const int LateEvery = 10;

    private const int RecordsPerTransfer = 20;

    private long TransfersOfADay => Math.Max(1, (long)(Rate * Day.TotalSeconds / RecordsPerTransfer / Workload.Departments));

    public Workload NewWorkload() => new("history" + IdSource.System.Next().ToString("N")[..8], RecordsPerTransfer, TransfersOfADay * Workload.Departments * Days * RecordsPerTransfer) { Days = DayOf };

    private long DayOf(int department, long number)
    {
        var transfer = number / RecordsPerTransfer;
        var today = transfer / TransfersOfADay;
        var dice = Mixed(department, transfer);
        return dice % LateEvery == 0 ? Math.Max(0, today - 1 - System.Numerics.BitOperations.TrailingZeroCount(dice >> 32)) : today;
    }

    private static ulong Mixed(int department, long transfer)
    {
        var mixed = unchecked(((ulong)transfer * 0x9E3779B97F4A7C15) ^ ((ulong)(department + 1) * 0xC2B2AE3D27D4EB4F));
        mixed = unchecked((mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9);
        return mixed ^ (mixed >> 32);
    }
}

/// <summary>
/// Days of the city in as many half minutes: a worker ingests what is published evenly, late records of earlier, sealed days among it, and seals beside that. What was ever written is counted from the log.
/// </summary>
internal sealed class SealHistory(HistoryShape shape, KafkaAccess kafka, string folder, SealScale scale)
{
    /// <summary>What a row may be written, in all.</summary>
    private const double Aim = 4;

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200), s_patience = TimeSpan.FromMinutes(2);

    private readonly Workload _workload = shape.NewWorkload();

    /// <summary>False when the aim was missed.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        var pool = Path.Combine(folder, "history");
        if (Directory.Exists(pool)) Directory.Delete(pool, recursive: true);
        var table = new PrefixedStore(new LocalStore(Directory.CreateDirectory(pool).FullName, IdSource.System), _workload.Dataset);
        var contracts = WorkloadContract.Write(_workload, folder);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"history of {shape.Days} days of {shape.Day.TotalSeconds:0.#} s, {shape.Rate:N0} records a second in {Workload.Departments} departments, each {HistoryShape.LateEvery}th transfer of an earlier day"));
        Console.WriteLine($"  {scale}");
        var started = await IngestAsync(table, contracts, pool, cancellation).ConfigureAwait(false);
        await TellDaysAsync(table, started, cancellation).ConfigureAwait(false);
        await SealRestAsync(table, contracts, pool, cancellation).ConfigureAwait(false);
        return await TellAsync(table, cancellation).ConfigureAwait(false);
    }

    /// <summary>Returns when the history began, in milliseconds since 1970.</summary>
    private async Task<long> IngestAsync(IObjectStore table, string contracts, string pool, CancellationToken cancellation)
    {
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = kafka.Brokers, Properties = kafka.Properties, Idempotent = !kafka.IsOld });
        using var records = new RecordWriter(_workload);
        var sent = 0L;

        // Topics are there before the worker asks for them: it asks again only after half a minute.
        Publish(Workload.Departments);
        publisher.Flush(cancellation);
        using var worker = Process.Start(scale.Worker(_workload, kafka, contracts, pool, isSealing: true, untilCaughtUp: false)) ?? throw new ContestException("The worker does not start.");
        try
        {
            await CommittedAsync(worker, table, Workload.Departments, cancellation).ConfigureAwait(false);
            var (began, at) = (TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), Stopwatch.GetTimestamp());
            while (sent < _workload.Messages)
            {
                Publish(Math.Min(_workload.Messages, Workload.Departments + (long)(Stopwatch.GetElapsedTime(at).TotalSeconds * shape.Rate / _workload.RecordsPerMessage)));
                if (worker.HasExited) throw new ContestException($"The worker ended with {worker.ExitCode}.");
                await Task.Delay(s_look / 10, cancellation).ConfigureAwait(false);
            }

            var report = publisher.Flush(cancellation);
            if (report.Failed > 0) throw new ContestException($"{report.Failed} transfers were not delivered: {report.FirstError}");
            await CommittedAsync(worker, table, _workload.Messages, cancellation).ConfigureAwait(false);
            worker.Refresh();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  ingested in {Stopwatch.GetElapsedTime(at).TotalSeconds:F0} s, {worker.TotalProcessorTime.TotalSeconds:F1} s of CPU"));
            return began;
        }
        finally
        {
            // Killed: whatever plan is under way is finished by whoever comes next.
            if (!worker.HasExited) worker.Kill();
            await worker.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        void Publish(long until)
        {
            for (; sent < until; sent++)
            {
                var (department, payload) = records.Next(sent);
                publisher.Publish(_workload.Topic(department), Workload.Department(department), payload, cancellation);
            }
        }
    }

    /// <summary>Waits until the table has taken in so many transfers.</summary>
    private async Task CommittedAsync(Process worker, IObjectStore table, long transfers, CancellationToken cancellation)
    {
        var (started, had) = (Stopwatch.GetTimestamp(), 0L);
        DeltaTable? opened = null;
        while (had < transfers)
        {
            if (worker.HasExited) throw new ContestException($"The worker ended with {worker.ExitCode}.");
            if (Stopwatch.GetElapsedTime(started) > s_patience) throw new ContestException($"The table has {had} of {transfers} transfers after {s_patience.TotalMinutes} minutes.");
            await Task.Delay(s_look, cancellation).ConfigureAwait(false);
            opened ??= await DeltaTable.OpenAsync(table, _workload.Dataset, IdSource.System, TimeProvider.System, cancellation).ConfigureAwait(false);
            if (opened is null) continue;
            var snapshot = await opened.RefreshAsync(cancellation).ConfigureAwait(false);
            had = snapshot.Txns.Where(t => AppId.TryParse(t.Key, out _, out _)).Sum(t => t.Value);
        }
    }

    private async Task SealRestAsync(IObjectStore table, string contracts, string pool, CancellationToken cancellation)
    {
        var services = new SealerServices(Directory.CreateDirectory(pool + "-work").FullName, IdSource.System, TimeProvider.System, Throttle.None(TimeProvider.System), NullLogger.Instance);
        var sealer = new TableSealer(CatalogLoader.LoadFolder(contracts).Catalog!.Datasets.Single(), table, services, scale.Sealing);
        while (await sealer.RunOnceAsync(SealScope.All, cancellation).ConfigureAwait(false) is not null)
        {
            // Until nothing is left.
        }
    }

    /// <summary>The account at the end of each day, while ingest went on.</summary>
    private async Task TellDaysAsync(IObjectStore table, long began, CancellationToken cancellation)
    {
        var (day, days) = (1, Output.Table("day", "commits", "plans", "rows", "live files", "sealed rows", "rows written", "bytes written / ingested", "bytes written / live"));
        void Tell(WrittenAccount account)
        {
            var live = account.Live;
            var sealedRows = account.Generations.Skip(WrittenAccount.FirstSealed).Sum(g => g.Rows);
            days.Row(Text(day++), Text(account.Commits), Text(account.Rewrites), Output.Count(live.Rows), Output.Count(live.Files), Output.Count(sealedRows), Times(account.ByRows), Times(account.ByIngestedBytes), Times(account.ByLiveBytes));
        }

        var last = await WrittenAccount.ReadAsync(table, (account, at) =>
        {
            while (day < shape.Days && at - began > shape.Day.TotalMilliseconds * day) Tell(account);
        }, cancellation).ConfigureAwait(false);
        if (last.Rewrites == 0) throw new ContestException("Nothing was merged or sealed while the history went on.");
        Tell(last);
        Output.Console.Write(days);
    }

    /// <summary>The account by generation, with all that was left sealed as well.</summary>
    private async Task<bool> TellAsync(IObjectStore table, CancellationToken cancellation)
    {
        var account = await WrittenAccount.ReadAsync(table, null, cancellation).ConfigureAwait(false);
        var (live, by) = (account.Live, Output.Table("generation", "files", "rows", "MB", "bytes a row", "rows / live rows", "bytes / ingested bytes", "bytes / live bytes"));
        var ingested = account.Generations[WrittenAccount.Ingested];
        for (var i = 0; i < account.Generations.Count; i++) Row(WrittenAccount.Name(i), account.Generations[i]);
        Row("all", account.All);
        Row("live at the end", live);
        Output.Console.Write(by);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  write amplification, all sealed: each row written {account.ByRows:F2} times (aim: under {Aim:F0}); in bytes {account.ByIngestedBytes:F2} times what ingest wrote, {account.ByLiveBytes:F2} times what is live; sealed files a partition: {account.SealedFiles.Average():F1}, at most {account.SealedFiles.Max()}"));
        return account.ByRows < Aim && account.ByIngestedBytes < Aim;

        void Row(string name, Written of) => by.Row(
            name, Output.Count(of.Files), Output.Count(of.Rows), (of.Bytes / 1e6).ToString("F1", CultureInfo.InvariantCulture), Times(of.Bytes / (double)Math.Max(1, of.Rows)), Times(of.Rows / (double)live.Rows), Times(of.Bytes / (double)ingested.Bytes), Times(of.Bytes / (double)live.Bytes));
    }

    private static string Times(double value) => value.ToString("F2", CultureInfo.InvariantCulture);

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
