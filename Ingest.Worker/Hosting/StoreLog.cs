using Ingest.Core.Stores;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Hosting;

/// <summary>What is logged of the store's health (ids 1220-1229): one line when it starts to fail, one when it is well again, and the refusals, which somebody must mend.</summary>
internal static partial class StoreLog
{
    public static void Report(ILogger logger, StoreHealthReport report)
    {
        if (report.IsWell) Well(logger);
        else if (report.LastFault is StoreFault.Denied or StoreFault.Full) Refused(logger, report.LastError ?? "");
        else Failing(logger, (report.LastError ?? "calls are not answered").TrimEnd('.'));
    }

    [LoggerMessage(1220, LogLevel.Warning, "The store fails: {Error}. It is tried again, and intake waits. If that is not where the pool should be, mend Ingest:Pool")]
    private static partial void Failing(ILogger logger, string error);

    [LoggerMessage(1221, LogLevel.Error, "The store refuses writes: {Error} Nothing is lost and no offset moves; it is tried again until somebody has mended it")]
    private static partial void Refused(ILogger logger, string error);

    [LoggerMessage(1222, LogLevel.Information, "The store is well again")]
    private static partial void Well(ILogger logger);
}
