using System.Diagnostics.Metrics;
using Ingest.Core.Flow.Replay;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Flow.Telemetry;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Hosting;

/// <summary>Sends what waits for the dead-letter topic, again and again; while that fails less and less often, and told when it begins and when it is over.</summary>
/// <param name="send">Returns when all of the letters are acknowledged.</param>
internal sealed class DeadLetterPost(DeadLetters letters, string topic, Func<IReadOnlyList<DeadLetter>, CancellationToken, Task> send, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>How often it is looked for letters, and what passes after a first failure.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly KeepingDuty _duty = new("Sending dead letters", Interval, time);
    private Meter? _meter;

    /// <summary>Lets <c>/metrics</c> tell how it goes.</summary>
    public void Meter() => _meter = IngestMeters.DeadLetters(() => _duty.FailingFor);

    /// <summary>Sends what is there, unless that has failed a moment ago.</summary>
    /// <param name="isLast">There will be no other try, so this one is made however often it has failed.</param>
    public async Task TryAsync(bool isLast, CancellationToken cancellation)
    {
        if (!isLast && !_duty.IsDue) return;
        try
        {
            var sent = await letters.ForwardAsync(send, cancellation).ConfigureAwait(false);
            if (_duty.Done()) HostLog.DeadLettersGoOn(logger, topic);
            if (sent > 0) HostLog.DeadLettersSent(logger, sent, topic);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Not noted as sent: the next worker sends it.
        }
        catch (Exception reason) when (Refusal.IsOne(reason) || reason is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            if (_duty.Failed(reason)) HostLog.DeadLettersWait(logger, topic, reason.Message);
        }
    }

    public void Dispose() => _meter?.Dispose();
}
