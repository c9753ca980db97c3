using System.Buffers;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>One worker's consumer: what it holds, and the loop that polls, offers chunks, and tells the engine what became of its partitions.</summary>
internal sealed class Member(World world, Process process, Broker broker, ByteBudget budget, TimeSpan pollMax) : ITransferSource
{
    private readonly Dictionary<TopicPartition, Held> _held = [];
    private readonly Queue<(CommitRight Old, CommitRight? Next)> _moves = [];

    public Process Process => process;

    /// <summary>Progress that was reported to the group: when, and up to where.</summary>
    public List<(TimeSpan At, TopicPartition Source, long Next)> Reports { get; } = [];

    /// <summary>Partitions that it has and has not given up or lost.</summary>
    public int HeldCount => _held.Count;

    public bool Holds(TopicPartition partition) => _held.ContainsKey(partition);

    /// <summary>All that the partition has now is committed, or it had nothing new when it was assigned. Not when more is committed than it has: a topic created anew must stop its partition.</summary>
    public bool IsCaughtUp(TopicPartition partition) =>
        _held.TryGetValue(partition, out var held) && held.Right is not null && Math.Max(held.Committed, held.Right.StartOffset) == broker.End(partition);

    public bool IsHalted(TopicPartition partition) => _held.TryGetValue(partition, out var held) && held.IsHalted;

    public string Describe() => string.Join(", ", _held.Select(h => $"{h.Key}: next {h.Value.Next}, committed {h.Value.Committed}{(h.Value.IsHalted ? ", halted" : "")}"));

    public async Task RunAsync(ITransferSink sink, CancellationToken stop)
    {
        broker.Group.Join(this);
        while (!stop.IsCancellationRequested)
        {
            await RebalanceAsync(sink);
            CarryOutMoves();
            for (var i = world.Random.Next(4); i > 0; i--) Offer(sink);
            await Task.Delay(world.Between(TimeSpan.FromMilliseconds(1), pollMax), process.Clock, CancellationToken.None);
        }

        await GiveUpAsync(sink, [.. _held.Keys]);
        broker.Group.Leave(this);
    }

    public void Rewind(CommitRight old, CommitRight next) => _moves.Enqueue((old, next));

    public void Halt(CommitRight right) => _moves.Enqueue((right, null));

    public long? EndOf(TopicPartition source) => _held.ContainsKey(source) ? broker.End(source) : null;

    public void ReportProgress(CommitRight right, long nextOffset)
    {
        Reports.Add((world.Now, right.Source, nextOffset));
        if (_held.TryGetValue(right.Source, out var held) && ReferenceEquals(held.Right, right)) held.Committed = nextOffset;
    }

    public void Dispose()
    {
    }

    private async Task RebalanceAsync(ITransferSink sink)
    {
        if (!broker.Group.IsMember(this))
        {
            await LoseAsync(sink);
            broker.Group.Join(this);
        }

        var leaving = broker.Group.ToGiveUp(this);
        if (leaving.Count > 0) await GiveUpAsync(sink, leaving);
        var coming = broker.Group.IsMember(this) ? broker.Group.ToTake(this) : [];
        if (coming.Count == 0) return;
        broker.Group.Took(this, coming);
        await sink.AssigningAsync();
        var rights = await sink.AssignedAsync([.. coming.Select(p => new PartitionBounds(p, broker.Start(p), broker.End(p)))]);
        for (var i = 0; i < coming.Count; i++) _held[coming[i]] = new Held { Right = rights[i], Next = rights[i]?.StartOffset ?? 0, IsHalted = rights[i] is null };
    }

    private async Task GiveUpAsync(ITransferSink sink, IReadOnlyList<TopicPartition> leaving)
    {
        foreach (var partition in leaving) Discard(partition);
        var rights = RightsOf(leaving);
        if (rights.Count > 0) await sink.RevokedAsync(rights);
        foreach (var right in rights) right.Revoke();
        foreach (var partition in leaving) _held.Remove(partition);
        broker.Group.GaveUp(this, leaving);
    }

