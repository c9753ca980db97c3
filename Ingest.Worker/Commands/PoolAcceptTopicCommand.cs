using System.CommandLine;
using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Worker.Configuration;

namespace Ingest.Worker.Commands;

/// <summary><c>pool accept-topic</c>: a topic that was created anew counts as the one that was read so far, so that its partitions go on at their offsets. The log keeps it.</summary>
internal static class PoolAcceptTopicCommand
{
    public static Command Create()
    {
        var topic = new Option<string>("--topic") { Description = "The topic.", Required = true };
        var id = new Option<string>("--id") { Description = "Its id now, as the worker's message says it.", Required = true };
        var source = new Option<string?>("--source") { Description = "The cluster's name in the ledger. Default: the setting Ingest:Kafka:Source." };
        return PoolArguments.Command("accept-topic", "Read a topic that was created anew on at the old one's offsets: only for a copy whose offsets are the same. For any other, give the cluster a new name in Ingest:Kafka:Source.", [topic, id, source],
            (given, parse, cancellation) => RunAsync(given.Pool, parse.GetValue(source), parse.GetValue(topic)!, parse.GetValue(id)!, cancellation));
    }

    /// <summary>16 bytes as base64 for URLs, as Kafka prints them.</summary>
    internal static bool IsTopicId(string id) => id.Length == 22 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private static async Task<int> RunAsync(PoolTables pool, string? sourceName, string topic, string id, CancellationToken cancellation)
    {
        if (!IsTopicId(id)) throw new CommandRefusedException(ExitCodes.BadConfiguration, $"--id is '{id}', which is no topic's id: those have 22 characters, such as 2FGDrVUzT7uw4qwGFkdpqQ. The worker's message and 'kafka-topics --describe' say it.");
        sourceName ??= SettingsReader.Configuration([])["Ingest:Kafka:Source"] ?? new KafkaSettings().Source;
        var accepted = 0;
        foreach (var table in pool.Tables)
        {
            var log = await DeltaTable.OpenAsync(table.Store, table.Name, IdSource.System, TimeProvider.System, cancellation).ConfigureAwait(false);
            if (log is null || await log.AcceptTopicAsync(sourceName, topic, id, cancellation).ConfigureAwait(false) is not { } version) continue;
            accepted++;
            Console.WriteLine($"{table.Name}: knows {topic} by id {id} from version {version} on.");
        }

        if (accepted == 0) Console.WriteLine($"No table has read {sourceName}/{topic} under another id.");
        return accepted > 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
