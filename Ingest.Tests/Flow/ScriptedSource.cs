using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Flow;

/// <summary>A source that does nothing by itself: the test calls the sink, in the order that it wants to see.</summary>
internal sealed class ScriptedSource : ITransferSource
{
    private readonly TaskCompletionSource<ITransferSink> _sink = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The engine, once it runs.</summary>
    public Task<ITransferSink> Sink => _sink.Task;

    /// <summary>What the engine asked for; a halt has no next right. Nothing of it is carried out.</summary>
    public ConcurrentQueue<(CommitRight Old, CommitRight? Next)> Moves { get; } = [];

    public ConcurrentDictionary<TopicPartition, long> Ends { get; } = [];

    /// <summary>What is done when the source is to end, as a client does when it leaves its group.</summary>
    public Func<ITransferSink, Task> AtEnd { get; set; } = _ => Task.CompletedTask;

    public async Task RunAsync(ITransferSink sink, CancellationToken stop)
    {
        _sink.SetResult(sink);
        await Task.WhenAny(Task.Delay(Timeout.Infinite, stop));
        await AtEnd(sink);
    }

    public void Rewind(CommitRight old, CommitRight next) => Moves.Enqueue((old, next));

    public void Halt(CommitRight right) => Moves.Enqueue((right, null));

    public long? EndOf(TopicPartition source) => Ends.TryGetValue(source, out var end) ? end : null;

    public void ReportProgress(CommitRight right, long nextOffset)
    {
    }

    public void Dispose()
    {
    }

    /// <summary>A chunk with a transfer an offset, from an offset on.</summary>
    public static TransferChunk Chunk(ByteBudget budget, CommitRight right, long from, params string[] payloads)
    {
        var bytes = payloads.Select(Encoding.UTF8.GetBytes).ToArray();
        Assert.True(budget.TryLease(bytes.Sum(b => b.Length), out var lease));
        var buffer = ArrayPool<byte>.Shared.Rent(bytes.Sum(b => b.Length));
        var transfers = ArrayPool<Transfer>.Shared.Rent(bytes.Length);
        for (int i = 0, at = 0; i < bytes.Length; at += bytes[i++].Length)
        {
            bytes[i].CopyTo(buffer, at);
            transfers[i] = new Transfer(from + i, 1_772_323_200_000, at, bytes[i].Length);
        }

        return new TransferChunk(right, new OffsetRange(from, from + bytes.Length), buffer, transfers, bytes.Length, lease);
    }
}
