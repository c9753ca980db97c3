using System.Collections.Immutable;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Transfers;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// The protocol of one commit: no I/O, no thread, no clock; facts in, commands out. What makes it exactly once:
/// <list type="number">
/// <item>Before every put, each partition's stored offset equals the batch's first one, and its topic is the one that the table knows; otherwise we are fenced.</item>
/// <item>Rows are put only if every index run that became valid since they were deduplicated has been looked at.</item>
/// <item>After an answer that is unclear, or that says the slot is taken, the slot is read: our transaction id in it means that we won, however long ago.</item>
/// <item>An entry is put again only into the same slot, with the same content, as long as that slot is seen to be free.</item>
/// </list>
/// </summary>
public sealed class CommitAttempt
{
    private readonly CommitRequest _request;
    private readonly LogAction.Metadata _opened;
    private readonly Func<TopicPartition, string> _appIdOf;
    private readonly int _checkpointInterval;
    private CommitCommand.Put? _put;
    private long _liveFiles;
    private IndexDelta? _index;

    /// <exception cref="ArgumentException">The request contradicts itself.</exception>
    /// <param name="opened">The table's metadata as it was when the worker opened it.</param>
    public CommitAttempt(CommitRequest request, LogAction.Metadata opened, Func<TopicPartition, string> appIdOf, int checkpointInterval)
    {
        foreach (var account in request.Ranges)
        {
            if (account.Range.IsEmpty) throw new ArgumentException($"{account.Source} {account.Range} moves no offset.", nameof(request));
        }

        if (request.Ranges.DistinctBy(r => r.Source).Count() != request.Ranges.Length) throw new ArgumentException("A partition stands in the request twice.", nameof(request));
        if (request.Run is null && request.Files.Sum(f => f.Rows) > 0) throw new ArgumentException("Rows without the index run that knows them.", nameof(request));
        _request = request;
        _opened = opened;
        _appIdOf = appIdOf;
        _checkpointInterval = checkpointInterval;
        TransactionText = request.TransactionId.ToString("D");
    }

    /// <summary>Our id as entries carry it.</summary>
    public string TransactionText { get; }

    /// <summary>Every attempt begins by reading the log.</summary>
    public CommitCommand Start() => new CommitCommand.ReadLog();

    /// <param name="tip">The table as of its newest entry.</param>
    /// <param name="own">Version of an entry with our transaction id among those read since the start, and what it did to the index; null when there is none.</param>
    /// <param name="nowMs">Wall clock, milliseconds since 1970 UTC.</param>
    public CommitCommand LogRead(Snapshot tip, (long Version, IndexDelta Index)? own, long nowMs)
    {
        _liveFiles = tip.LiveFiles;
        if (own is { } entry)
        {
            // What the log says, not what we planned last: the entry may be of an earlier try, or of an earlier call.
            _index = entry.Index;
            return Committed(entry.Version);
        }

        if (Refusal(tip) is { } why) return new CommitCommand.Done(new CommitOutcome.Stopped(why));
        if (Fence(tip) is { } fence) return new CommitCommand.Done(new CommitOutcome.Fenced(fence));
        var deduplicatedAt = _request.DeduplicatedAt;
        Mutation.Set(Bug.SkipsRunsOfRivals, ref deduplicatedAt, long.MaxValue);
        if (_request.Run is not null && tip.Index.AddedAfter(deduplicatedAt) is { Count: > 0 } runs)
            return new CommitCommand.Done(new CommitOutcome.Overtaken(tip.Version, runs));

        _index = tip.Index.Plan(_request.Run, _request.Merge);
        return _put = new CommitCommand.Put(tip.Version + 1, Entry(tip, nowMs));
    }

    /// <summary>The slot was free and holds our entry now.</summary>
    public CommitCommand PutCreated() => Committed(_put!.Version);

    /// <summary>The slot is taken, perhaps by ourselves: an earlier try whose answer was lost.</summary>
    public CommitCommand PutExists()
    {
        CommitCommand next = new CommitCommand.ReadBack(_put!.Version);
        Mutation.Set(Bug.TakesTakenForLossAndPutsAgain, ref next, _ => _put = _put with { Version = _put.Version + 1 });
        Mutation.Set(Bug.TakesTakenForWin, ref next, _ => Committed(_put.Version));
        return next;
    }

    /// <summary>No clear answer.</summary>
    public CommitCommand PutUnknown()
    {
        CommitCommand next = new CommitCommand.ReadBack(_put!.Version);
        Mutation.Set(Bug.TakesUnclearForLossAndPutsAgain, ref next, _ => _put = _put with { Version = _put.Version + 1 });
        Mutation.Set(Bug.TakesUnclearForWin, ref next, _ => Committed(_put.Version));
        return next;
    }

    /// <param name="transactionId">The id in the slot's entry; null when it carries none.</param>
    public CommitCommand ReadBackFound(string? transactionId) => transactionId == TransactionText ? Committed(_put!.Version) : new CommitCommand.ReadLog();

    /// <summary>The slot is free as far as we can see: the same entry goes there again. Should the first one arrive after all, the second finds it.</summary>
    public CommitCommand ReadBackMissing() => _put!;

