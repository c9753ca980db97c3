using Ingest.Core;
using Ingest.Core.Flow.Replay;
using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;
using Ingest.Worker.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Hosting;

/// <summary>Sends refused records on to the dead-letter topic. It never holds up the pool: what cannot be sent now is sent later.</summary>
internal sealed class DeadLetterService(WorkerOptions options, PoolStore pool, StopClock clock, ILoggerFactory loggers) : BackgroundService
{
    private static readonly TimeSpan s_lastTry = TimeSpan.FromSeconds(5), s_lastReserve = TimeSpan.FromSeconds(3);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var topic = options.Settings.Kafka.DeadLetterTopic;
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = options.Kafka.BootstrapServers, Properties = options.Kafka.Properties, Idempotent = !options.Kafka.Properties.ContainsKey("broker.version.fallback") });
        using var letters = new DeadLetters(pool.Beside, topic, IdSource.System, TimeProvider.System, options.Engine.CacheFolder);
        using var post = new DeadLetterPost(letters, topic, (batch, token) => SendAsync(publisher, topic, batch, token), TimeProvider.System, loggers.CreateLogger("Ingest.DeadLetters"));
        post.Meter();
        while (!stoppingToken.IsCancellationRequested)
        {
            // Workers wait for times of their own, so that seldom two send the same.
            var wait = DeadLetterPost.Interval * (1 + (IdSource.System.Next().ToByteArray()[0] / 255.0));
            await Task.WhenAny(Task.Delay(wait, TimeProvider.System, stoppingToken)).ConfigureAwait(false);
            var isLast = stoppingToken.IsCancellationRequested;
            using var last = new CancellationTokenSource(isLast ? clock.Left(s_lastTry, s_lastReserve) : Timeout.InfiniteTimeSpan, TimeProvider.System);
            await post.TryAsync(isLast, isLast ? last.Token : stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>Returns when all of the letters are acknowledged. What the topic refuses for its size goes without its bytes, or it would hold up all behind it for ever.</summary>
    internal static async Task SendAsync(TransferPublisher publisher, string topic, IReadOnlyList<DeadLetter> batch, CancellationToken cancellation)
    {
        var sends = batch.Select(letter => PublishAsync(publisher, topic, letter, cancellation)).ToArray();
        var areSent = await Task.WhenAll(sends).ConfigureAwait(false);

        // A broker refuses all that came in one request with a letter too large: alone each shows what it is.
        foreach (var letter in batch.Where((_, i) => !areSent[i]))
        {
            if (await PublishAsync(publisher, topic, letter, cancellation).ConfigureAwait(false)) continue;
            var small = letter.WithoutBytes();
            await publisher.PublishAsync(topic, small.Id, small.Raw, small.Headers, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>False when the topic refuses it for its size.</summary>
    private static async Task<bool> PublishAsync(TransferPublisher publisher, string topic, DeadLetter letter, CancellationToken cancellation)
    {
        try
        {
            await publisher.PublishAsync(topic, letter.Id, letter.Raw, letter.Headers, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (TransferSourceException refusal) when (refusal.IsTooLarge)
        {
            return false;
        }
    }
}
