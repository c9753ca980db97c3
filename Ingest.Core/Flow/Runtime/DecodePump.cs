using System.Threading.Channels;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// Decoding, normalizing and fingerprinting on every core. Chunks come in by <see cref="TryStart"/> and are finished in any order;
/// their tickets keep the order. The queue is short: the byte budget is the real queue, this only couples the threads.
/// </summary>
internal sealed class DecodePump : IAsyncDisposable
{
    private readonly Channel<Ticket> _work;
    private readonly Task[] _workers;
    private readonly Catalog _catalog;
    private readonly DecodeLimits _limits;
    private readonly NormalizedChunkPool _pool;
    private readonly Signal _done;
    private readonly long _decodedBytesMax;
    private readonly Lock _heavy = new();
    private TaskCompletionSource _leaving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _decodedBytes;
    private long _left;
    private volatile bool _isEnding;

    /// <param name="decodedBytesMax">What may be decoded and wait to be taken, beside the chunk that is the next to be taken.</param>
    public DecodePump(Catalog catalog, DecodeLimits limits, NormalizedChunkPool pool, long decodedBytesMax, int workers, Signal done, TaskScheduler scheduler)
    {
        _catalog = catalog;
        _limits = limits;
        _pool = pool;
        _done = done;
        _decodedBytesMax = decodedBytesMax;
        _work = Channel.CreateBounded<Ticket>(new BoundedChannelOptions(QueueMax) { SingleWriter = true });
        _workers = [.. Enumerable.Range(0, workers).Select(_ =>
            Task.Factory.StartNew(WorkAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap())];
    }

    /// <summary>Chunks handed over and not yet taken by a worker. Larger: more memory between intake and batches; smaller: workers idle while intake sleeps.</summary>
    public const int QueueMax = 16;

    /// <summary>What may be decoded and not taken yet: an eighth of the budget, and as much as a line of usual chunks becomes in any case.</summary>
    public static long DecodedBytesMax(long budgetBytes) => Math.Max(48L << 20, budgetBytes / 8);

    /// <summary>False when the queue is full.</summary>
    public bool TryStart(Ticket ticket) => _work.Writer.TryWrite(ticket);

    /// <summary>A ticket's rows were taken, or nobody wants them: those behind it may go on.</summary>
    public void Left(Ticket ticket)
    {
        Interlocked.Add(ref _decodedBytes, -ticket.DecodedBytes);
        Interlocked.Increment(ref _left);
        WakeWaiting();
    }

    public async ValueTask DisposeAsync()
    {
        _isEnding = true;
        WakeWaiting();
        _work.Writer.TryComplete();
        await Task.WhenAll(_workers);
    }

    private async Task WorkAsync()
    {
        var stages = new Dictionary<string, Stage>(StringComparer.Ordinal);
        var shapes = new Dictionary<string, Shape>(StringComparer.Ordinal);
        var turn = new HeavyTurn(_heavy);
        while (await _work.Reader.WaitToReadAsync())
        {
            // Several workers wait for the same ticket; one gets it.
            if (!_work.Reader.TryRead(out var ticket)) continue;
            await RoomAsync(ticket);
            if (_isEnding) continue; // Nobody takes it any more.
            try
            {
                var topic = _catalog.Topics[ticket.Chunk.Source.Topic];
                if (!stages.TryGetValue(topic.Topic, out var stage)) stages.Add(topic.Topic, stage = new Stage(topic, _limits, ShapeOf(topic, shapes, turn)));
                var normalized = stage.Run(ticket.Chunk, _pool);
                Interlocked.Add(ref _decodedBytes, normalized.ResidentBytes);
                ticket.Complete(normalized);
            }
#pragma warning disable CA1031 // Bad input is a value here; what is thrown is a bug, and it is the control loop that must stop for it.
            catch (Exception bug)
#pragma warning restore CA1031
            {
                ticket.Fail(bug);
            }
            finally
            {
                turn.End();
            }

            _done.Set();
        }
    }

    /// <summary>
    /// Waits while what is decoded and not taken yet weighs too much: a megabyte of short records may become a hundred. The first in line never waits, since all behind it wait for it.
    /// </summary>
    private async ValueTask RoomAsync(Ticket ticket)
    {
        while (true)
        {
            var leaving = Volatile.Read(ref _leaving).Task;
            if (Interlocked.Read(ref _decodedBytes) <= _decodedBytesMax || Interlocked.Read(ref _left) >= ticket.Number || _isEnding) return;
            await leaving;
        }
    }

    private void WakeWaiting() => Interlocked.Exchange(ref _leaving, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    private static Shape ShapeOf(TopicPlan topic, Dictionary<string, Shape> shapes, HeavyTurn turn)
    {
        var name = NormalizedChunkPool.ShapeOf(topic);
        if (!shapes.TryGetValue(name, out var shape)) shapes.Add(name, shape = new Shape(name, topic, turn));
        return shape;
    }

    /// <summary>What one worker needs for topics with the same datasets, whose buffers grow to the size of a chunk: 59 departments must not have 59 of each.</summary>
    private sealed class Shape(string name, TopicPlan topic, HeavyTurn turn)
    {
        public string Name => name;

        public HeavyTurn Turn => turn;

        public DecodedChunk Decoded { get; } = new(topic) { Room = { Turn = turn } };

        public ChunkNormalizer Normalizer { get; } = new(topic);

        public Fingerprinter[] Fingerprinters { get; } = [.. topic.Datasets.Select(d => new Fingerprinter(d.Plan))];
    }

    /// <summary>What one worker needs for one topic: its decoder learns the order of the sender's fields.</summary>
    private sealed class Stage(TopicPlan topic, DecodeLimits limits, Shape shape)
    {
        private readonly ChunkDecoder _decoder = new(topic, limits);

        public NormalizedChunk Run(Transfers.TransferChunk chunk, NormalizedChunkPool pool)
        {
            var normalized = pool.Rent(topic, shape.Name);
            var decoded = shape.Decoded;
            decoded.Topic = topic;
            shape.Turn.Lease = chunk.Lease;
            _decoder.Decode(chunk, decoded);
            shape.Normalizer.Normalize(decoded, normalized);
            for (var i = 0; i < shape.Fingerprinters.Length; i++) shape.Fingerprinters[i].Fingerprint(normalized.Datasets[i], topic.Department);
            decoded.Trim();
            chunk.Lease.Resize(chunk.ResidentBytes + normalized.ResidentBytes);
            return normalized;
        }
    }
}
