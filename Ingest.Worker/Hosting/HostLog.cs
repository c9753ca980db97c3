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
}
