using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>Sends records numbered from 0, several a transfer, the last of each a repetition of an earlier one. It knows the truth: every number below <see cref="Records"/> once.</summary>
internal sealed class ChaosGenerator(ChaosBrokers brokers, string topicPrefix, ChaosSetting setting)
{
    /// <summary>The embedded broker keeps the last 5 MB of a partition: no more than a part of that may wait.</summary>
    private const int AheadMax = 3_000;

    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_flushMax = TimeSpan.FromMinutes(3);
    private readonly ConcurrentDictionary<TopicPartition, long> _ends = new();
    private long _records;
    private long _transfers;
    private double _share;
    private long _committed;
    private long _acknowledged;
    private int _failed;
    private string _firstError = "";

    /// <summary>Distinct records sent so far.</summary>
    public long Records => Interlocked.Read(ref _records);

    /// <summary>Transfers sent so far.</summary>
    public long Transfers => Interlocked.Read(ref _transfers);

    /// <summary>Transfers that the brokers have acknowledged.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <summary>All that may be sent by now was.</summary>
    public bool HasSentShare => Records >= (long)(setting.Records * Volatile.Read(ref _share));

    /// <summary>Where each partition ends, as far as the brokers have acknowledged.</summary>
    public IReadOnlyDictionary<TopicPartition, long> Ends => _ends;

    /// <summary>How much of the records may have been sent by now, from 0 to 1: so that faults that take long are not without load.</summary>
    public void Allow(double share) => Volatile.Write(ref _share, share);

    /// <summary>Transfers that the table has.</summary>
    public void Committed(long transfers) => Interlocked.Exchange(ref _committed, transfers);

    public async Task RunAsync(CancellationToken stop, CancellationToken enough)
    {
        // Brokers before 0.11 have no idempotent producer: what it then sends twice is for deduplication to drop.
        var properties = brokers.Properties.Where(p => p.Key is not ("session.timeout.ms" or "heartbeat.interval.ms" or "partition.assignment.strategy")).ToDictionary(StringComparer.Ordinal);
        properties["message.timeout.ms"] = "0";
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = brokers.Brokers, Properties = properties, Idempotent = false, Compression = "none" });
        var started = TimeProvider.System.GetTimestamp();
        while (!stop.IsCancellationRequested && !enough.IsCancellationRequested && Records < setting.Records)
        {
            var due = (long)(setting.Records * Math.Min(Volatile.Read(ref _share), Math.Min(1, TimeProvider.System.GetElapsedTime(started) / setting.Over)));
            while (Records < due && !stop.IsCancellationRequested && !(brokers.IsEmbedded && Transfers - Interlocked.Read(ref _committed) > AheadMax)) Send(publisher, stop);
            await Task.WhenAny(Task.Delay(s_tick, stop)).ConfigureAwait(false);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(s_flushMax);
        try
        {
            publisher.Flush(deadline.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new ChaosStuckException($"Waited {s_flushMax} for the brokers to take the last transfers; {publisher.Report.InFlight} are in flight.");
        }

        if (_failed > 0) throw new ChaosStuckException($"{_failed} transfers were not delivered: {_firstError}");
    }

    private void Send(TransferPublisher publisher, CancellationToken stop)
    {
        var first = Records;
        var count = (int)Math.Min(setting.RecordsPerTransfer, setting.Records - first);
        var text = new StringBuilder("[");
        for (var i = 0; i < count; i++) Append(text, first + i).Append(',');
        Append(text, (first + count) * 31 % (first + count)).Append(']');
        var topic = string.Create(CultureInfo.InvariantCulture, $"{topicPrefix}{Transfers % ChaosSetting.Topics}");
        _ = DeliveredAsync(publisher.PublishAsync(topic, Transfers.ToString(CultureInfo.InvariantCulture), Encoding.UTF8.GetBytes(text.ToString()), stop));
        Interlocked.Increment(ref _transfers);
        Interlocked.Add(ref _records, count);
    }

    private async Task DeliveredAsync(Task<(TopicPartition Source, long Offset)> publishing)
    {
        try
        {
            var (source, offset) = await publishing.ConfigureAwait(false);
            _ends.AddOrUpdate(source, offset + 1, (_, end) => Math.Max(end, offset + 1));
            Interlocked.Increment(ref _acknowledged);
        }
        catch (TransferSourceException e)
        {
            if (Interlocked.Increment(ref _failed) == 1) _firstError = e.Message;
        }
        catch (OperationCanceledException)
        {
            // The run was given up.
        }
    }

    /// <summary>A record is the same whenever it is made.</summary>
    private static StringBuilder Append(StringBuilder text, long number) =>
        text.Append(CultureInfo.InvariantCulture, $"{{\"id\":{number},\"owner\":\"王芳 {number % 997}\",\"at\":\"2026-03-0{1 + (number % 5)}\"}}");
}
