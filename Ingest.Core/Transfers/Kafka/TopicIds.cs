using System.Buffers.Binary;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Asks the brokers for the ids of topics: one that was deleted and created anew has another. Brokers before 2.8 have none, and neither has the embedded one: its controller, which librdkafka
/// asks, is no broker of its. Used by the poll thread.
/// </summary>
internal sealed class TopicIds(KafkaOptions options, ILogger log)
{
    private const int AttemptsMax = 3;
    private static readonly Dictionary<string, string> s_none = [];

    /// <summary>Ids as Kafka's own tools print them, of the topics that have one. Where brokers have ids and do not say them in time, that is logged, and offsets alone are checked this time.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled meanwhile.</exception>
    public IReadOnlyDictionary<string, string> Ask(IConsumer<Ignore, Ignore> consumer, IReadOnlyList<string> topics, CancellationToken stop)
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var controller = NativeClient.ControllerOf(consumer, options.BoundsTimeout);
                if (controller < 0 || admin.GetMetadata(topics[0], options.BoundsTimeout).Brokers.All(b => b.BrokerId != controller)) return s_none;
                return Describe(admin, topics);
            }
            catch (KafkaException e) when (e.Error.Code is ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion)
            {
                return s_none;
            }
            catch (KafkaException e)
            {
                stop.ThrowIfCancellationRequested();
                log.TopicIdsUnknown(e.Error.Reason, attempt, AttemptsMax);
                if (attempt == AttemptsMax) return s_none;
                stop.WaitHandle.WaitOne(options.PollTimeout);
            }
        }
    }

    private Dictionary<string, string> Describe(IAdminClient admin, IReadOnlyList<string> topics)
    {
        List<TopicDescription> described;
        try
        {
            described = admin.DescribeTopicsAsync(TopicCollection.OfTopicNames(topics), new DescribeTopicsOptions { RequestTimeout = options.BoundsTimeout }).GetAwaiter().GetResult().TopicDescriptions;
        }
        catch (DescribeTopicsException some)
        {
            // Of some of them: a topic that is just being deleted. Its partitions go when the group hears of it.
            described = some.Results.TopicDescriptions;
        }

        return described.Where(t => !t.Error.IsError && t.TopicId is { } id && (id.MostSignificantBits | id.LeastSignificantBits) != 0)
            .ToDictionary(t => t.Name, t => Text(t.TopicId), StringComparer.Ordinal);
    }

    private static string Text(Uuid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, id.MostSignificantBits);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], id.LeastSignificantBits);
        return Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }
}
