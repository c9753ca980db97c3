using System.CommandLine;
using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;
using Ingest.Worker.Configuration;

namespace Ingest.Worker.Commands;

/// <summary><c>pool accept-gap</c>: gives up offsets that expired before they were read, so that their partition goes on. The ledger keeps it for ever.</summary>
internal static class PoolAcceptGapCommand
{
    public static Command Create()
    {
        var topic = new Option<string>("--topic") { Description = "The topic.", Required = true };
        var partition = new Option<int>("--partition") { Description = "The partition.", Required = true };
        var to = new Option<long>("--to") { Description = "The first offset to read again; those before it are given up.", Required = true };
        var source = new Option<string?>("--source") { Description = "The cluster's name in the ledger. Default: the setting Ingest:Kafka:Source." };
        return PoolArguments.Command("accept-gap", "Give up offsets that expired unread, after the department has sent them again. Every table of the topic records how many.", [topic, partition, to, source],
            (given, parse, cancellation) => RunAsync(given.Pool, parse.GetValue(source), new TopicPartition(parse.GetValue(topic)!, parse.GetValue(partition)), parse.GetValue(to), cancellation));
    }

    private static async Task<int> RunAsync(PoolTables pool, string? sourceName, TopicPartition source, long to, CancellationToken cancellation)
    {
        sourceName ??= SettingsReader.Configuration([])["Ingest:Kafka:Source"] ?? new KafkaSettings().Source;
        var moved = 0;
        foreach (var table in pool.Tables.Where(t => t.Name != QuarantineDataset.Name))
        {
            var log = await DeltaTable.OpenAsync(table.Store, table.Name, IdSource.System, TimeProvider.System, cancellation).ConfigureAwait(false);
            if (log is null || await log.AcceptGapAsync(sourceName, source, to, cancellation).ConfigureAwait(false) is not { } done) continue;
            if (done.Outcome is not CommitOutcome.Committed committed)
            {
                await Console.Error.WriteLineAsync($"{table.Name}: not done: {done.Outcome}. Is a worker still reading {source}? Try again.").ConfigureAwait(false);
                return ExitCodes.Failed;
            }

            moved++;
            Console.WriteLine($"{table.Name}: gave up {Output.Count(done.Gap.To - done.Gap.From)} offsets {done.Gap} of {source} in version {committed.Version}.");
        }

        if (moved == 0) Console.WriteLine($"No table lacks offsets of {sourceName}/{source} below {to}.");
        return moved > 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
