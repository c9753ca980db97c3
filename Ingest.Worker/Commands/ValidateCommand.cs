using System.CommandLine;
using Ingest.Core.Contracts;
using Ingest.Worker.Publishing;
using Ingest.Worker.Samples;
using Spectre.Console;

namespace Ingest.Worker.Commands;

/// <summary><c>validate</c>: checks contracts, and shows what samples would become.</summary>
internal static class ValidateCommand
{
    public static Command Create()
    {
        var contract = new Argument<string>("contract") { Description = "A contract, or a folder of them." };
        var samples = new Argument<string[]>("samples") { Description = "Files with transfers as they would be published.", Arity = ArgumentArity.ZeroOrMore };
        var topic = new Option<string?>("--topic") { Description = "The topic that the samples come from. Default: the first of the only contract that reads files like them." };
        var rows = new Option<int>("--rows") { Description = "Rows to show of each sample.", DefaultValueFactory = _ => 20 };
        var command = new Command("validate", "Check contracts (every error with file, line and column), and show what a sample becomes, row by row, with every refusal explained.") { contract, samples, topic, rows };
        command.SetAction(parse => Run(parse.GetValue(contract)!, parse.GetValue(samples) ?? [], parse.GetValue(topic), parse.GetValue(rows)));
        return command;
    }

    private static int Run(string contract, string[] samples, string? topicName, int rows)
    {
        var errors = new List<string>();
        var catalog = ContractFiles.Load(contract, errors);
        if (rows < 0) errors.Add($"--rows is {rows}. Give at least 0.");
        errors.AddRange(samples.Select(FileArguments.WhyNot).OfType<string>());
        TopicPlan? topic = null;
        if (catalog is not null && topicName is not null && !catalog.Topics.TryGetValue(topicName, out topic))
            errors.Add($"--topic is '{topicName}'; the contracts read {string.Join(", ", catalog.Topics.Keys)}.");
        var topics = new List<TopicPlan>();
        if (catalog is not null && topicName is null) topics.AddRange(samples.Select(s => TopicOf(s, catalog, errors)).OfType<TopicPlan>());
        if (errors.Count > 0 || catalog is null)
        {
            foreach (var error in errors) Console.Error.WriteLine(error);
            Console.Error.WriteLine($"{errors.Count} {(errors.Count == 1 ? "error" : "errors")}.");
            return ExitCodes.BadConfiguration;
        }

        foreach (var dataset in catalog.Datasets) Console.WriteLine($"{dataset.Name}: {dataset.Columns.Length} columns, dedup by {dataset.Dedup.Mode.ToString().ToLowerInvariant()}, contract {dataset.ContractHash}. Right.");
        var refused = 0;
        for (var i = 0; i < samples.Length; i++) refused += SampleReport.Write(Output.Console, topic ?? topics[i], samples[i], rows);
        return refused == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>The topic of the only contract that reads a file like this, by its ending; null when there are several, and that is an error.</summary>
    private static TopicPlan? TopicOf(string sample, Catalog catalog, List<string> errors)
    {
        TransferFormat? format = FileFormats.Of(sample) switch
        {
            FileFormat.Csv => TransferFormat.Csv,
            FileFormat.Ndjson => TransferFormat.Ndjson,
            FileFormat.Json => TransferFormat.Json,
            _ => null,
        };
        var alike = catalog.Topics.Values.Where(t => t.Format == format).ToList();
        if (alike.Count == 0) alike = [.. catalog.Topics.Values];

        // Topics of the same contracts read it alike.
        var contracts = alike.GroupBy(t => string.Join(" and ", t.Datasets.Select(d => d.Plan.Name)), StringComparer.Ordinal).ToList();
        if (contracts.Count == 1) return alike[0];
        errors.Add($"{sample}: several contracts may read it. Say by --topic from which topic it comes: {string.Join(", ", contracts.Select(c => $"{c.First().Topic} ({c.Key})"))}.");
        return null;
    }
}
