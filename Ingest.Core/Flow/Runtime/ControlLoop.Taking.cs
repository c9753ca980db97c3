using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Taking decoded chunks into open batches.</summary>
internal sealed partial class ControlLoop
{
    private const int RefusedTogetherMax = 16_384;

    /// <summary>Takes chunks that are decoded, in line, until a batch has to leave: the turn ends with its commit, or that of the quarantine which it waits for.</summary>
    private int TakeReady()
    {
        var taken = 0;
        while (taken < ChunksPerTurn)
        {
            var together = TakeTogether(ChunksPerTurn - taken);
            if (together == 0) break;
            taken += together;
        }

        return taken;
    }

    /// <summary>Takes as many of them as are there, at most so many: what is new in them is looked up for all together.</summary>
    private int TakeTogether(int atMost)
    {
        var taken = 0;
        while (taken < atMost && MayTake() && _gate.Line.TryPeek(out var ticket) && ticket.IsDone && (_begun.Count == 0 || IsNarrow(ticket)))
        {
            _gate.Line.TryRead(out _);
            if (ticket.Failure is { } bug) throw new InvalidOperationException($"Decoding {ticket.Chunk.Source} {ticket.Chunk.Range} failed; this is a bug.", bug);
            taken++;
            if (IsWanted(ticket.Chunk)) Begin(ticket);
            else Leave(ticket);
        }

        if (_begun.Count == 0) return taken;
        foreach (var lane in _lanes.All) lane.Select();
        while (_begun.TryDequeue(out var begun))
        {
            Take(begun.Ticket.Normalized!, begun.Had);
            Leave(begun.Ticket);
        }

        return taken;
    }

    /// <summary>Not before its rows are taken: until then it weighs as much as any chunk in line.</summary>
    private void Leave(Ticket ticket)
    {
        _gate.Left(ticket);
        ticket.Chunk.Dispose();
        _pool.Return(ticket.Normalized!);
    }

    private bool IsWanted(TransferChunk chunk)
    {
        var isWanted = _partitions.TryGetValue(chunk.Source, out var partition) && ReferenceEquals(partition.Right, chunk.Right) && chunk.Right.IsHeld && !partition.IsDraining;
        Mutation.Set(Bug.TakesChunksOfOldRight, ref isWanted, partition is not null);
        return isWanted;
    }

    /// <summary>
    /// False while a batch must leave before another row may come in: a table that is full, or a budget that is nearly used up. The latter only while a commit is in flight, which will end and free
    /// what it holds. Chunks wait in line meanwhile, and behind them the source.
    /// </summary>
    private bool MayTake()
    {
        if (HasFull()) return false;
        foreach (var lane in _lanes.All)
        {
            if (lane.InFlight is not null) return _budget.UsedBytes < _budget.TotalBytes / 10 * 9;
        }

        return true;
    }

    /// <summary>A table has as many open partitions as one commit may have.</summary>
    private bool HasFull()
    {
        foreach (var lane in _lanes.All)
        {
            if (lane.OpenPartitions >= _options.Batching.PartitionsMax && !_stoppedTables.ContainsKey(lane.Plan.Name)) return true;
        }

        return false;
    }

    /// <summary>
    /// Whether a chunk may be begun beside others: together they open no more partitions than one commit may have, whatever their rows turn out to be. Between two that are not begun together it is
    /// looked whether a batch must leave.
    /// </summary>
    private bool IsNarrow(Ticket ticket)
    {
        if (ticket.Normalized is not { } normalized) return true;
        foreach (var records in normalized.Datasets)
        {
            var lane = _lanes[records.Plan.Name];
            if (lane.OpenPartitions + lane.BegunPartitions + records.PartitionsAtMost > _options.Batching.PartitionsMax) return false;
        }

        return true;
    }

    private void Begin(Ticket ticket)
    {
        var normalized = ticket.Normalized!;
        var chunk = ticket.Chunk;
        var partition = _partitions[chunk.Source];
        if (chunk.Range.From != partition.NextOffset) throw new OffsetsDoNotTouchException(new OffsetRange(0, partition.NextOffset), chunk.Range);
        partition.NextOffset = chunk.Range.To;
        partition.Weigh(chunk.Transfers);
        _counters.Taken(normalized.Topic.Department, chunk.Count);

        var datasets = normalized.Topic.Datasets;
        var had = new bool[datasets.Length];
        for (var i = 0; i < datasets.Length; i++) had[i] = !_lanes[datasets[i].Plan.Name].Begin(normalized, i);
        _begun.Enqueue((ticket, had));
    }

    private void Take(NormalizedChunk normalized, bool[] had)
    {
        _conflicts.Clear();
        for (var i = 0; i < had.Length; i++)
        {
            if (had[i]) continue;
            var table = normalized.Topic.Datasets[i].Plan.Name;
            _counters.Records(normalized.Topic.Department, table, _lanes[table].Take(_conflicts));
        }

        TakeRefused(normalized, had);
    }

    /// <summary>Refused records become rows of the quarantine, except those of tables that have the whole chunk: theirs are there already.</summary>
    private void TakeRefused(NormalizedChunk normalized, bool[] had)
    {
        if (normalized.Rejections.Count == 0 && _conflicts.Count == 0) return;
        _refused.Reset(normalized.Topic, normalized.Chunk);
        var isAny = _conflicts.Count > 0;
        foreach (var rejection in normalized.Rejections)
        {
            if (rejection.Dataset >= 0 && had[rejection.Dataset]) continue;
            isAny = true;
            AddRefused(rejection);
        }

        foreach (var conflict in _conflicts) AddRefused(conflict);
        if (_refused.Count > 0) TakeQuarantine();
        if (!isAny) return;
        foreach (var rejection in normalized.Rejections) _counters.Refused(normalized.Topic.Department, rejection.Reason, rejection.Dataset < 0);
        foreach (var conflict in _conflicts) _counters.Refused(normalized.Topic.Department, conflict.Reason, unattributed: false);
    }

    /// <summary>Some thousands at a time, so that a transfer with a quarter of a million of them is not there a second time as rows.</summary>
    private void AddRefused(in Rejection rejection)
    {
        _refused.Add(rejection);
        if (_refused.Count == RefusedTogetherMax) TakeQuarantine();
    }

    private void TakeQuarantine()
    {
        _refused.Fingerprint();
        _lanes.Quarantine.TakeQuarantine(_refused);
        _refused.Clear();
    }
}
