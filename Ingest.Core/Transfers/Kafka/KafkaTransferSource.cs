using System.Collections.Concurrent;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Transfers.Kafka;

/// <summary>
/// Transfers from Kafka. Where reading starts is the sink's answer to an assignment, never the group's offset; those are written for lag monitors only.
/// </summary>
public sealed class KafkaTransferSource : ITransferSource
{
    private static readonly TimeSpan s_endAge = TimeSpan.FromMilliseconds(100);
    private readonly KafkaOptions _options;
    private readonly IReadOnlyList<string> _topics;
    private readonly ByteBudget _budget;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly PollCommands _commands = new();
    private readonly ConcurrentDictionary<TopicPartition, KnownEnd> _ends = new();
    private PollLoop? _loop;
    private volatile IConsumer<Ignore, Ignore>? _consumer;
    private volatile BrokerWatch? _watch;
    private volatile SilentPartitions? _silent;
    private volatile TroubleLog? _troubles;
    private int _runs;

    /// <param name="topics">All topics to read; one that does not exist yet is read once it does.</param>
    /// <exception cref="ArgumentException">Options are out of range, or no topic is given; the message names all that is wrong.</exception>
    public KafkaTransferSource(KafkaOptions options, IReadOnlyList<string> topics, ByteBudget budget, TimeProvider time, ILogger log)
    {
        var errors = options.Validate();
        if (errors.Count > 0) throw new ArgumentException(string.Join(" ", errors), nameof(options));
        if (topics.Count == 0) throw new ArgumentException("No topic to read: no contract names one.", nameof(topics));
        _options = options;
        _topics = topics;
        _budget = budget;
        _time = time;
        _log = log;
    }

    /// <summary>Runs on a thread of its own, since the client's callbacks wait for answers where they stand.</summary>
    public Task RunAsync(ITransferSink sink, CancellationToken stop) =>
        Task.Factory.StartNew(() => Run(sink, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Nothing is held outside of <see cref="RunAsync"/>.</summary>
    public void Dispose()
    {
    }

    private void Run(ITransferSink sink, CancellationToken stop)
    {
        if (Interlocked.Increment(ref _runs) > 1) throw new InvalidOperationException("A source runs once.");
        using var intake = new Intake(sink, _budget, _options, _time);
        var silent = _silent = new SilentPartitions(_options, _time, _log, stop);
        var rebalance = new Rebalance(intake, sink, new TopicIds(_options, _log), silent, _log, stop);
        var news = new TopicNews();
        using var consumer = Build(rebalance, news);
        using var messages = new NativeMessages(consumer, intake);
        using var watch = _watch = new BrokerWatch(consumer, intake, _options, _time);
        var progress = rebalance.Progress = new ProgressReport(consumer, _commands, intake, _time, _log);
        var troubles = _troubles = new TroubleLog(_time, _log);
        var pauses = new Pauses(consumer, intake, troubles, _log);
        var stops = new LoudStops(consumer, intake, pauses, sink, _options, _log);
        _loop = new PollLoop(consumer, messages, intake, rebalance, _commands, progress, watch, news, stops, pauses, troubles, sink, _options, _time, _log);
        _consumer = consumer;
        try
        {
            consumer.Subscribe(_topics);
            _log.Subscribed(_topics.Count, _options.GroupId, _options.BootstrapServers);
            _loop.Run(stop);
        }
        catch (KafkaException e)
        {
            throw new TransferSourceException($"Reading from Kafka cannot go on: {e.Error.Reason} ({e.Error.Code}).", e);
        }
        finally
        {
            _consumer = null;
            watch.Stop();
            Leave(consumer);
        }

        if (!stop.IsCancellationRequested) rebalance.ThrowIfFailed();
    }

    /// <summary>Leaves the group in good order: the sink commits what is open while the partitions are still ours. After a fatal error the client refuses that, too, and the error is what is to be told.</summary>
    private void Leave(IConsumer<Ignore, Ignore> consumer)
    {
        try
        {
            consumer.Close();
        }
        catch (KafkaException e)
        {
            _log.NotLeft(e.Error.Reason);
        }
    }

    public void Rewind(CommitRight old, CommitRight next) => _commands.Rewind(old, next);

    public void Halt(CommitRight right) => _commands.Halt(right);

    public long? EndOf(TopicPartition source)
    {
        // Asked for every partition at every turn of the engine, where the client takes a microsecond: a moment's age does not matter.
        var now = _time.GetTimestamp();
        if (_ends.TryGetValue(source, out var known) && _time.GetElapsedTime(known.AskedAt, now) < s_endAge) return known.End;
        var end = Later(AskEnd(source), _watch?.EndOf(source));
        _ends[source] = new KnownEnd(now, end);
        return end;
    }

    public IReadOnlyCollection<TopicPartition> Unanswered => _silent?.All ?? [];

    public string? Trouble => _troubles?.Recent;

    public void ReportProgress(CommitRight right, long nextOffset) => _commands.ReportProgress(right, nextOffset);

    private static long? Later(long? one, long? other) => one is { } a && other is { } b ? Math.Max(a, b) : one ?? other;

    private long? AskEnd(TopicPartition source)
    {
        try
        {
            // From the client's cache, fed by every fetch; no request is sent.
            return _consumer?.GetWatermarkOffsets(source.ToClient()).High is { IsSpecial: false } high ? high.Value : null;
        }
        catch (Exception e) when (e is KafkaException or ObjectDisposedException)
        {
            return null; // closing, or nothing fetched yet: not known is a fine answer for a gauge
        }
    }

    /// <summary>Why the client does not take the options; null when it does. Nothing is read, and no group is joined.</summary>
    public static string? WhyRefused(KafkaOptions options)
    {
        try
        {
            using var consumer = Build(options, builder => builder.SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }));
            return null;
        }
        catch (TransferSourceException refused)
        {
            return refused.Message;
        }
    }

    private IConsumer<Ignore, Ignore> Build(Rebalance rebalance, TopicNews news) => Build(_options, builder => builder
        .SetPartitionsAssignedHandler(rebalance.Assigned)
        .SetPartitionsRevokedHandler((_, partitions) => rebalance.Revoked(partitions))
        .SetPartitionsLostHandler((_, partitions) => rebalance.Lost(partitions))
        .SetErrorHandler((_, error) => _loop?.OnError(error))
        .SetLogHandler((_, line) =>
        {
            news.Hear(line);

            // What only we have asked for is for nobody else.
            if (line.Level != SyslogLevel.Debug || _options.Properties.ContainsKey(KafkaClientConfig.Debug)) _log.Client(line.Facility, line.Message);
        }));

    private static IConsumer<Ignore, Ignore> Build(KafkaOptions options, Func<ConsumerBuilder<Ignore, Ignore>, ConsumerBuilder<Ignore, Ignore>> with)
    {
        try
        {
            return with(new ConsumerBuilder<Ignore, Ignore>(KafkaClientConfig.Consumer(options))).Build();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or KafkaException)
        {
            throw new TransferSourceException($"The Kafka client refuses its configuration: {e.Message.TrimEnd('.')}. Check Ingest:Kafka:Properties.", e);
        }
    }

    /// <summary>The end of a partition, and when the client was asked for it.</summary>
    private readonly record struct KnownEnd(long AskedAt, long? End);
}
