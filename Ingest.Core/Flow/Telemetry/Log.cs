using Ingest.Core.Transfers;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Flow.Telemetry;

/// <summary>Every sentence the engine logs, with stable ids (1000-1099).</summary>
internal static partial class Log
{
    [LoggerMessage(1000, LogLevel.Information, "Opened table '{Table}' at version {Version}: {Files} files, {Keys} records, {Runs} index runs")]
    public static partial void TableOpened(ILogger logger, string table, long version, long files, long keys, int runs);

    [LoggerMessage(1001, LogLevel.Warning, "The index of table '{Table}' is missing or damaged ({Why}); rebuilding it from the table's files before anything is written")]
    public static partial void IndexRebuilding(ILogger logger, string table, string why);

    [LoggerMessage(1002, LogLevel.Information, "Rebuilt the index of table '{Table}': {Keys} fingerprints from {Files} files in {Seconds:F1} s")]
    public static partial void IndexRebuilt(ILogger logger, string table, long keys, long files, double seconds);

    [LoggerMessage(1003, LogLevel.Information, "Assigned {Count} partitions; reading {Source} from offset {Offset} and {Others} more")]
    public static partial void Assigned(ILogger logger, int count, TopicPartition source, long offset, int others);

    [LoggerMessage(1004, LogLevel.Critical, "Halted {Why}")]
    public static partial void Halted(ILogger logger, string why);

    [LoggerMessage(1005, LogLevel.Information, "Handed over partitions: {Count}; what was open is {Open}")]
    public static partial void HandedOver(ILogger logger, int count, string open);

    [LoggerMessage(1006, LogLevel.Warning, "Lost {Count} partitions; nothing of what was open is committed")]
    public static partial void Lost(ILogger logger, int count);

    [LoggerMessage(1007, LogLevel.Debug, "Committed version {Version} of table '{Table}': {Rows} rows in {Files} files, {Duplicates} duplicates, {Milliseconds} ms, {Attempts} attempts")]
    public static partial void Committed(ILogger logger, long version, string table, long rows, int files, long duplicates, double milliseconds, int attempts);

    [LoggerMessage(1008, LogLevel.Warning, "Gave up a batch of table '{Table}': {Why}. Its offsets are read again")]
    public static partial void Abandoned(ILogger logger, string table, string why);

    [LoggerMessage(1009, LogLevel.Critical, "Stopped writing table '{Table}': {Why}")]
    public static partial void TableStopped(ILogger logger, string table, string why);

    [LoggerMessage(1010, LogLevel.Information, "Going back to what the tables hold: {Count} partitions are read again from their stored offsets")]
    public static partial void Rewinding(ILogger logger, int count);

    [LoggerMessage(1011, LogLevel.Information, "Intake paused: {UsedMiB} of {TotalMiB} MiB in flight, store {Store}")]
    public static partial void Paused(ILogger logger, long usedMiB, long totalMiB, string store);

    [LoggerMessage(1012, LogLevel.Information, "Intake goes on: {UsedMiB} of {TotalMiB} MiB in flight")]
    public static partial void Resumed(ILogger logger, long usedMiB, long totalMiB);

    [LoggerMessage(1013, LogLevel.Warning, "Checkpoints of table '{Table}' fail, at version {Version} first, and are tried again at later commits, less and less often; ingest goes on, and the log is complete without them: {Why}")]
    public static partial void CheckpointFailed(ILogger logger, Exception? bug, string table, long version, string why);

    [LoggerMessage(1023, LogLevel.Information, "Checkpoints of table '{Table}' are written again, at version {Version} first")]
    public static partial void CheckpointsGoOn(ILogger logger, string table, long version);

    [LoggerMessage(1016, LogLevel.Warning, "{Work} of table '{Table}' fails and is tried again, less and less often; ingest goes on: {Why}")]
    public static partial void HousekeepingPutOff(ILogger logger, string work, string table, string why);

    [LoggerMessage(1022, LogLevel.Information, "{Work} of table '{Table}' goes on")]
    public static partial void HousekeepingGoesOn(ILogger logger, string work, string table);

    [LoggerMessage(1019, LogLevel.Error, "Housekeeping ended by a bug; nothing is sealed or cleaned by this worker until it is restarted, and ingest goes on")]
    public static partial void HousekeepingEnded(ILogger logger, Exception exception);

    [LoggerMessage(1017, LogLevel.Information, "Cleaned the log of table '{Table}': {Entries} entries and {Checkpoints} checkpoints before version {Version} are gone")]
    public static partial void LogCleaned(ILogger logger, string table, int entries, int checkpoints, long version);

    [LoggerMessage(1018, LogLevel.Information, "Vacuumed table '{Table}': {Files} files of {MiB} MiB that no retained version needs, {Orphans} of them orphans, and {IndexObjects} objects of the index")]
    public static partial void Vacuumed(ILogger logger, string table, long files, long miB, long orphans, int indexObjects);

    [LoggerMessage(1020, LogLevel.Warning, "Not read: {Why}")]
    public static partial void Unread(ILogger logger, string why);

    [LoggerMessage(1021, LogLevel.Warning, "Ends without {What}, for store or brokers do not answer. What is committed is safe; the rest is read again")]
    public static partial void NotAwaited(ILogger logger, string what);

    [LoggerMessage(1015, LogLevel.Information, "Caught up: everything that was there at the start is committed")]
    public static partial void CaughtUp(ILogger logger);
}
