using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Deduplicating;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Normalizing;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Replay;

/// <summary>
/// Takes quarantined records in after their contract was mended, through the same decoding, normalizing, deduplication and commit as everything else. Workers may go on
/// meanwhile: to them a replay is one more writer of the tables.
/// </summary>
/// <remarks>
/// A batch is committed in this order: records that are refused anew go to the quarantine, rows go to their tables, and the table <see cref="ReplayedDataset"/>
/// names what was taken in. Each of the three is deduplicated (by place, by content, by id) in the commit itself, so a replay that died between any two of them is
/// simply run again: what is there already is found there. Nothing else is remembered.
/// </remarks>
public sealed class QuarantineReplay : IDisposable
{
    private const int AttemptsMax = 20;

    private readonly Catalog _catalog;
    private readonly EngineServices _services;
    private readonly string _cacheFolder;
    private readonly string _sourceName;
    private readonly bool _dryRun;
    private readonly ReplayDecoder _decoder;
    private readonly ReplayMarks _marks = new();
    private readonly QuarantineRows _refused;
    private readonly CommitJobServices _jobs;
    private readonly CacheSlot _slot;
    private readonly Dictionary<string, ReplayLane> _lanes = new(StringComparer.Ordinal);

    /// <param name="sourceName">Name of the Kafka cluster that the records came from.</param>
    /// <param name="cacheFolder">Local folder for copies of index runs; may be deleted at any time.</param>
    /// <param name="dryRun">Do everything but commit.</param>
    public QuarantineReplay(Catalog catalog, EngineServices services, string sourceName, DecodeLimits limits, string cacheFolder, bool dryRun)
    {
        _catalog = catalog;
        _services = services;
        _sourceName = sourceName;
        _dryRun = dryRun;
        _decoder = new ReplayDecoder(limits);
        _refused = new QuarantineRows(sourceName);
        _slot = CacheSlot.Take(cacheFolder);
        _cacheFolder = _slot.Folder;
        _jobs = new CommitJobServices(services.Files.EncodeAsync, services.Ids, services.Time, services.Scheduler, Environment.ProcessorCount, new UploadSlots(),
            source => AppId.For(AppId.Replay(sourceName), source));
    }

    public ReplayReport Report { get; } = new();

