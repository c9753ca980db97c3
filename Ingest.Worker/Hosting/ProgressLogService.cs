using Ingest.Core.Flow.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Hosting;

/// <summary>One line a minute that says what was committed since the last one: without it, the log of a worker at work and that of one that is stuck look the same.</summary>
internal sealed class ProgressLogService(Func<EngineStatus> status, TimeProvider time, ILogger logger) : BackgroundService
{
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private readonly PeriodicTimer _timer = new(Every, time);

    public override void Dispose()
    {
        _timer.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var last = EngineStatus.Starting;
        try
        {
            while (await _timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                var now = status();
                HostLog.Progress(logger, now.CommittedRows - last.CommittedRows, now.Commits - last.Commits, now.Transfers - last.Transfers, now.Duplicates - last.Duplicates,
                    now.Quarantined - last.Quarantined, now.LagByDepartment.Values.Sum(), now.OldestUncommitted.TotalSeconds);
                last = now;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The last line of the service says the rest.
        }
    }
}
