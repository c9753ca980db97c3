using Microsoft.Extensions.Logging;

namespace Ingest.Core.Pool.Sealing;

/// <summary>What sealing logs (ids 1060-1069).</summary>
internal static partial class SealLog
{
    [LoggerMessage(1060, LogLevel.Information, "Sealed {Files} files with {Rows} rows of table {Table} into {Outputs} ({Megabytes} MiB) as version {Version}, in {Seconds:0.0} s")]
    public static partial void Rewritten(ILogger logger, int files, long rows, string table, int outputs, long megabytes, long version, double seconds);

    [LoggerMessage(1061, LogLevel.Error, "Table {Table}: files for {Output} cannot be merged and stay as they are: {Why}")]
    public static partial void ItemRefused(ILogger logger, string table, string output, string why);

    [LoggerMessage(1063, LogLevel.Warning, "Table {Table}: {Output} is in the store and no whole file; a file without rows is put there, and the next plan takes what it was to be made of: {Why}")]
    public static partial void ItemTorn(ILogger logger, string table, string output, string why);

    [LoggerMessage(1062, LogLevel.Warning, "Table {Table}: {Output} was given up, for another engine has removed files that it was to be made of")]
    public static partial void ItemVoid(ILogger logger, string table, string output);
}
