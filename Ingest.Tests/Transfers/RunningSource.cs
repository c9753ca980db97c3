using Ingest.Core.Transfers;
using Ingest.Core.Transfers.Kafka;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Tests.Transfers;

/// <summary>A Kafka source on its thread, with a sink, until disposed.</summary>
internal sealed class RunningSource : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;

    public RunningSource(KafkaOptions options, IReadOnlyList<string> topics, RecordingSink sink, ByteBudget? budget = null)
    {
        Sink = sink;
        Budget = budget ?? new ByteBudget(64 << 20);
        Source = new KafkaTransferSource(options, topics, Budget, TimeProvider.System, NullLogger.Instance);
        _thread = new Thread(() => Failure = Record.Exception(() => Source.RunAsync(sink, _stop.Token).GetAwaiter().GetResult())) { IsBackground = true };
        _thread.Start();
    }

    public RecordingSink Sink { get; }

    public ByteBudget Budget { get; }

    public KafkaTransferSource Source { get; }

    public Exception? Failure { get; private set; }

    public void Stop()
    {
        _stop.Cancel();
        Assert.True(_thread.Join(TimeSpan.FromMinutes(2)), "the poll thread does not end");
    }

    /// <summary>Waits until something holds; fails when it does not within two minutes.</summary>
    public async Task Until(Func<bool> condition)
    {
        for (var i = 0; i < 12_000 && !condition() && Failure is null; i++) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        Assert.True(condition(), $"after two minutes: {Sink.Count} transfers, doubled {Sink.Doubled}, events {string.Join(", ", Sink.Events)}, fault {Sink.Fault}, failure {Failure}");
    }

    public void Dispose()
    {
        Stop();
        Sink.ReleaseKept();
        _stop.Dispose();
        Assert.Null(Failure);
        Assert.Equal(0, Budget.UsedBytes);
        Assert.Equal(0, Sink.Doubled);
    }
}
