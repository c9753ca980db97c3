using Confluent.Kafka;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Asks the brokers themselves, now and then and beside polling, where partitions end in which nothing has come for a while, and whether topics are still those that were assigned. Of ends the client
/// knows what its fetches bring: of a partition that it has forgotten, or cannot fetch, nothing, and that is the one which somebody should look at. And of a topic that is deleted and created anew
/// while it looks elsewhere it reads on, at an offset that means something else by now.
/// </summary>
internal sealed class BrokerWatch(IConsumer<Ignore, Ignore> consumer, Intake intake, KafkaOptions options, TimeProvider time) : IDisposable
{
    /// <summary>A question without an answer; the next one is asked at the next look.</summary>
    private static readonly TimeSpan s_answerMax = TimeSpan.FromSeconds(2);

    /// <summary>A look ends here, wherever it is; the next one begins behind.</summary>
    private static readonly TimeSpan s_lookMax = TimeSpan.FromSeconds(10);

    private static readonly Dictionary<string, string> s_none = [];
    private static readonly Task<IReadOnlyDictionary<string, string>> s_nothing = Task.FromResult<IReadOnlyDictionary<string, string>>(s_none);

    private readonly CancellationTokenSource _stop = new();
    private volatile Dictionary<TopicPartition, long> _ends = [];
    private Task<IReadOnlyDictionary<string, string>> _looking = s_nothing;
    private long _startedAt = time.GetTimestamp();
    private int _version;
    private int _first;

    /// <summary>The end of a partition as a broker last said; null when none was asked. From any thread.</summary>
    public long? EndOf(TopicPartition source) => _ends.TryGetValue(source, out var end) ? end : null;

    /// <summary>Starts the next look when it is due. Returns, once, what the last one has found: ids of topics, while the assignment is the one that it began with.</summary>
    /// <param name="version">Of the assignment.</param>
    public IReadOnlyDictionary<string, string> Tick(int version)
    {
        if (!_looking.IsCompleted) return s_none;
        var ids = version == _version ? _looking.GetAwaiter().GetResult() : s_none;
        _looking = s_nothing;
        if (time.GetElapsedTime(_startedAt) < options.AskInterval) return ids;
        (_startedAt, _version) = (time.GetTimestamp(), version);
        List<TopicPartition> quiet = [];
        HashSet<string> topics = new(StringComparer.Ordinal);
        foreach (var partition in intake.Partitions)
        {
            if (partition.IsHalted) continue;
            if (partition.Right.TopicId is not null) topics.Add(partition.Source.Topic);
            if (partition.AskedAt == partition.Builder.Next) quiet.Add(partition.Source);
            partition.AskedAt = partition.Builder.Next;
        }

        if (quiet.Count + topics.Count > 0) _looking = Task.Run(() => Look(quiet, [.. topics]));
        return ids;
    }

    /// <summary>Asks no more.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Waits for the last answer, a moment: the client must not be freed before.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        Task.WaitAny(_looking); // however it ends
        _stop.Dispose();
    }

    private IReadOnlyDictionary<string, string> Look(List<TopicPartition> quiet, List<string> topics)
    {
        if (quiet.Count > 0) _ends = Ends(quiet);
        return topics.Count > 0 && !_stop.IsCancellationRequested ? TopicIds.TryAsk(consumer, topics, s_answerMax) ?? s_none : s_none;
    }

    /// <summary>
    /// All are asked for together, in one request to each broker. One that does not answer hides what the others would say: then each is asked for by itself, as many as there is time for, and at the next look
    /// those behind them.
    /// </summary>
    private Dictionary<TopicPartition, long> Ends(List<TopicPartition> quiet)
    {
        var started = time.GetTimestamp();
        var ends = new Dictionary<TopicPartition, long>(_ends);
        var told = HeldOffsets.Ends(consumer, quiet, s_answerMax);
        foreach (var (source, end) in told) ends[source] = end;
        quiet.RemoveAll(told.ContainsKey);
        for (var i = 0; i < quiet.Count && !_stop.IsCancellationRequested && time.GetElapsedTime(started) < s_lookMax; i++)
        {
            var source = quiet[_first++ % quiet.Count];
            try
            {
                ends[source] = consumer.QueryWatermarkOffsets(source.ToClient(), s_answerMax).High.Value;
            }
            catch (KafkaException)
            {
                // Not known is a fine answer: that its broker does not answer shows at the fetches, too.
            }
        }

        _first = quiet.Count == 0 ? 0 : _first % quiet.Count;
        return ends;
    }
}
