using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Publishes transfers and accounts for each: published = delivered + failed + still in flight. Waits when too much is in flight. Thread-safe.
/// </summary>
public sealed class TransferPublisher : IDisposable
{
    private static readonly TimeSpan s_fullWait = TimeSpan.FromMilliseconds(20);
    private readonly IProducer<byte[]?, byte[]> _producer;
    private readonly SemaphoreSlim _room;
    private readonly Action<DeliveryReport<byte[]?, byte[]>> _onDelivery;
    private long _published;
    private long _delivered;
    private long _failed;
    private long _bytes;
    private string? _firstError;

    /// <exception cref="TransferSourceException">The client refuses the options.</exception>
    public TransferPublisher(PublisherOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.InFlightMessages, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.InFlightBytes, 1 << 20);
        _room = new SemaphoreSlim(options.InFlightMessages, options.InFlightMessages);
        _onDelivery = OnDelivery;
        try
        {
            _producer = new ProducerBuilder<byte[]?, byte[]>(KafkaClientConfig.Producer(options))
                .SetErrorHandler((_, error) => OnError(error, options.OnTrouble))
                .SetLogHandler((_, _) => { })
                .Build();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or KafkaException)
        {
            throw new TransferSourceException($"The Kafka client refuses its configuration: {e.Message.TrimEnd('.')}. Check Ingest:Kafka:Properties.", e);
        }
    }

    /// <summary>What became of everything so far.</summary>
    public PublishReport Report => new(
        Interlocked.Read(ref _published), Interlocked.Read(ref _delivered), Interlocked.Read(ref _failed), Interlocked.Read(ref _bytes),
        Volatile.Read(ref _firstError));

    /// <summary>Sends one transfer without waiting for its delivery, but for room. The payload may be reused on return.</summary>
    /// <param name="key">Transfers of one key keep their order; null spreads them.</param>
    public void Publish(string topic, string? key, ReadOnlyMemory<byte> payload, CancellationToken cancellation) =>
        Send(topic, key, payload, [], _onDelivery, cancellation);

    /// <summary>Sends one transfer and waits until all replicas have it.</summary>
    /// <returns>Where it lies.</returns>
    /// <exception cref="TransferSourceException">It was not delivered; the message says why.</exception>
    public Task<(TopicPartition Source, long Offset)> PublishAsync(string topic, string? key, ReadOnlyMemory<byte> payload, CancellationToken cancellation) =>
        PublishAsync(topic, key, payload, [], cancellation);

    /// <inheritdoc cref="PublishAsync(string, string?, ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="headers">Of the message; brokers before 0.11 keep none.</param>
    public async Task<(TopicPartition Source, long Offset)> PublishAsync(
        string topic, string? key, ReadOnlyMemory<byte> payload, IReadOnlyList<(string Name, byte[] Value)> headers, CancellationToken cancellation)
    {
        var delivered = new TaskCompletionSource<DeliveryReport<byte[]?, byte[]>>(TaskCreationOptions.RunContinuationsAsynchronously);
        Send(topic, key, payload, headers, report =>
        {
            OnDelivery(report);
            delivered.SetResult(report);
        }, cancellation);
        var report = await delivered.Task.WaitAsync(cancellation);
        if (report.Error.IsError) throw new TransferSourceException($"A transfer to {topic} was not delivered: {report.Error.Reason}") { IsTooLarge = IsTooLarge(report.Error) };
        return (new TopicPartition(topic, report.Partition.Value), report.Offset.Value);
    }

    /// <summary>Waits until nothing is in flight.</summary>
    public PublishReport Flush(CancellationToken cancellation)
    {
        _producer.Flush(cancellation);
        return Report;
    }

    /// <summary>Gives up what is still in flight; <see cref="Flush"/> first.</summary>
    public void Dispose()
    {
        _producer.Dispose();
        _room.Dispose();
    }

    private void Send(
        string topic, string? key, ReadOnlyMemory<byte> payload, IReadOnlyList<(string Name, byte[] Value)> headers, Action<DeliveryReport<byte[]?, byte[]>> onDelivery, CancellationToken cancellation)
    {
        var message = new Message<byte[]?, byte[]> { Key = key is null ? null : Encoding.UTF8.GetBytes(key), Value = WholeArray(payload) };
        if (headers.Count > 0) message.Headers = [];
        foreach (var (name, value) in headers) message.Headers.Add(name, value);
        _room.Wait(cancellation);
        while (true)
        {
            try
            {
                _producer.Produce(topic, message, onDelivery);
                Interlocked.Increment(ref _published);
                Interlocked.Add(ref _bytes, payload.Length);
                return;
            }
            catch (ProduceException<byte[]?, byte[]> e) when (e.Error.Code == ErrorCode.Local_QueueFull && !cancellation.IsCancellationRequested)
            {
                // The limit in bytes is the client's own: room comes with the next deliveries.
                cancellation.WaitHandle.WaitOne(s_fullWait);
            }
            catch (ProduceException<byte[]?, byte[]> e)
            {
                _room.Release();
                throw new TransferSourceException($"A transfer of {payload.Length:N0} bytes to {topic} cannot be sent: {e.Error.Reason}", e) { IsTooLarge = IsTooLarge(e.Error) };
            }
        }
    }

    private static bool IsTooLarge(Error error) => error.Code == ErrorCode.MsgSizeTooLarge;

    private void OnError(Error error, Action<string>? onTrouble)
    {
        if (error.IsFatal) Interlocked.CompareExchange(ref _firstError, error.Reason, null);
        else onTrouble?.Invoke(error.Reason);
    }

    private void OnDelivery(DeliveryReport<byte[]?, byte[]> report)
    {
        if (report.Error.IsError)
        {
            Interlocked.Increment(ref _failed);
            Interlocked.CompareExchange(ref _firstError, report.Error.Reason, null);
        }
        else
        {
            Interlocked.Increment(ref _delivered);
        }

        _room.Release();
    }

    /// <summary>The client takes an array and copies it; a memory that is one is not copied twice.</summary>
    private static byte[] WholeArray(ReadOnlyMemory<byte> payload) =>
        MemoryMarshal.TryGetArray(payload, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
            ? segment.Array
            : payload.ToArray();
}

/// <summary>What became of published transfers.</summary>
/// <param name="Published">Transfers handed to the client.</param>
/// <param name="Delivered">Transfers that all replicas have.</param>
/// <param name="Failed">Transfers given up.</param>
/// <param name="Bytes">Payload bytes published.</param>
/// <param name="FirstError">The first failure; null when there was none.</param>
public sealed record PublishReport(long Published, long Delivered, long Failed, long Bytes, string? FirstError)
{
    public long InFlight => Published - Delivered - Failed;
}
