using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
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
        var refused = new List<Rejection>(normalized.Rejections);
        var (taken, repeated) = (0, 0);
        for (var i = 0; i < normalized.Datasets.Length; i++)
        {
            if (normalized.Datasets[i].Count == 0) continue;
            var (rows, repeats) = WriteRows(console, normalized.Datasets[i], i, rowsMax, refused);
            (taken, repeated) = (taken + rows, repeated + repeats);
        }

        foreach (var rejection in refused.OrderBy(r => r.Position).Take(rowsMax)) console.WriteLine(Explain(topic, rejection));
        if (refused.Count > rowsMax) console.WriteLine($"… and {refused.Count - rowsMax} more refusals.");
        console.WriteLine($"{Path.GetFileName(file)} as a transfer on {topic.Topic}: {Output.Count(taken)} rows ({Output.Count(repeated)} of them repeat an earlier one), {Output.Count(refused.Count)} refused.");
        foreach (var untaken in normalized.Datasets.Select(UntakenFields.Of).OfType<string>()) console.WriteLine(untaken);
        return refused.Count;
    }

    /// <summary>Returns how many rows there are, and how many of them repeat an earlier one; a known identity with other content is added to those that are refused.</summary>
    private static (int Rows, int Repeated) WriteRows(IAnsiConsole console, NormalizedRecords records, int dataset, int rowsMax, List<Rejection> refused)
    {
        var table = new RowTable(["#", .. records.Plan.Columns.Select(c => c.Name), SystemColumns.Rescued, "repeats"]) { Title = records.Plan.Name };
        var hasContents = records.Plan.Dedup.Mode == DedupMode.Identity;
        var first = new Dictionary<UInt128, int>();
        var (rows, repeated) = (0, 0);
        for (var row = 0; row < records.Count; row++)
        {
            if (records.Refused[row] != 0) continue;
            var isNew = first.TryAdd(records.Keys[row], row);
            var holder = first[records.Keys[row]];
            if (hasContents && records.Contents[row] != records.Contents[holder])
            {
                refused.Add(IdentityConflict.Of(records, row, dataset, others: 0));
                continue;
            }

            if (!isNew) repeated++;
            if (rows++ >= rowsMax) continue;
            var rescued = records.Rescued.Valid[row] == 0 ? "" : Encoding.UTF8.GetString(records.Rescued[row]);
            table.Row([$"{records.Position[row]}", .. records.Plan.Columns.Select(c => ValueText.Of(c, records.Columns[c.Ordinal], row)), rescued, isNew ? "" : $"#{records.Position[holder]}"]);
        }

        console.Write(table);
        if (rows > rowsMax) console.WriteLine($"… and {rows - rowsMax} more rows.");
        return (rows, repeated);
    }

    private static string Explain(TopicPlan topic, Rejection rejection)
    {
        var meaning = ReasonCodes.All.First(r => r.Code == rejection.Reason).Meaning;
        var column = rejection is { Dataset: >= 0, Column: >= 0 } ? $", column {topic.Datasets[rejection.Dataset].Plan.Columns[rejection.Column].Name}" : "";
        var where = rejection.Position < 0 ? "the whole transfer" : $"#{rejection.Position}";
        return $"refused {where}{column}: {rejection.Reason.Text()}. {meaning}{(rejection.Detail is null ? "" : $" Found: {rejection.Detail}")}";
    }
}
