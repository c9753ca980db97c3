using System.CommandLine;

namespace Ingest.Worker.Commands;

/// <summary><c>pool stats</c>: what is in each table, by its log.</summary>
internal static class PoolStatsCommand
{
    public static Command Create() => PoolArguments.Command("stats", "Rows, files, sizes and versions of each table.", [], (given, _, cancellation) => RunAsync(given.Pool, cancellation));

    private static async Task<int> RunAsync(PoolTables pool, CancellationToken cancellation)
    {
        var table = Output.Table("table", "version", "rows", "files", "size", "partitions", "newest commit (UTC)");
        foreach (var t in pool.Tables)
        {
            var files = await LogFiles.LiveAsync(t, cancellation).ConfigureAwait(false);
            table.Row(
                t.Name,
                Output.Count(t.Snapshot.Version),
                Output.Count(t.Snapshot.LiveRows),
                Output.Count(files.Count),
                Output.Bytes(files.Sum(f => f.Bytes)),
                Output.Count(files.Select(f => Path.GetDirectoryName(f.Path)).Distinct().Count()),
                DateTimeOffset.FromUnixTimeMilliseconds(t.Snapshot.LastTimestamp).ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture));
        }

        Output.Console.Write(table);
        return ExitCodes.Ok;
    }
}