    /// <summary>Too much time has passed since the log was read for the put to be safe: read it again.</summary>
    public CommitCommand Overdue() => new CommitCommand.ReadLog();

    private CommitCommand.Done Committed(long version) =>
        new(new CommitOutcome.Committed(version, _index!, CheckpointDue: version > 0 && version % CheckpointRule.Interval(_checkpointInterval, _liveFiles) == 0));

    private string? Refusal(Snapshot tip)
    {
        if (tip.TableId != _opened.Id) return $"its id was {_opened.Id} and is {tip.TableId}: the table was re-created or restored. Restart the worker to go on with the new one.";
        if (TableSupport.Problem(tip) is { } problem) return problem;
        if (!tip.Metadata!.PartitionColumns.SequenceEqual(_opened.PartitionColumns)) return "its partition columns were changed by another writer.";
        if (tip.Metadata.Configuration.GetValueOrDefault(TableSpec.DedupKey) != _opened.Configuration.GetValueOrDefault(TableSpec.DedupKey))
            return "what counts as a duplicate was changed by another writer. Restart the worker with the contract that goes with it.";
        if (TableSupport.Missing(tip.Metadata.SchemaString, _opened.SchemaString) is { } missing) return $"its schema was changed by another writer: {missing}";
        return tip.Index.IsKnown ? null : tip.Index.Why ?? "the log does not tell any more which index runs are valid. Restart the worker: it rebuilds the index before it writes.";
    }

    /// <summary>The compare-and-set. A first commit of a partition finds no offset at all.</summary>
    private string? Fence(Snapshot tip)
    {
        foreach (var account in _request.Ranges)
        {
            var isKnown = tip.Txns.TryGetValue(_appIdOf(account.Source), out var stored);
            Mutation.Set(Bug.SkipsCompareAndSet, ref isKnown, false);
            if (isKnown && stored != account.Range.From)
                return $"{account.Source} stands at offset {stored} in the table, not at {account.Range.From} where this batch starts: another worker has moved it";
            if (account.Right.TopicId is { } id && TopicPin.Of(tip, _appIdOf(account.Source)) is { } pinned && pinned != id)
                return $"{account.Source} was read from the topic with id {id}, and the table knows it by id {pinned}";
        }

        return null;
    }

    private List<LogAction> Entry(Snapshot tip, long nowMs)
    {
        // Times never go backwards in a log, whatever the clock of the machine does.
        var timestamp = Math.Max(nowMs, tip.LastTimestamp + 1);
        Mutation.Set(Bug.TimesGoBack, ref timestamp, nowMs);
        var entry = new List<LogAction>(_request.Files.Count + _request.Ranges.Length + 1) { new LogAction.Info(Info(tip, timestamp)) };
        foreach (var account in _request.Ranges)
        {
            var next = account.Range.To;
            Mutation.Set(Bug.StoresNextOffsetPlusOne, ref next, next + 1);
            Mutation.Set(Bug.StoresNextOffsetMinusOne, ref next, next - 1);
            entry.Add(new LogAction.Txn(_appIdOf(account.Source), next, timestamp));
        }

        foreach (var account in _request.Ranges.Where(r => r.Right.TopicId is not null).DistinctBy(r => r.Source.Topic))
        {
            if (TopicPin.Action(tip, _appIdOf(account.Source), account.Right.TopicId!, timestamp) is { } pin) entry.Add(pin);
        }

        foreach (var file in _request.Files) entry.Add(Add(file, timestamp));
        return entry;
    }

    private CommitInfo Info(Snapshot tip, long timestamp) => new()
    {
        Timestamp = timestamp,
        Operation = _request.Operation ?? (_request.Ranges.IsEmpty && _request.Files.Count == 0 ? "INDEX MERGE" : "STREAMING UPDATE"),
        EngineInfo = EngineInfo.Text,
        TransactionId = TransactionText,
        ReadVersion = tip.Version,
        OutputRows = _request.Files.Sum(f => f.Rows),
        OutputFiles = _request.Files.Count,
        OutputBytes = _request.Files.Sum(f => f.Bytes),
        ContractHash = _request.ContractHash,
        Ranges = [.. _request.Ranges.Select(Told)],
        FoundAgain = [.. _request.FoundAgain.Select(Told)],
        Index = _index is { Added.Count: 0, Removed.Count: 0 } ? null : _index,
    };

    private CommittedRange Told(Batching.RangeAccount account) => new(
        _appIdOf(account.Source), account.Source, account.Department, account.Range, account.Records, account.Written, account.Duplicates, account.Quarantined, account.PublishedUntilMs)
    {
        PublishedFromMs = account.PublishedFromMs,
        LateMs = account.LateMs,
        Hours = account.Hours,
    };

    private LogAction.Add Add(DataFile file, long timestamp) => new(
        file.Path,
        _opened.PartitionColumns.Zip(file.PartitionValues).ToImmutableSortedDictionary(p => p.First, p => p.Second, StringComparer.Ordinal),
        file.Bytes,
        timestamp,
        DataChange: true,
        file.StatsJson,
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add(LogAction.KeySumTag, CommitInfoJson.Hex(file.KeySum)));
}
