using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;
using Ingest.Worker.Commands;
using Spectre.Console;

namespace Ingest.Worker.Samples;

/// <summary>Shows what a file would become if it were published as one transfer: rows with their clean values, and each refusal with its reason and meaning. The stages are the service's own.</summary>
internal static class SampleReport
{
    /// <summary>Returns the number of refused records.</summary>
    public static int Write(IAnsiConsole console, TopicPlan topic, string file, int rowsMax)
    {
        using var normalized = SampleReader.Read(topic, File.ReadAllBytes(file));
        var repeated = 0;
        foreach (var records in normalized.Datasets)
        {
            if (records.Count == 0) continue;
            repeated += WriteRows(console, records, rowsMax);
        }

        foreach (var rejection in normalized.Rejections.OrderBy(r => r.Position).Take(rowsMax)) console.WriteLine(Explain(topic, rejection));
        if (normalized.Rejections.Count > rowsMax) console.WriteLine($"… and {normalized.Rejections.Count - rowsMax} more refusals.");
        var rows = normalized.Datasets.Sum(d => d.Count - d.Refused.AsSpan(0, d.Count).Count((byte)1));
        console.WriteLine($"{Path.GetFileName(file)} as a transfer on {topic.Topic}: {Output.Count(rows)} rows ({Output.Count(repeated)} of them repeat an earlier one), {Output.Count(normalized.Rejections.Count)} refused.");
        foreach (var untaken in normalized.Datasets.Select(UntakenFields.Of).OfType<string>()) console.WriteLine(untaken);
        return normalized.Rejections.Count;
    }

    private static int WriteRows(IAnsiConsole console, NormalizedRecords records, int rowsMax)
    {
        var table = new RowTable(["#", .. records.Plan.Columns.Select(c => c.Name), SystemColumns.Rescued, "repeats"]) { Title = records.Plan.Name };
        var first = new Dictionary<UInt128, int>();
        var repeated = 0;
        var shown = 0;
        for (var row = 0; row < records.Count; row++)
        {
            if (records.Refused[row] != 0) continue;
            var repeats = first.TryAdd(records.Keys[row], records.Position[row]) ? "" : $"#{first[records.Keys[row]]}";
            if (repeats.Length > 0) repeated++;
            if (shown++ >= rowsMax) continue;
            table.Row([$"{records.Position[row]}", .. records.Plan.Columns.Select(c => CellText.Of(c, records.Columns[c.Ordinal], row)), CellText.OfRescued(records.Rescued, row), repeats]);
        }

        console.Write(table);
        if (shown > rowsMax) console.WriteLine($"… and {shown - rowsMax} more rows.");
        return repeated;
    }

    private static string Explain(TopicPlan topic, Rejection rejection)
    {
        var meaning = ReasonCodes.All.First(r => r.Code == rejection.Reason).Meaning;
        var column = rejection is { Dataset: >= 0, Column: >= 0 } ? $", column {topic.Datasets[rejection.Dataset].Plan.Columns[rejection.Column].Name}" : "";
        var where = rejection.Position < 0 ? "the whole transfer" : $"#{rejection.Position}";
        return $"refused {where}{column}: {rejection.Reason.Text()}. {meaning}{(rejection.Detail is null ? "" : $" Found: {rejection.Detail}")}";
    }
}
