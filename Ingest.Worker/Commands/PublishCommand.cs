using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core.Contracts;
using Ingest.Core.Transfers.Kafka;
using Ingest.Worker.Configuration;
using Ingest.Worker.Publishing;

namespace Ingest.Worker.Commands;

/// <summary><c>publish</c>: sends files as transfers; for departments without a Kafka programmer.</summary>
internal static class PublishCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("files") { Description = "CSV, NDJSON or JSON files.", Arity = ArgumentArity.OneOrMore };
        var topic = new Option<string>("--topic") { Description = "Topic to publish to.", Required = true };
        var rows = new Option<int>("--rows-per-transfer") { Description = "Records in one transfer. Each CSV transfer repeats the header.", DefaultValueFactory = _ => 200 };
        var key = new Option<string?>("--key") { Description = "Key of the messages: transfers of one key stay in order on one partition. Default: the file's name." };
        var format = new Option<FileFormat?>("--format") { Description = "Format of the files. Default: by the ending (.csv, .ndjson, .jsonl, .json)." };
        var delimiter = new Option<string?>("--delimiter") { Description = "CSV: the character between cells; \\t for a tab. Default: the contract's, where the setting Ingest:Contracts leads to one that reads the topic, else what the header tells." };
        var command = new Command("publish", "Send files to a topic, some records a transfer. Brokers and client properties come from the settings, as for run.") { files, topic, rows, key, format, delimiter };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parse, cancellation) =>
        {
            var (names, settings) = SettingArguments.Split([.. parse.GetValue(files)!, .. parse.UnmatchedTokens]);
            var unknown = SettingArguments.Check(settings, [.. parse.CommandResult.Command.Options.Select(o => o.Name)]);
            return RunAsync(names, parse.GetValue(topic)!, parse.GetValue(rows), parse.GetValue(key), parse.GetValue(format), parse.GetValue(delimiter), settings, [.. unknown], cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(string[] files, string topic, int rows, string? key, FileFormat? format, string? delimiter, IReadOnlyList<string> arguments, List<string> errors, CancellationToken cancellation)
    {
        var options = SettingsReader.Read(SettingsReader.Configuration(arguments), untilCaughtUp: false, errors);
        if (files.Length == 0) errors.Add("There is no file to publish.");
        if (rows < 1) errors.Add($"--rows-per-transfer is {rows}. Give at least 1.");
        if (delimiter is not (null or "\\t" or [< '\x80' and not ('"' or '\r' or '\n')])) errors.Add($"--delimiter is '{delimiter}'. Give one ASCII character that is no quote, or \\t for a tab.");
        foreach (var file in files)
        {
            if (FileArguments.WhyNot(file) is { } not) errors.Add(not);
            else if (format is null && FileFormats.Of(file) is null) errors.Add($"{file}: the ending does not tell the format. Give --format csv, ndjson or json.");
        }

        if (options is null || errors.Count > 0)
        {
            foreach (var error in errors) await Console.Error.WriteLineAsync(error).ConfigureAwait(false);
            return ExitCodes.BadConfiguration;
        }

        try
        {
            var troubles = new BrokerTroubles(options.Kafka.BootstrapServers, Patience(options.Kafka.Properties), Console.Error);
            using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = options.Kafka.BootstrapServers, Properties = options.Kafka.Properties, OnTrouble = troubles.Tell });
            var between = delimiter is null ? OfContract(options.Settings.Contracts, topic) : delimiter == "\\t" ? '\t' : delimiter[0];
            return await PublishAsync(files, topic, key, rows, format, between, publisher, troubles, cancellation).ConfigureAwait(false);
        }
        catch (Core.Transfers.TransferSourceException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message).ConfigureAwait(false);
            return ExitCodes.BadConfiguration;
        }
    }

    private static async Task<int> PublishAsync(string[] files, string topic, string? key, int rows, FileFormat? format, char? delimiter, TransferPublisher publisher, BrokerTroubles troubles, CancellationToken cancellation)
    {
        foreach (var file in files)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                var sent = await FilePublisher.PublishAsync(file, format ?? FileFormats.Of(file)!.Value, topic, key, rows, delimiter, publisher, cancellation).ConfigureAwait(false);
                Console.WriteLine(sent.Records == 0 ? $"{Path.GetFileName(file)}: there is no record in it; nothing was sent." : $"{Path.GetFileName(file)}: {Output.Count(sent.Records, "record")} in {Output.Count(sent.Transfers, "transfer")} to {topic}, {Output.Bytes(sent.Bytes)} in {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s, all acknowledged.");
            }
            catch (Exception failure) when (failure is InvalidDataException or Core.Transfers.TransferSourceException)
            {
                await Console.Error.WriteLineAsync($"{file}: {failure.Message}").ConfigureAwait(false);
                if (failure is Core.Transfers.TransferSourceException && troubles.Advice is { } advice) await Console.Error.WriteLineAsync(advice).ConfigureAwait(false);
                return ExitCodes.Failed;
            }
        }

        return ExitCodes.Ok;
    }

    /// <summary>The delimiter of the contract that reads the topic; null where there is none at hand, for departments need none.</summary>
    private static char? OfContract(string contracts, string topic) =>
        ContractFiles.Load(contracts, [])?.Topics.TryGetValue(topic, out var plan) == true && plan.Format == TransferFormat.Csv ? plan.Delimiter : null;

    /// <summary>How long the client tries to deliver: its own default, unless a property says otherwise.</summary>
    private static TimeSpan Patience(IReadOnlyDictionary<string, string> properties) =>
        TimeSpan.FromMilliseconds(int.TryParse(properties.GetValueOrDefault("message.timeout.ms"), NumberStyles.None, CultureInfo.InvariantCulture, out var ms) ? ms : 300_000);
}
