using System.CommandLine;
using Ingest.Core.Contracts;
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
        var topic = new Option<string?>("--topic") { Description = "The topic that the samples come from. Default: the contract's first." };
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
        if (errors.Count > 0 || catalog is null)
        {
            foreach (var error in errors) Console.Error.WriteLine(error);
            Console.Error.WriteLine($"{errors.Count} {(errors.Count == 1 ? "error" : "errors")}.");
            return ExitCodes.BadConfiguration;
        }

        foreach (var dataset in catalog.Datasets) Console.WriteLine($"{dataset.Name}: {dataset.Columns.Length} columns, dedup by {dataset.Dedup.Mode.ToString().ToLowerInvariant()}, contract {dataset.ContractHash}. Right.");
        topic ??= catalog.Topics.Values.First();
        var refused = 0;
        foreach (var sample in samples) refused += SampleReport.Write(Output.Console, topic, sample, rows);
        return refused == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
