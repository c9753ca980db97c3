using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Hosting;

/// <summary>What the host logs (ids 1200-1299).</summary>
internal static partial class HostLog
{
    [LoggerMessage(1200, LogLevel.Critical, "Stopped: {Why}")]
    public static partial void Stopped(ILogger logger, string why);

    [LoggerMessage(1202, LogLevel.Information, "Ended. Taken in: transfers {Transfers}, records {Records} (new {Written}, duplicates {Duplicates}, refused {Quarantined}). Committed: rows {Rows}, commits {Commits}")]
    public static partial void Ended(ILogger logger, long transfers, long records, long written, long duplicates, long quarantined, long rows, long commits);

    [LoggerMessage(1206, LogLevel.Warning, "Interrupted before it had caught up. What is committed is safe; run it again to go on from there")]
    public static partial void Interrupted(ILogger logger);

    [LoggerMessage(1204, LogLevel.Debug, "{AllocatedBytes} bytes allocated a record, collections {Gen0}/{Gen1}/{Gen2}")]
    public static partial void Cost(ILogger logger, double allocatedBytes, int gen0, int gen1, int gen2);

    [LoggerMessage(1205, LogLevel.Information, "Last minute: committed rows {Rows} in commits {Commits}; taken in transfers {Transfers}, duplicates {Duplicates}, refused {Quarantined}. Waiting: transfers {Lag}, oldest record {OldestSeconds:F0} s")]
    public static partial void Progress(ILogger logger, long rows, long commits, long transfers, long duplicates, long quarantined, long lag, double oldestSeconds);

    [LoggerMessage(1203, LogLevel.Warning, "Second signal: ended at once. What is committed is safe; the next start goes on from there")]
    public static partial void EndedAtOnce(ILogger logger);

    [LoggerMessage(1201, LogLevel.Information, "Starting on pool {Pool}; topics {Topics}, datasets {Datasets}, departments {Departments}")]
    public static partial void Starting(ILogger logger, int topics, int datasets, int departments, string pool);

    [LoggerMessage(1210, LogLevel.Information, "Sent {Count} refused records to the dead-letter topic {Topic}")]
    public static partial void DeadLettersSent(ILogger logger, long count, string topic);

    [LoggerMessage(1211, LogLevel.Warning, "Refused records wait for the dead-letter topic {Topic}, which is tried again, less and less often; ingest goes on: {Why}")]
    public static partial void DeadLettersWait(ILogger logger, string topic, string why);

    [LoggerMessage(1213, LogLevel.Information, "Refused records reach the dead-letter topic {Topic} again")]
    public static partial void DeadLettersGoOn(ILogger logger, string topic);

    [LoggerMessage(1212, LogLevel.Critical, "The service broke down: {Why} What was committed is safe; start it again to go on from there")]
    public static partial void BrokeDown(ILogger logger, string why);
}
