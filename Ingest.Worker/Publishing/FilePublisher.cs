using Ingest.Core.Transfers.Kafka;
using Spectre.Console;

namespace Ingest.Worker.Publishing;

/// <summary>Publishes one file, showing how far it is, and returns when the brokers have acknowledged all of it.</summary>
internal static class FilePublisher
{
    public static async Task<Sent> PublishAsync(string file, FileFormat format, string topic, string? key, int recordsPerTransfer, char? delimiter, TransferPublisher publisher, CancellationToken cancellation)
    {
        var sent = new Sent(0, 0, 0);
        await AnsiConsole.Progress().AutoClear(true).StartAsync(progress =>
        {
            var bar = progress.AddTask(Markup.Escape(Path.GetFileName(file)), maxValue: Math.Max(1, new FileInfo(file).Length));
            // Keyed, so that the transfers of one file stay in order on one partition.
            foreach (var (payload, records) in RecordSplitter.Split(file, format, recordsPerTransfer, delimiter))
            {
                publisher.Publish(topic, key ?? Path.GetFileName(file), payload, cancellation);
                sent = new Sent(sent.Transfers + 1, sent.Records + records, sent.Bytes + payload.Length);
                bar.Increment(payload.Length);
            }

            var report = publisher.Flush(cancellation);
            if (report.Failed > 0) throw new Core.Transfers.TransferSourceException($"{report.Failed} of {report.Published} transfers were not delivered: {report.FirstError}. Publish the file again: what arrived is dropped as duplicates.");
            bar.Value = bar.MaxValue;
            return Task.CompletedTask;
        }).ConfigureAwait(false);
        return sent;
    }
}

/// <summary>What was sent.</summary>
internal readonly record struct Sent(long Transfers, long Records, long Bytes);
