using Ingest.Core;
using Ingest.Core.Flow.Replay;
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
        var letters = new DeadLetters(pool.Beside, topic, IdSource.System, TimeProvider.System);
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

    private static async Task SendAsync(TransferPublisher publisher, string topic, IReadOnlyList<DeadLetter> batch, CancellationToken cancellation)
    {
        var sends = batch.Select(letter => publisher.PublishAsync(topic, letter.Id, letter.Raw, letter.Headers, cancellation)).ToArray();
        foreach (var send in sends) await send.ConfigureAwait(false);
    }
}
