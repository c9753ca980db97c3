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
        else Failing(logger, report.CallsFailing, report.Circuit, report.LastError ?? "");
    }

    [LoggerMessage(1220, LogLevel.Warning, "The store fails ({Calls} calls are being repeated, circuit {Circuit}): {Error}")]
    private static partial void Failing(ILogger logger, int calls, StoreCircuit circuit, string error);

    [LoggerMessage(1221, LogLevel.Error, "The store refuses writes: {Error} Nothing is lost and no offset moves; it is tried again until somebody has mended it")]
    private static partial void Refused(ILogger logger, string error);

    [LoggerMessage(1222, LogLevel.Information, "The store is well again")]
    private static partial void Well(ILogger logger);
}
