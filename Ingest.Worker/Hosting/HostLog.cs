using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Hosting;

/// <summary>What the host logs (ids 1200-1299).</summary>
internal static partial class HostLog
{
    [LoggerMessage(1200, LogLevel.Critical, "Stopped: {Why}")]
    public static partial void Stopped(ILogger logger, string why);

    [LoggerMessage(1202, LogLevel.Information, "Read {Records} records in {Transfers} transfers; {AllocatedBytes} bytes allocated a record, collections {Gen0}/{Gen1}/{Gen2}")]
    public static partial void Ended(ILogger logger, long records, long transfers, double allocatedBytes, int gen0, int gen1, int gen2);

    [LoggerMessage(1201, LogLevel.Information, "Reading {Topics} topics for {Datasets} datasets of {Departments} departments into {Pool}")]
    public static partial void Starting(ILogger logger, int topics, int datasets, int departments, string pool);

    [LoggerMessage(1210, LogLevel.Information, "Sent {Count} refused records to the dead-letter topic {Topic}")]
    public static partial void DeadLettersSent(ILogger logger, long count, string topic);

    [LoggerMessage(1211, LogLevel.Warning, "Refused records wait for the dead-letter topic {Topic}: {Why}")]
    public static partial void DeadLettersWait(ILogger logger, string topic, string why);

    [LoggerMessage(1212, LogLevel.Critical, "The service broke down: {Why} What was committed is safe; start it again to go on from there")]
    public static partial void BrokeDown(ILogger logger, string why);
}
