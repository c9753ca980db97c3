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
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_lastTry = TimeSpan.FromSeconds(5), s_lastReserve = TimeSpan.FromSeconds(3);
    private readonly ILogger _logger = loggers.CreateLogger("Ingest.DeadLetters");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var topic = options.Settings.Kafka.DeadLetterTopic;
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = options.Kafka.BootstrapServers, Properties = options.Kafka.Properties, Idempotent = !options.Kafka.Properties.ContainsKey("broker.version.fallback") });
        var letters = new DeadLetters(pool.Beside, topic, IdSource.System, TimeProvider.System);
        while (!stoppingToken.IsCancellationRequested)
        {
            // Workers wait for times of their own, so that seldom two send the same.
            var wait = s_interval + (s_interval * (IdSource.System.Next().ToByteArray()[0] / 255.0));
            await Task.WhenAny(Task.Delay(wait, TimeProvider.System, stoppingToken)).ConfigureAwait(false);
            var isLast = stoppingToken.IsCancellationRequested;
            using var last = new CancellationTokenSource(isLast ? clock.Left(s_lastTry, s_lastReserve) : Timeout.InfiniteTimeSpan, TimeProvider.System);
            await ForwardAsync(letters, publisher, topic, isLast ? last.Token : stoppingToken).ConfigureAwait(false);
        }
    }

    private async Task ForwardAsync(DeadLetters letters, TransferPublisher publisher, string topic, CancellationToken cancellation)
    {
        try
        {
            var sent = await letters.ForwardAsync((batch, token) => SendAsync(publisher, topic, batch, token), cancellation).ConfigureAwait(false);
            if (sent > 0) HostLog.DeadLettersSent(_logger, sent, topic);
        }
        catch (OperationCanceledException)
        {
            // Not noted as sent: the next worker sends it.
        }
        catch (Exception reason) when (Refusal.IsOne(reason))
        {
            HostLog.DeadLettersWait(_logger, topic, reason.Message);
        }
    }

    private static async Task SendAsync(TransferPublisher publisher, string topic, IReadOnlyList<DeadLetter> batch, CancellationToken cancellation)
    {
        var sends = batch.Select(letter => publisher.PublishAsync(topic, letter.Id, letter.Raw, letter.Headers, cancellation)).ToArray();
        foreach (var send in sends) await send.ConfigureAwait(false);
    }
}
