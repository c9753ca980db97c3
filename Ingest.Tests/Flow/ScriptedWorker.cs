using Ingest.Core;
using Ingest.Core.Batching;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Tests.EndToEnd;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Flow;

/// <summary>The real engine on a store in memory and a clock of the test's, told by the test what its source would tell it.</summary>
internal sealed class ScriptedWorker : IAsyncDisposable
{
    public static readonly TopicPartition First = new(City.Topic, 0), Second = new(City.Topic, 1);

    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-scripted-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly IngestEngine _engine;

    /// <param name="wrap">Around the store; for faults.</param>
    public ScriptedWorker(Func<IObjectStore, IObjectStore>? wrap = null, Func<EngineOptions, EngineOptions>? with = null, params string[] contracts)
    {
        var options = new EngineOptions
        {
            CacheFolder = _folder,
            BudgetBytes = 64 << 20,
            DecodeWorkers = 1,
            Batching = new BatchingOptions { FlushAfter = TimeSpan.FromHours(1) },
            IdleFlushAfter = TimeSpan.FromHours(2),
            Housekeeping = new HousekeepingOptions { Enabled = false },
        };
        var services = new EngineServices { Pool = wrap is null ? Store : wrap(Store), Time = Time, Logger = Logger };
        _engine = new IngestEngine(with is null ? options : with(options), City.Load(contracts.Length > 0 ? contracts : [City.Contract]), services);
        Running = Task.Run(() => _engine.RunAsync(Source, _stop.Token));
    }

    public MemoryStore Store { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public RecordingLogger Logger { get; } = new();

    public ScriptedSource Source { get; } = new();

    public Task Running { get; }

    public EngineStatus Status => _engine.Status;

    public ByteBudget Budget => _engine.Budget;

    /// <summary>Another worker commits offsets of a partition, without records, up to an offset.</summary>
    public async Task RivalAsync(TopicPartition source, long from, long to, string? topicId = null)
    {
        var table = await DeltaTable.OpenAsync(new PrefixedStore(Store, "payments"), "payments", IdSource.System, Time, CancellationToken.None);
        var account = new RangeAccount { Right = new CommitRight(source, from, topicId), Department = "housing", Range = new OffsetRange(from, to), Records = 0, Written = 0, Duplicates = 0, Quarantined = 0, PublishedUntilMs = 0 };
        var request = new CommitRequest { TransactionId = IdSource.System.Next(), Files = [], Ranges = [account], Run = null, DeduplicatedAt = table!.Current.Version, ContractHash = "" };
        Assert.IsType<CommitOutcome.Committed>(await table.CommitAsync(request, s => AppId.For("kafka", s), CancellationToken.None));
    }

    /// <summary>Assigns both partitions, of ten offsets each.</summary>
    public async Task<IReadOnlyList<CommitRight?>> AssignAsync(long start = 0, string? topicId = null)
    {
        var sink = await WithTime(Source.Sink);
        await WithTime(sink.AssigningAsync());
        return await WithTime(sink.AssignedAsync([new PartitionBounds(First, start, 10, topicId), new PartitionBounds(Second, start, 10, topicId)]));
    }

    public async Task OfferAsync(CommitRight right, long from, params string[] payloads)
    {
        var sink = await Source.Sink;
        Assert.True(sink.TryAccept(ScriptedSource.Chunk(Budget, right, from, payloads)));
    }

    /// <summary>Lets time pass, and gives the threads of the engine some, until something holds.</summary>
    public async Task UntilAsync(Func<EngineStatus, bool> condition, TimeSpan? step = null)
    {
        for (var i = 0; i < 3_000 && !condition(Status); i++) await PassAsync(step ?? TimeSpan.FromMilliseconds(250));
        Assert.True(condition(Status), $"{Status}\n{string.Join('\n', Logger.Lines)}");
    }

    public void Stop() => _stop.Cancel();

    /// <summary>Waits for the engine's end.</summary>
    public Task EndAsync() => WithTime(Running);

    public async Task WithTime(Task task)
    {
        for (var i = 0; i < 3_000 && !task.IsCompleted && (task == Running || !Running.IsCompleted); i++) await PassAsync(TimeSpan.FromMilliseconds(250));
        if (!task.IsCompleted && Running.IsCompleted) await Running;
        Assert.True(task.IsCompleted, $"It does not end: {Status}\n{string.Join('\n', Logger.Lines)}");
        await task;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAny(Running, Task.Delay(TimeSpan.FromSeconds(10), TimeProvider.System));
        _engine.Dispose();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public async Task<T> WithTime<T>(Task<T> task)
    {
        await WithTime((Task)task);
        return await task;
    }

    private async Task PassAsync(TimeSpan time)
    {
        Time.Advance(time);
        await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
    }
}
