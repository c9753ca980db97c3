using System.Globalization;
using System.Text;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Perf.Chaos;

/// <summary>Sends records numbered from 0, ten a transfer, the last of each a repetition of an earlier one, evenly over the time. It knows the truth: every number below <see cref="Records"/> once.</summary>
internal sealed class ChaosGenerator(ChaosBrokers brokers, string topicPrefix, int topics, long records, TimeSpan over)
{
    private const int RecordsPerTransfer = 9;
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(20);
    private long _records;
    private long _transfers;

    /// <summary>Distinct records sent so far.</summary>
    public long Records => Interlocked.Read(ref _records);

    /// <summary>Transfers that the brokers have acknowledged.</summary>
    public long Delivered { get; private set; }

    public static string Columns =>
        """
          - { name: id, type: long, required: true }
          - { name: owner, type: string }
          - { name: at, type: date, required: true }
        """;

    public async Task RunAsync(CancellationToken stop)
    {
        // Brokers before 0.11 have no idempotent producer: what it then sends twice is for deduplication to drop.
        var properties = brokers.Properties.Where(p => p.Key is not ("session.timeout.ms" or "heartbeat.interval.ms" or "partition.assignment.strategy")).ToDictionary(StringComparer.Ordinal);
        properties["message.timeout.ms"] = "0";
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = brokers.Brokers, Properties = properties, Idempotent = false, Compression = "none" });
        var started = TimeProvider.System.GetTimestamp();
        while (!stop.IsCancellationRequested && Records < records)
        {
            var due = (long)Math.Min(records, records * (TimeProvider.System.GetElapsedTime(started) / over));
            while (Records < due && !stop.IsCancellationRequested) Send(publisher);
            Delivered = publisher.Report.Delivered;
            await Task.WhenAny(Task.Delay(s_tick, stop)).ConfigureAwait(false);
        }

        var report = publisher.Flush(CancellationToken.None);
        Delivered = report.Delivered;
        if (report.Failed > 0) throw new InvalidOperationException($"{report.Failed} transfers were not delivered: {report.FirstError}");
    }

    private void Send(TransferPublisher publisher)
    {
        var first = Records;
        var count = (int)Math.Min(RecordsPerTransfer, records - first);
        var text = new StringBuilder("[");
        for (var i = 0; i < count; i++) Append(text, first + i).Append(',');
        Append(text, (first + count) * 31 % (first + count)).Append(']');
        var topic = string.Create(CultureInfo.InvariantCulture, $"{topicPrefix}{_transfers % topics}");
        publisher.Publish(topic, _transfers.ToString(CultureInfo.InvariantCulture), Encoding.UTF8.GetBytes(text.ToString()), CancellationToken.None);
        _transfers++;
        Interlocked.Add(ref _records, count);
    }

    /// <summary>A record is the same whenever it is made.</summary>
    private static StringBuilder Append(StringBuilder text, long number) =>
        text.Append(CultureInfo.InvariantCulture, $"{{\"id\":{number},\"owner\":\"王芳 {number % 997}\",\"at\":\"2026-03-0{1 + (number % 5)}\"}}");
}
