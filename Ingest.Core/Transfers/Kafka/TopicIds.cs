using System.Buffers.Binary;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Asks the brokers for the ids of topics: one that was deleted and created anew has another. Brokers before 2.8 have none, and neither has the embedded one: its controller, which librdkafka
/// asks, is no broker of its.
/// </summary>
internal sealed class TopicIds(KafkaOptions options, ILogger log)
{
    private const int AttemptsMax = 3;
    private static readonly Dictionary<string, string> s_none = [];

    /// <summary>Ids as Kafka's own tools print them, of the topics that have one. Where brokers have ids and do not say them in time, that is logged, and offsets alone are checked this time.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled meanwhile.</exception>
    public IReadOnlyDictionary<string, string> Ask(IConsumer<Ignore, Ignore> consumer, IReadOnlyList<string> topics, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return AskOnce(consumer, topics, options.BoundsTimeout, stop);
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

    /// <summary>The same, asked once and without a word when there is no answer: null then.</summary>
    /// <param name="wait">For each of up to three questions.</param>
    public static IReadOnlyDictionary<string, string>? TryAsk(IConsumer<Ignore, Ignore> consumer, IReadOnlyList<string> topics, TimeSpan wait)
    {
        try
        {
            return AskOnce(consumer, topics, wait, CancellationToken.None);
        }
        catch (KafkaException)
        {
            return null;
        }
    }

    private static Dictionary<string, string> AskOnce(IConsumer<Ignore, Ignore> consumer, IReadOnlyList<string> topics, TimeSpan wait, CancellationToken stop)
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        try
        {
            var controller = NativeClient.ControllerOf(consumer, wait);
            stop.ThrowIfCancellationRequested();
            if (controller < 0 || admin.GetMetadata(topics[0], wait).Brokers.All(b => b.BrokerId != controller)) return s_none;
            stop.ThrowIfCancellationRequested();
            return Describe(admin, topics, wait);
        }
        catch (KafkaException e) when (e.Error.Code is ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion)
        {
            return s_none;
        }
    }

    private static Dictionary<string, string> Describe(IAdminClient admin, IReadOnlyList<string> topics, TimeSpan wait)
    {
        List<TopicDescription> described;
        try
        {
            described = admin.DescribeTopicsAsync(TopicCollection.OfTopicNames(topics), new DescribeTopicsOptions { RequestTimeout = wait }).GetAwaiter().GetResult().TopicDescriptions;
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
        return UrlSafe(Convert.ToBase64String(bytes));
    }

    /// <summary>As Kafka's own tools print an id.</summary>
    internal static string UrlSafe(string base64) => base64.TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