    private async Task LoseAsync(ITransferSink sink)
    {
        var all = _held.Keys.ToArray();
        foreach (var partition in all) Discard(partition);
        var rights = RightsOf(all);
        if (rights.Count > 0) await sink.LostAsync(rights);
        _held.Clear();
    }

    /// <summary>Of all that were assigned; those that were halted at that have one that nothing was read under.</summary>
    private List<CommitRight> RightsOf(IEnumerable<TopicPartition> partitions) => [.. partitions.Where(_held.ContainsKey).Select(p => _held[p].Right ?? new CommitRight(p, 0))];

    private void CarryOutMoves()
    {
        while (_moves.TryDequeue(out var move))
        {
            if (!_held.TryGetValue(move.Old.Source, out var held) || !ReferenceEquals(held.Right, move.Old)) continue;
            Discard(move.Old.Source);
            if (move.Next is { } next) (held.Right, held.Next, held.Committed, held.EndSaid) = (next, next.StartOffset, 0, null);
            else held.IsHalted = true;
        }
    }

    private void Offer(ITransferSink sink)
    {
        if (!sink.WantsTransfers || _held.Count == 0) return;
        var (partition, held) = _held.ElementAt(world.Random.Next(_held.Count));
        if (held.IsHalted || held.Right is null) return;
        if (held.Next < broker.Start(partition) || held.Next > broker.End(partition))
        {
            held.IsHalted = true;
            var why = $"{partition}: offset {held.Next} is not in the log.";
            sink.Faulted(held.Right, held.Next, new PartitionBounds(partition, broker.Start(partition), broker.End(partition)), why);
            return;
        }

        held.Waiting ??= Fetch(partition, held);
        if (held.Waiting is null)
        {
            // Once, as a client does: a worker that waits for the store for minutes must not find thousands of them.
            if (held.Next == broker.End(partition) && held.EndSaid != held.Next) sink.EndReached(held.Right, (held.EndSaid = held.Next).Value);
            return;
        }

        if (!sink.TryAccept(held.Waiting)) return;
        (held.Next, held.EndSaid) = (held.Waiting.Range.To, null);
        held.Waiting = null;
    }

    private TransferChunk? Fetch(TopicPartition partition, Held held)
    {
        var count = (int)Math.Min(world.Random.Next(1, 6), broker.End(partition) - held.Next);
        if (count == 0) return null;
        var messages = Enumerable.Range(0, count).Select(i => (Offset: held.Next + i, Message: broker.At(partition, held.Next + i))).Where(m => m.Message.Payload is not null).ToArray();
        var bytes = messages.Sum(m => m.Message.Payload!.Length);
        if (!budget.TryLease(bytes, out var lease)) return null;
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, bytes));
        var transfers = ArrayPool<Transfer>.Shared.Rent(Math.Max(1, messages.Length));
        var at = 0;
        for (var i = 0; i < messages.Length; i++)
        {
            var payload = messages[i].Message.Payload!;
            payload.CopyTo(buffer, at);
            transfers[i] = new Transfer(messages[i].Offset, 1_772_323_200_000 + (long)messages[i].Message.At.TotalMilliseconds, at, payload.Length);
            at += payload.Length;
        }

        return new TransferChunk(held.Right!, new OffsetRange(held.Next, held.Next + count), buffer, transfers, messages.Length, lease);
    }

    private void Discard(TopicPartition partition)
    {
        if (!_held.TryGetValue(partition, out var held)) return;
        held.Waiting?.Dispose();
        held.Waiting = null;
    }

    private sealed class Held
    {
        public CommitRight? Right { get; set; }

        public long Next { get; set; }

        /// <summary>The end that was said to be reached, since the last transfer.</summary>
        public long? EndSaid { get; set; }

        public long Committed { get; set; }

        public bool IsHalted { get; set; }

        public TransferChunk? Waiting { get; set; }
    }
}
