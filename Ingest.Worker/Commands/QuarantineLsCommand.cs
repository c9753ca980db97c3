using System.CommandLine;
using System.Globalization;

namespace Ingest.Worker.Commands;

/// <summary><c>quarantine ls</c>: how much was refused, of whom and why; or row by row.</summary>
internal static class QuarantineLsCommand
{
    private const string Summary =
        """
        SELECT department, coalesce(dataset, '') AS dataset, reason, count(*) FILTER (NOT is_replayed) AS open, count(*) FILTER (is_replayed) AS taken_in,
               strftime(min(_published_at) AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS first_published, strftime(max(_published_at) AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS last_published
        FROM q WHERE {0} GROUP BY ALL ORDER BY open DESC, department, dataset, reason
        """;

    private const string Rows =
        """
        SELECT id, department, coalesce(dataset, '') AS dataset, reason, coalesce(field, '') AS field, coalesce(detail, '') AS detail, octet_length(raw) AS bytes
        FROM q WHERE {0} ORDER BY _topic, _partition, _offset, _position LIMIT {1}
        """;

    private static readonly TableView s_forPeople = new()
    {
        Numbers = ["open", "taken_in", "bytes"],
        Times = ["first_published", "last_published"],
        UnlessUsual = new Dictionary<string, string> { ["taken_in"] = "0", ["field"] = "", ["dataset"] = "" },
    };

    public static Command Create()
    {
        var rows = new Option<int?>("--rows") { Description = "List so many single rows, with the ids that show takes." };
        var output = new OutputStyleOptions();
        return PoolArguments.Command("ls", "What is in quarantine, by department, dataset and reason.", [rows, .. output.All, .. QuarantineFilter.Options],
            (given, parse, cancellation) => RunAsync(given, QuarantineFilter.Of(parse), parse.GetValue(rows), output.Of(parse), cancellation), readsContracts: true);
    }

    private static async Task<int> RunAsync(PoolArguments given, QuarantineFilter filter, int? rows, OutputStyle style, CancellationToken cancellation)
    {
        using var quarantine = await QuarantineRowsReader.OpenAsync(given.Pool, cancellation).ConfigureAwait(false);
        await filter.CheckAsync(given, quarantine, cancellation).ConfigureAwait(false);
        if (rows < 0) throw new CommandRefusedException(ExitCodes.BadConfiguration, $"--rows is {rows}. Give at least 0.");
        if (quarantine is null)
        {
            Console.WriteLine($"Nothing was ever refused: {given.Pool.Root} has no quarantine.");
            return ExitCodes.Ok;
        }

        var sql = string.Format(CultureInfo.InvariantCulture, rows is null ? Summary : Rows, filter.Where(), rows);
        using var reader = quarantine.Read(sql);
        var lines = new List<string[]>();
        var names = Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).ToArray();
        while (reader.Read()) lines.Add([.. names.Select((_, i) => reader.IsDBNull(i) ? "" : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture) ?? "")]);
        OutputStyleOptions.Write(style, names, lines, s_forPeople);
        return ExitCodes.Ok;
    }
}
