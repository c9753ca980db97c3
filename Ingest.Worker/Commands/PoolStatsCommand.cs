using System.CommandLine;
using System.Globalization;

namespace Ingest.Worker.Commands;

/// <summary><c>pool stats</c>: what is in each table, by its log.</summary>
internal static class PoolStatsCommand
{
    private static readonly string[] s_names = ["table", "version", "rows", "files", "size", "partitions", "newest commit"];

    private static readonly TableView s_forPeople = new() { Numbers = ["version", "rows", "files", "partitions"], Sizes = ["size"], Times = ["newest commit"] };

    public static Command Create()
    {
        var output = new OutputStyleOptions();
        return PoolArguments.Command("stats", "Rows, files, sizes and versions of each table.", output.All, (given, parse, cancellation) => RunAsync(given.Pool, output.Of(parse), cancellation));
    }

    private static async Task<int> RunAsync(PoolTables pool, OutputStyle style, CancellationToken cancellation)
    {
        var rows = new List<string[]>();
        foreach (var table in pool.Tables) rows.Add(Row(table, await LogFiles.LiveAsync(table, cancellation).ConfigureAwait(false)));
        OutputStyleOptions.Write(style, s_names, rows, s_forPeople);
        return ExitCodes.Ok;
    }

    private static string[] Row(PoolTable table, IReadOnlyList<LiveFile> files) =>
    [
        table.Name, Text(table.Snapshot.Version), Text(table.Snapshot.LiveRows), Text(files.Count), Text(files.Sum(f => f.Bytes)), Text(files.Select(f => Path.GetDirectoryName(f.Path)).Distinct().Count()),
        DateTimeOffset.FromUnixTimeMilliseconds(table.Snapshot.LastTimestamp).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
    ];

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
