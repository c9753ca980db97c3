using Ingest.Core.Flow.Runtime;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Tests.EndToEnd;

/// <summary>An engine with its source, in this process.</summary>
internal sealed class EndToEndWorker(IngestEngine engine, ITransferSource source, RetryingStore store) : IDisposable
{
    public IngestEngine Engine => engine;

    public RetryingStore Store => store;

    public Task RunAsync(CancellationToken stop) => engine.RunAsync(source, stop);

    /// <summary>Waits for a condition of the engine, at most three minutes.</summary>
    public async Task UntilAsync(Func<Core.Flow.Telemetry.EngineStatus, bool> condition, Task running)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (!condition(engine.Status))
        {
            Assert.False(deadline.IsCancellationRequested, $"Not within three minutes: {engine.Status}");
            await Task.WhenAny(running, Task.Delay(20, CancellationToken.None));
            if (running.IsCompleted) await running;
        }
    }

    public void Dispose()
    {
        source.Dispose();
        engine.Dispose();
    }
}
