using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Stores;
using Ingest.Core.Transfers.Kafka;
using Ingest.Worker.Commands;
using Ingest.Worker.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Hosting;

/// <summary>Runs the engine as long as the host runs, and ends the host when the engine ends: caught up, or stopped for a reason that is logged.</summary>
internal sealed class IngestBackgroundService(
    WorkerOptions options, Catalog catalog, PoolStore pool, IngestEngine engine, IHostApplicationLifetime lifetime, ILoggerFactory loggers) : BackgroundService
{
    private readonly ILogger _logger = loggers.CreateLogger("Ingest");

    /// <summary>What the process should answer with.</summary>
    public int ExitCode { get; private set; }

    /// <summary>A bug, or memory that ran out: the host logs it and stops, and the process must not end as if it were done.</summary>
    private bool Note(Exception bug)
    {
        HostLog.BrokeDown(_logger, bug.Message);
        ExitCode = ExitCodes.Failed;
        return false;
    }

    /// <summary>Whoever goes on when this command has ended must not take part of the topics for all.</summary>
    private void NoteInterrupted()
    {
        if (!options.Engine.UntilCaughtUp || engine.HasCaughtUp) return;
        HostLog.Interrupted(_logger);
        ExitCode = ExitCodes.Failed;
    }

    /// <summary>Before the host answers on its port: the first page of metrics is a whole one, while tables are still being opened.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        engine.StartCounters();
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Let the host finish starting: opening tables may take a while, and health should answer meanwhile.
        await Task.Yield();
        try
        {
            if (await StoreProbe.RunAsync(pool.Store, IdSource.System, stoppingToken).ConfigureAwait(false) is { } why) throw new StoreRefusedException(why);
            using var source = new KafkaTransferSource(options.Kafka, [.. catalog.Topics.Keys], engine.Budget, TimeProvider.System, loggers.CreateLogger("Ingest.Kafka"));
            await engine.RunAsync(source, stoppingToken).ConfigureAwait(false);
            if (engine.Status.Halted.Count > 0) ExitCode = ExitCodes.Stopped;
            else NoteInterrupted();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped while tables were being opened: nothing was taken in yet.
            NoteInterrupted();
        }
        catch (Exception reason) when (Refusal.IsOne(reason))
        {
            HostLog.Stopped(_logger, reason.Message);
            ExitCode = ExitCodes.Stopped;
        }
        catch (Exception bug) when (Note(bug))
        {
            throw;
        }
        finally
        {
            var did = engine.Status;
            HostLog.Ended(_logger, did.Transfers, did.Records, did.Written, did.Duplicates, did.Quarantined, did.CommittedRows, did.Commits);
            HostLog.Cost(loggers.CreateLogger("Ingest.Summary"), Math.Round(GC.GetTotalAllocatedBytes() / (double)Math.Max(1, did.Records), 1), GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2));
            lifetime.StopApplication();
        }
    }
}
