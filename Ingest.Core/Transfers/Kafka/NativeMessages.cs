using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Takes messages from the client's queue as librdkafka has them, without the objects, strings and copies that the client makes of each: with small messages that is most
/// of what a message costs. Polling serves the client's callbacks just as <c>Consume</c> does, since it is the same call. Used by the poll thread only.
/// </summary>
/// <remarks>
/// A topic is known by the address of librdkafka's topic object. Objects of assigned partitions live as long as the assignment, so an address stands for one topic until
/// the next rebalance, at which all are forgotten (<see cref="Forget"/>). Benchmark: <c>compare</c>, workload single.
/// </remarks>
internal sealed unsafe partial class NativeMessages : IDisposable
{
    private const int NoError = 0, PartitionEnd = -191, Fatal = -150;

    private readonly Dictionary<(nint Topic, int Partition), PartitionState?> _partitions = [];
    private readonly Intake _intake;
    private readonly SafeHandle _client;
    private readonly bool _isReferenced;
    private nint _lastTopic;
    private int _lastNumber = -1;
    private PartitionState? _last;
    private Message* _message;

    static NativeMessages() => MockCluster.UseLibrary();

    /// <exception cref="InvalidOperationException">The client library is not the one that this was written for.</exception>
    public NativeMessages(IClient client, Intake intake)
    {
        _intake = intake;
        _client = NativeClient.HandleOf(client);
        _client.DangerousAddRef(ref _isReferenced);
    }

    /// <summary>Offset of the message taken last, or of the end that was reached.</summary>
    public long Offset => _message->Offset;

    /// <summary>It is no message but the end of its partition.</summary>
    public bool IsEnd => _message->Error == PartitionEnd;

    /// <summary>It is an error, which says so in <see cref="Error"/>.</summary>
    public bool IsError => _message->Error is not (NoError or PartitionEnd);

    /// <summary>Milliseconds since 1970 UTC; 0 when there is none, or one that is no date: producers say what they like, microseconds for one.</summary>
    public long PublishedAtMs => MessageTimestamp(_message, out _) is > 0 and <= Transfer.PublishedAtMsMax and var at ? at : 0;

    /// <summary>Its value, valid until it is given back.</summary>
    public ReadOnlySpan<byte> Payload => new(_message->Payload, checked((int)_message->Length));

    /// <summary>Takes the next message, end or error; false when none came. What was taken must be given back by <see cref="Return"/>.</summary>
    public bool TryTake(TimeSpan wait)
    {
        _message = ConsumerPoll(_client.DangerousGetHandle(), (int)wait.TotalMilliseconds);
        return _message != null;
    }

    public void Return()
    {
        MessageDestroy(_message);
        _message = null;
    }

    /// <summary>The assigned partition that it is of; null when it is of none.</summary>
    public PartitionState? Partition()
    {
        var (topic, number) = (_message->Topic, _message->Partition);
        if (topic == _lastTopic && number == _lastNumber) return _last;
        if (topic == 0) return null;
        if (!_partitions.TryGetValue((topic, number), out var partition))
        {
            partition = _intake.Find(Marshal.PtrToStringUTF8(TopicName(topic))!, number);
            _partitions.Add((topic, number), partition);
        }

        (_lastTopic, _lastNumber, _last) = (topic, number, partition);
        return partition;
    }

    public Error Error()
    {
        var code = _message->Error;
        if (code != Fatal) return new Error((ErrorCode)code, Marshal.PtrToStringUTF8(MessageErrorText(_message)));
        const int TextMax = 512;
        var text = stackalloc byte[TextMax];
        code = FatalError(_client.DangerousGetHandle(), text, TextMax);
        return new Error((ErrorCode)code, Marshal.PtrToStringUTF8((nint)text), isFatal: true);
    }

    /// <summary>Partitions have come or gone: an address may stand for another topic from now on.</summary>
    public void Forget()
    {
        _partitions.Clear();
        (_lastTopic, _lastNumber, _last) = (0, -1, null);
    }

    public void Dispose()
    {
        if (_isReferenced) _client.DangerousRelease();
    }

    [LibraryImport(MockCluster.Library, EntryPoint = "rd_kafka_consumer_poll")]
    private static partial Message* ConsumerPoll(nint client, int milliseconds);

    [LibraryImport(MockCluster.Library, EntryPoint = "rd_kafka_message_destroy")]
    private static partial void MessageDestroy(Message* message);

    [LibraryImport(MockCluster.Library, EntryPoint = "rd_kafka_message_timestamp")]
    [SuppressGCTransition]
    private static partial long MessageTimestamp(Message* message, out int type);

    [LibraryImport(MockCluster.Library, EntryPoint = "rd_kafka_message_errstr")]
    private static partial nint MessageErrorText(Message* message);

    [LibraryImport(MockCluster.Library, EntryPoint = "rd_kafka_topic_name")]
    private static partial nint TopicName(nint topic);

    [LibraryImport(MockCluster.Library, EntryPoint = "rd_kafka_fatal_error")]
    private static partial int FatalError(nint client, byte* text, nuint size);

    /// <summary>rd_kafka_message_t (rdkafka.h), up to what we read.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public int Error;
        public nint Topic;
        public int Partition;
        public void* Payload;
        public nuint Length;
        public void* Key;
        public nuint KeyLength;
        public long Offset;
    }
}
