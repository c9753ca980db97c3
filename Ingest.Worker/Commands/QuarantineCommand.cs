using System.CommandLine;

namespace Ingest.Worker.Commands;

/// <summary><c>quarantine</c>: what was refused, why, and how to take it in after all.</summary>
internal static class QuarantineCommand
{
    public static Command Create() => new("quarantine", "Look at refused records, and take them in once their contract was mended.")
    {
        QuarantineLsCommand.Create(),
        QuarantineShowCommand.Create(),
        QuarantineExportCommand.Create(),
        QuarantineReplayCommand.Create(),
    };
}

/// <summary>Which rows of the quarantine a command is about; options that its commands share.</summary>
internal sealed record QuarantineFilter(string? Department, string? Dataset, string? Reason, string? Id, bool WithReplayed)
{
    private static Option<string?> Text(string name, string description) => new(name) { Description = description };

    /// <summary>Adds the options to a command; the answer reads them.</summary>
    public static Func<ParseResult, QuarantineFilter> AddTo(Command command, bool canShowReplayed)
    {
        var (department, dataset, reason) = (Text("--department", "Only of this department."), Text("--dataset", "Only of this dataset."), Text("--reason", "Only refused for this reason; docs/contracts.md lists them."));
        var all = new Option<bool>("--all") { Description = "Also what was taken in since." };
        command.Add(department);
        command.Add(dataset);
        command.Add(reason);
        if (canShowReplayed) command.Add(all);
        return parse => new QuarantineFilter(parse.GetValue(department), parse.GetValue(dataset), parse.GetValue(reason), null, canShowReplayed && parse.GetValue(all));
    }

    /// <summary>As a condition of SQL.</summary>
    public string Where()
    {
        var conditions = new List<string>();
        if (!WithReplayed) conditions.Add("NOT is_replayed");
        foreach (var (column, value) in new[] { ("department", Department), ("dataset", Dataset), ("reason", Reason), ("id", Id) })
        {
            if (value is not null) conditions.Add($"{column} = '{value.Replace("'", "''", StringComparison.Ordinal)}'");
        }

        return conditions.Count == 0 ? "true" : string.Join(" AND ", conditions);
    }
}