    /// <summary>Takes in a batch: rows of one cluster, ordered by topic, partition, offset and position.</summary>
    public async Task RunAsync(IReadOnlyList<QuarantinedRecord> batch, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var outcome = new ReplayReport();
            try
            {
                await AttemptAsync(batch, outcome, cancellation);
                Report.Add(outcome);
                return;
            }
            catch (ReplayAbandonedException) when (attempt < AttemptsMax)
            {
                foreach (var lane in _lanes.Values) await lane.RestartAsync(cancellation);
            }
        }
    }

    public void Dispose()
    {
        foreach (var lane in _lanes.Values) lane.Dispose();
        _slot.Dispose();
    }

    private async Task AttemptAsync(IReadOnlyList<QuarantinedRecord> batch, ReplayReport outcome, CancellationToken cancellation)
    {
        foreach (var group in batch.GroupBy(r => r.Source))
        {
            if (!_catalog.Topics.TryGetValue(group.Key.Topic, out var topic))
            {
                foreach (var _ in group) outcome.Refuse("no-contract-reads-the-topic");
                continue;
            }

            List<QuarantinedRecord> bare = [], whole = [];
            foreach (var row in group)
            {
                if (ReplayDecoder.Hindrance(topic, row) is { } why) outcome.Refuse(why);
                else if (ReplayDecoder.IsBareRecord(topic, row)) bare.Add(row);
                else whole.Add(row);
            }

            if (bare.Count > 0) await TakeAsync(topic, bare, isRecord: true, outcome, cancellation);
            if (whole.Count > 0) await TakeAsync(topic, whole, isRecord: false, outcome, cancellation);
        }

        outcome.Looked = batch.Count;
        if (_dryRun) return;

        // Refusals first, marks last: whatever is marked has left nothing behind.
        foreach (var lane in _lanes.Values.OrderBy(l => l.Name == QuarantineDataset.Name ? 0 : l.Name == ReplayedDataset.Name ? 2 : 1))
        {
            if (await lane.CommitAsync(cancellation) is { } version) outcome.Commits.Add((lane.Name, version));
        }
    }

    private async Task TakeAsync(TopicPlan topic, List<QuarantinedRecord> rows, bool isRecord, ReplayReport outcome, CancellationToken cancellation)
    {
        using var normalized = _decoder.Run(topic, rows, isRecord);
        var refusals = new List<Rejection>(normalized.Rejections);
        var takers = new Dictionary<int, DatasetPlan?>();
        for (var d = 0; d < topic.Datasets.Length; d++)
        {
            var records = normalized.Datasets[d];
            if (records.Count == 0) continue;
            var lane = await LaneAsync(topic.Datasets[d].Plan, cancellation);
            var selection = lane.Take(normalized, records);
            outcome.RecordsWritten += selection.Count;
            outcome.RecordsDuplicate += selection.Duplicates;
            foreach (var row in selection.Conflicts) refusals.Add(IdentityConflict.Of(records, row, d, refusals.Count));

            for (var row = 0; row < records.Count; row++)
            {
                var transfer = records.Transfer[row];
                takers[transfer] = takers.TryGetValue(transfer, out var other) && !ReferenceEquals(other, topic.Datasets[d].Plan) ? null : topic.Datasets[d].Plan;
            }
        }

        await JudgeAsync(topic, normalized, rows, refusals, takers, outcome, cancellation);
    }

    /// <summary>
    /// A row is taken in unless it is refused at its own place again, or one of the records in it, if a line holds several: their bytes are nowhere else. What is refused at other places of its transfer is
    /// quarantined by itself.
    /// </summary>
    private async Task JudgeAsync(TopicPlan topic, NormalizedChunk normalized, List<QuarantinedRecord> rows, List<Rejection> refusals, Dictionary<int, DatasetPlan?> takers, ReplayReport outcome, CancellationToken cancellation)
    {
        var stays = new Dictionary<int, string>();
        foreach (var refusal in refusals.Where(r => r.Position == rows[r.Transfer].Position)) stays.TryAdd(refusal.Transfer, refusal.Reason.Text());
        _refused.Reset(topic, normalized.Chunk);
        foreach (var refusal in refusals.Where(r => r.Position != rows[r.Transfer].Position)) _refused.Add(refusal);
        if (_refused.Count > 0)
        {
            _refused.Fingerprint();
            var lane = await LaneAsync(QuarantineDataset.Plan, cancellation);
            outcome.RecordsRefusedAnew += lane.Take(_refused.Chunk, _refused.Records).Count;
        }

        foreach (var why in stays.Values) outcome.Refuse(why);
        var takenIn = Enumerable.Range(0, rows.Count).Where(i => !stays.ContainsKey(i)).ToDictionary(i => i, i => takers.GetValueOrDefault(i));
        outcome.TakenIn += takenIn.Count;
        if (takenIn.Count == 0 || _dryRun) return;
        var marks = _marks.Of(topic, normalized.Chunk, rows, takenIn);
        (await LaneAsync(ReplayedDataset.Plan, cancellation)).Take(marks, marks.Datasets[0]);
    }

    private async Task<ReplayLane> LaneAsync(DatasetPlan plan, CancellationToken cancellation)
    {
        if (_lanes.TryGetValue(plan.Name, out var lane)) return lane;
        var store = new PrefixedStore(_services.Pool, plan.Name);
        if (_dryRun) return _lanes[plan.Name] = new ReplayLane(plan, await PeekAsync(plan, store, cancellation), _jobs);
        var table = await DeltaTable.OpenOrCreateAsync(store, TableSpecs.For(plan, int.MaxValue), _services.Ids, _services.Time, cancellation);
        var cache = new Deduplicating.Index.LocalRunCache(Path.Combine(_cacheFolder, table.Current.TableId));
        var index = await IndexOpener.OpenOrRebuildAsync(plan, store, table, cache, _services, rebuilding: null, cancellation);
        var merges = new IndexMerges(index, plan.Name, _services.Time, _services.Scheduler, _services.Logger);
        lane = new ReplayLane(new TableLane(plan, store, store, table, index, merges, new ByteBudget(long.MaxValue), _services.Time), _jobs);
        _lanes.Add(plan.Name, lane);
        return lane;
    }

    /// <summary>The index as it is, of a table that may not be there yet.</summary>
    private async Task<Deduplicating.Index.TableIndex> PeekAsync(DatasetPlan plan, PrefixedStore store, CancellationToken cancellation)
    {
        var snapshot = await LogReader.LoadAsync(store, cancellation);
        if (snapshot is not null) TableFit.Check(TableSpecs.For(plan, int.MaxValue), snapshot);
        var cache = new Deduplicating.Index.LocalRunCache(Path.Combine(_cacheFolder, snapshot?.TableId ?? plan.Name));
        return await Deduplicating.Index.TableIndex.OpenAsync(store, cache, plan.Dedup.Mode == DedupMode.Identity, snapshot?.Index.Runs ?? [], cancellation);
    }
}
