using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Delta;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// The checkpoints of one table, beside its commits and one at a time. The log is complete without them: one that fails is tried again at a later commit, less and less often. Owned by the control loop;
/// <see cref="FailingFor"/> may be asked from any thread.
/// </summary>
/// <param name="workFolder">Local folder that only this worker uses.</param>
internal sealed class Checkpoints(TableLane lane, CommitJobServices services, string workFolder, ILogger logger)
{
    private static readonly TimeSpan s_firstWait = TimeSpan.FromSeconds(30);

    private readonly KeepingDuty _duty = new("Checkpointing", s_firstWait, services.Time);
    private readonly CancellationTokenSource _noMore = new();

    /// <summary>The one being written; complete when there is none. It never faults.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>How long none has come through; zero when the last one did.</summary>
    public TimeSpan FailingFor => _duty.FailingFor;

    /// <summary>Begins the one of a version that was just committed, when it is due or when the last one failed.</summary>
    public void Begin(long version, bool isDue)
    {
        if (!Running.IsCompleted || !(isDue || _duty.IsFailing) || !_duty.IsDue) return;
        Running = Task.Factory.StartNew(() => WriteAsync(version), CancellationToken.None, TaskCreationOptions.DenyChildAttach, services.Scheduler).Unwrap();
    }

    /// <summary>Ends <see cref="Running"/> as soon as it notices. Half a checkpoint is harmless.</summary>
    public void GiveUp() => _noMore.Cancel();

    private async Task WriteAsync(long version)
    {
        try
        {
            await CheckpointWriter.WriteAsync(lane.StoreBeside, version, _noMore.Token, workFolder);
            if (_duty.Done()) Log.CheckpointsGoOn(logger, lane.Plan.Name, version);
        }
        catch (OperationCanceledException) when (_noMore.IsCancellationRequested)
        {
            // The worker ends; the next one that is due will do.
        }
#pragma warning disable CA1031 // A bug, too, must be told and not stop ingest: nobody looks at this task's end.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            var isBug = failure is not (IOException or UnauthorizedAccessException or TableRefusedException);
            if (_duty.Failed(failure)) Log.CheckpointFailed(logger, isBug ? failure : null, lane.Plan.Name, version, failure.Message);
        }
    }
}
