using YamlDotNet.Core;

namespace Ingest.Core.Contracts;

/// <summary>Judges what the parts of one contract mean together.</summary>
internal static class ContractValidator
{
    public static void Check(DatasetContract contract)
    {
        CheckFormat(contract);
        CheckTopics(contract);
        CheckColumns(contract);
        CheckEventDate(contract);
        CheckPartition(contract);
        CheckDedup(contract);
    }

    private static void CheckFormat(DatasetContract contract)
    {
        if (contract.Format != TransferFormat.Csv)
        {
            if (contract.Node.Has("csv")) contract.Node.Wrong("csv", "'csv' is given, but the format is not csv.", "Write format: csv, or remove csv.");
            return;
        }

        if (contract.Node.Has("records")) contract.Node.Wrong("records", "'records' is given, but the format is csv.", "Remove records: the rows of a CSV file are its records.");
        if (contract.SelectField is { Segments.Length: > 1 }) contract.Node.Wrong("select", "'select' looks into a nested field, but the format is csv.", "Name the header of a CSV column.");
        foreach (var topic in contract.Topics.Where(t => t.ClaimField is { Segments.Length: > 1 }))
            contract.Node.Wrong(topic.At, $"The claim of topic '{topic.Topic}' looks into a nested field, but the format is csv.", "Name the header of a CSV column.");
    }

    private static void CheckTopics(DatasetContract contract)
    {
        foreach (var again in contract.Topics.GroupBy(t => t.Topic, StringComparer.Ordinal).SelectMany(g => g.Skip(1)))
            contract.Node.Wrong(again.At, $"Topic '{again.Topic}' stands twice in this contract.", "Name each topic once: it is bound to one department.");
    }

    private static void CheckColumns(DatasetContract contract)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (plan, node, isTyped) in contract.Columns)
        {
            if (plan.Name.Length > 0 && !names.Add(plan.Name)) node.Wrong("name", $"There are two columns '{plan.Name}'.", "Give each column a name of its own.");
            if (contract.Format == TransferFormat.Csv && plan.Sources.Any(s => s.Segments.Length > 1))
                node.Wrong(node.Has("source") ? "source" : "name", $"Column '{plan.Name}' looks into a nested field, but the format is csv.", "Name the header of the CSV column.");
            if (plan.TrueWords.Intersect(plan.FalseWords, StringComparer.OrdinalIgnoreCase).FirstOrDefault() is { } both)
                node.Wrong(node.Has("false_words") ? "false_words" : "true_words", $"'{both}' means true and false.", "Give true_words and false_words that differ.");
            if (!isTyped) continue;
            foreach (var (key, text) in new[] { ("default", plan.Default), ("constant", plan.Constant) })
            {
                if (text is not null && FixedValue.Problem(contract.AsRead(plan), text) is var (message, remedy)) node.Wrong(key, $"The {key} '{text}' {message}.", remedy);
            }
        }
    }

    private static void CheckEventDate(DatasetContract contract)
    {
        if (contract.EventDate is not { } wanted) return;
        if (Find(contract, wanted.Text, wanted.At, "event_date") is { IsTyped: true, Plan.Type: not (ColumnType.Date or ColumnType.Timestamp) } column)
            contract.Node.Wrong(wanted.At, $"event_date is '{wanted.Text}', which is a {column.Plan.Type}.", "Name a column of type date or timestamp.");
    }

    private static void CheckPartition(DatasetContract contract)
    {
        CheckFolders(contract);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, at) in contract.Partition ?? [])
        {
            if (!seen.Add(name)) contract.Node.Wrong(at, $"The table is partitioned by '{name}' twice.", "Name each column once.");
            else if (name == SystemColumns.Department) continue;
            else if (name == SystemColumns.EventDate)
            {
                if (!contract.Node.Has("event_date"))
                    contract.Node.Wrong(at, "The table cannot be partitioned by event_date: the contract does not say what it is.", "Write event_date: with the column of the event's time.");
            }
            else if (Find(contract, name, at, "partition", SystemColumns.Department, SystemColumns.EventDate) is { IsTyped: true, Plan.Type: ColumnType.Double or ColumnType.Decimal or ColumnType.Timestamp } column)
            {
                contract.Node.Wrong(at, $"The table cannot be partitioned by '{name}', which is a {column.Plan.Type}.", "Partition by columns with few values: department, event_date, or a string, int, long, boolean or date.");
            }
        }
    }

    /// <summary>Texts are as long as their contract lets them be, so that no record can come whose file has no name in the store.</summary>
    private static void CheckFolders(DatasetContract contract)
    {
        var all = 0;
        foreach (var (name, at) in contract.Partition ?? [])
        {
            var bytes = FolderText.FolderBytes(name, contract.Find(name) is >= 0 and var column ? contract.Columns[column].Plan.Type : ColumnType.Date);
            if (bytes - 1 > FolderText.NameBytesMax) contract.Node.Wrong(at, $"The table cannot be partitioned by '{name}': its folders could have {bytes - 1} bytes in their names, and file systems take {FolderText.NameBytesMax}.", "Give the column a shorter name.");
            all += bytes;
        }

        if (all > FolderText.PathBytesMax)
            contract.Node.Wrong("partition", $"The table is partitioned by so much that the names of its folders could have {all} bytes together, and stores take {FolderText.PathBytesMax}.", "Partition by fewer columns; a string takes most.");
    }

    private static void CheckDedup(DatasetContract contract)
    {
        foreach (var (name, at) in contract.Except) Find(contract, name, at, "dedup.except");
        var isAll = contract.Columns.Length > 0 && contract.Columns.All(c => contract.Except.Any(e => e.Text == c.Plan.Name));
        if (contract.Mode == DedupMode.Identity)
        {
            CheckIdentity(contract);
        }
        else if (!contract.Identity.IsEmpty)
        {
            contract.Node.Wrong(contract.Identity[0].At, "dedup.identity is given, but the mode is content.", "Write mode: identity, or remove identity.");
        }
        else if (isAll)
        {
            contract.Node.Wrong(contract.Except[0].At, "dedup.except names every column, so all records would be duplicates.", "Leave out the columns that tell records apart.");
        }
    }

    private static void CheckIdentity(DatasetContract contract)
    {
        if (contract.Identity.IsEmpty) contract.Node.Wrong("dedup", "The mode is identity, but no column identifies a record.", "Write identity: [plate_number] in dedup.");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, at) in contract.Identity)
        {
            if (!seen.Add(name)) contract.Node.Wrong(at, $"dedup.identity names '{name}' twice.", "Name each column once.");
            else if (Find(contract, name, at, "dedup.identity") is { Plan: { Required: false, Constant: null } })
                contract.Node.Wrong(at, $"'{name}' identifies records, but may be missing.", $"Write required: true for column {name}.");
        }

        foreach (var (name, at) in contract.Except.Where(e => seen.Contains(e.Text)))
            contract.Node.Wrong(at, $"'{name}' identifies records, so it cannot be excepted.", "Remove it from dedup.except or from dedup.identity.");
    }

    private static ColumnContract? Find(DatasetContract contract, string name, Mark at, string where, params ReadOnlySpan<string> alsoKnown)
    {
        if (contract.Find(name) is >= 0 and var column) return contract.Columns[column];
        contract.Node.Wrong(at, $"{where} names '{name}', which is not a column.", NearestName.Suggest(name, [.. contract.Columns.Select(c => c.Plan.Name).Where(n => n.Length > 0), .. alsoKnown]));
        return null;
    }
}
