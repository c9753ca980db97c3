using System.CommandLine;
using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

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

/// <summary>Which rows of the quarantine a command is about, and the options that say so.</summary>
internal sealed record QuarantineFilter(string? Department, string? Dataset, string? Reason, string? Id, bool WithReplayed)
{
    private static readonly Option<string?> s_department = new("--department") { Description = "Only of this department." };
    private static readonly Option<string?> s_dataset = new("--dataset") { Description = "Only of this dataset." };
    private static readonly Option<string?> s_reason = new("--reason") { Description = "Only refused for this reason; docs/contracts.md lists them." };
    private static readonly Option<bool> s_all = new("--all") { Description = "Also what was taken in since." };

    /// <summary>The options of a command that only looks.</summary>
    public static Option[] Options { get; } = [s_department, s_dataset, s_reason, s_all];

    /// <summary>The options of a command that is about what was not taken in yet.</summary>
    public static Option[] OpenOptions { get; } = [s_department, s_dataset, s_reason];

    /// <summary>Reads the options.</summary>
    public static QuarantineFilter Of(ParseResult parse) => new(
        parse.GetValue(s_department), parse.GetValue(s_dataset), parse.GetValue(s_reason), null, parse.CommandResult.Command.Options.Contains(s_all) && parse.GetValue(s_all));

    /// <summary>Ends the command where a name is given that nobody knows: nothing found would read as nothing refused.</summary>
    /// <exception cref="CommandRefusedException">There is no such department, dataset or reason.</exception>
    public async Task CheckAsync(PoolArguments given, QuarantineRowsReader? quarantine, CancellationToken cancellation)
    {
        await KnownNames.CheckDepartmentAsync(given, Department, quarantine?.Distinct("department") ?? [], cancellation).ConfigureAwait(false);
        KnownNames.CheckDataset(given, Dataset, quarantine?.Distinct("dataset") ?? []);
        if (Reason is not null && ReasonCodes.All.All(r => r.Text != Reason))
            given.Errors.Add($"There is no reason '{Reason}'. {NearestName.Suggest(Reason, ReasonCodes.All.Select(r => r.Text), "docs/contracts.md lists them.")}");
        given.Check();
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
