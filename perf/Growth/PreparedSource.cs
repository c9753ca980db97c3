using System.Buffers;
using System.Diagnostics;
using System.Text;
using Ingest.Core.Transfers;

namespace Ingest.Perf.Growth;

/// <summary>Chunks made before the clock starts, handed on as fast as the engine takes them: what is measured is the engine, not a broker.</summary>
internal sealed class PreparedSource : ITransferSource
{
    private const int ChunkBytes = 1 << 20;

    private readonly List<(int Department, long From, byte[] Bytes, int[] Ends)> _chunks = [];
    private readonly long[] _ends;
    private readonly ByteBudget _budget;

    public PreparedSource(GrowthCase shape, ByteBudget budget)
    {
        _budget = budget;
        _ends = new long[shape.Departments];
        var text = new StringBuilder();
        var records = new long[shape.Departments];
        for (var left = shape.Records; left > 0;)
        {
            for (var d = 0; d < shape.Departments && left > 0; d++)
            {
                text.Clear();
                var ends = new List<int>();
                while (text.Length < ChunkBytes && left > 0)
                {
                    shape.WriteTransfer(d, records[d], text);
                    ends.Add(text.Length);
                    records[d] += GrowthCase.RecordsPerTransfer;
                    left -= GrowthCase.RecordsPerTransfer;
                }

                _chunks.Add((d, _ends[d], Encoding.ASCII.GetBytes(text.ToString()), [.. ends]));
                _ends[d] += ends.Count;
            }
        }
    }

    /// <summary>When partitions were assigned and the first chunk could be read.</summary>
    public long FirstChunkAt { get; private set; }

    public async Task RunAsync(ITransferSink sink, CancellationToken stop)
    {
        var bounds = _ends.Select((end, d) => new PartitionBounds(new TopicPartition(GrowthCase.Topic(d), 0), 0, end)).ToArray();
        await sink.AssigningAsync().ConfigureAwait(false);
        var rights = await sink.AssignedAsync(bounds).ConfigureAwait(false);
        FirstChunkAt = Stopwatch.GetTimestamp();
        foreach (var (department, from, bytes, ends) in _chunks)
        {
            var right = rights[department] ?? throw new InvalidOperationException("A fresh table halts no partition.");
            ByteLease? lease = null;
            while (!sink.WantsTransfers || !_budget.TryLease(bytes.Length, out lease)) await Task.Delay(1, stop).ConfigureAwait(false);
            var chunk = Chunk(right, from, bytes, ends, lease!);
            while (!sink.TryAccept(chunk)) await Task.Delay(1, stop).ConfigureAwait(false);
        }

        for (var d = 0; d < _ends.Length; d++) sink.EndReached(rights[d]!, _ends[d]);
        await Task.Delay(Timeout.Infinite, stop).ContinueWith(static _ => { }, TaskScheduler.Default).ConfigureAwait(false);
        await sink.RevokedAsync([.. rights.Select(r => r!)]).ConfigureAwait(false);
    }

    public void Rewind(CommitRight old, CommitRight next) => throw new InvalidOperationException("Nothing is to be read twice here.");

    public void Halt(CommitRight right) => throw new InvalidOperationException($"{right.Source} was halted.");

    public long? EndOf(TopicPartition source) => null;

    public void ReportProgress(CommitRight right, long nextOffset)
    {
    }

    public void Dispose()
    {
    }

    private static TransferChunk Chunk(CommitRight right, long from, byte[] bytes, int[] ends, ByteLease lease)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(buffer, 0);
        var transfers = ArrayPool<Transfer>.Shared.Rent(ends.Length);
        for (var i = 0; i < ends.Length; i++)
        {
            var start = i == 0 ? 0 : ends[i - 1];
            transfers[i] = new Transfer(from + i, 1_767_225_600_000, start, ends[i] - start);
        }

        return new TransferChunk(right, new OffsetRange(from, from + ends.Length), buffer, transfers, ends.Length, lease);
    }
}
