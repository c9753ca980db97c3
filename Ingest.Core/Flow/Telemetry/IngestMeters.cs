using System.Diagnostics;
using System.Diagnostics.Metrics;
using Ingest.Core.Pool.Housekeeping;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Telemetry;

/// <summary>
/// All metrics of the service, in one place. Tags are bounded: departments and datasets come from contracts, never from payloads.
/// Names follow OpenTelemetry; Prometheus shows dots as underscores and adds the unit.
/// </summary>
public sealed class IngestMeters : IDisposable
{
    /// <summary>Name of the meter to listen to.</summary>
    public const string Name = "Ingest";

    /// <summary>The histogram of commit durations; the host gives it buckets.</summary>
    public const string CommitDuration = "ingest.commit.duration";

    /// <summary>The histogram of sealing durations; the host gives it buckets.</summary>
    public const string SealingDuration = "ingest.sealing.duration";

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _transfers;
    private readonly Counter<long> _records;
    private readonly Counter<long> _quarantined;
    private readonly Counter<long> _commits;
    private readonly Histogram<double> _commitDuration;
    private readonly Counter<long> _conflicts;
    private readonly Counter<long> _sealingInputs;
    private readonly Counter<long> _sealingInputBytes;
    private readonly Counter<long> _sealingOutputs;
    private readonly Counter<long> _sealingOutputBytes;
    private readonly Counter<long> _sealingRows;
    private readonly Histogram<double> _sealingDuration;
    private readonly Counter<long> _keepingFailures;
    private readonly Counter<long> _vacuumedFiles;
    private readonly Counter<long> _vacuumedBytes;

    /// <param name="status">The engine's picture of now, asked whenever somebody collects.</param>
    /// <param name="keeping">How the housekeeping of each table stands, likewise.</param>
    /// <param name="budgetBytes">The byte budget, as the bound beside its level.</param>
    public IngestMeters(Func<EngineStatus> status, Func<IEnumerable<KeepingStatus>> keeping, long budgetBytes)
    {
        _transfers = _meter.CreateCounter<long>("ingest.transfers", "{transfer}", "Transfers taken in, by department.");
        _records = _meter.CreateCounter<long>("ingest.records", "{record}", "Records taken in, by what becomes of them with the next commit (outcome: written, duplicate, quarantined), department and dataset.");
        _quarantined = _meter.CreateCounter<long>("ingest.quarantined.records", "{record}", "Refused records by department and reason.");
        _commits = _meter.CreateCounter<long>("ingest.commits", "{commit}", "Commits by table and outcome (committed, abandoned, stopped).");
        _commitDuration = _meter.CreateHistogram<double>(CommitDuration, "s", "From the start of encoding a batch to its commit, by table.");
        _conflicts = _meter.CreateCounter<long>("ingest.commit.conflicts", "{attempt}", "Commit attempts that lost a race and were made again, by table.");
        _meter.CreateObservableGauge("ingest.lag", () => Lag(status()), "{transfer}", "Transfers published and not yet committed, by department.");
        _meter.CreateObservableGauge("ingest.budget.used", () => status().BudgetUsedBytes, "By", "Bytes of data in flight.");
        _meter.CreateObservableGauge("ingest.budget.limit", () => budgetBytes, "By", "The byte budget.");
        _meter.CreateObservableGauge("ingest.paused.partitions", () => status() is { IsPaused: true } s ? s.AssignedPartitions : 0, "{partition}", "Partitions whose intake is paused.");
        _meter.CreateObservableGauge("ingest.assigned.partitions", () => status().AssignedPartitions, "{partition}", "Partitions that this worker reads.");
        _meter.CreateObservableGauge("ingest.halted.partitions", () => status().Halted.Count, "{partition}", "Partitions that were stopped and need somebody to look.");
        _meter.CreateObservableGauge("ingest.uncommitted.age", () => status().OldestUncommitted.TotalSeconds, "s", "Age of the oldest record taken in and not committed.");
        _meter.CreateObservableGauge("ingest.freshness", () => Freshness(status()), "s", "Age of the newest committed transfer.");

        _sealingInputs = _meter.CreateCounter<long>("ingest.sealing.input.files", "{file}", "Recent files that were merged or sealed, by table.");
        _sealingInputBytes = _meter.CreateCounter<long>("ingest.sealing.input.size", "By", "What they weighed, by table.");
        _sealingOutputs = _meter.CreateCounter<long>("ingest.sealing.output.files", "{file}", "Files made of them, by table and generation (merged: still recent; sealed: final).");
        _sealingOutputBytes = _meter.CreateCounter<long>("ingest.sealing.output.size", "By", "What those weigh, by table.");
        _sealingRows = _meter.CreateCounter<long>("ingest.sealing.rows", "{row}", "Rows rewritten by it, by table.");
        _sealingDuration = _meter.CreateHistogram<double>(SealingDuration, "s", "From the start of a plan of sealing to its commit, by table.");
        _keepingFailures = _meter.CreateCounter<long>("ingest.housekeeping.failures", "{failure}", "Times that sealing and cleaning of a table failed and were put off, by table.");
        _vacuumedFiles = _meter.CreateCounter<long>("ingest.vacuum.files", "{file}", "Deleted files that no retained version needs, by table and kind (replaced, orphan).");
        _vacuumedBytes = _meter.CreateCounter<long>("ingest.vacuum.size", "By", "What those weighed, by table.");
        Gauge("ingest.housekeeping.lease", "{lease}", "1 where this worker seals and cleans the table, else 0. The metrics of backlog and checkpoint come from that worker alone.", k => k.HoldsLease ? 1 : 0);
        Gauge("ingest.housekeeping.failing", "s", "How long this worker has not come through with sealing or cleaning of the table, or with taking its lease; 0 when it has.", k => k.FailingFor.TotalSeconds);
        Gauge("ingest.sealing.backlog.files", "{file}", "Files that are not sealed yet, by table: the recent part, which a glob does not show.", k => k.UnsealedFiles);
        Gauge("ingest.sealing.backlog.size", "By", "What they weigh, by table.", k => k.UnsealedFiles is null ? null : k.UnsealedBytes);
        Gauge("ingest.sealing.refused.files", "{file}", "Of them, files that cannot be merged because they are damaged, by table.", k => k.UnsealedFiles is null ? null : k.RefusedFiles);
        Gauge("ingest.sealing.overdue", "s", "How long that has been due for sealing which has waited longest, by table; 0 when nothing is due.", k => k.UnsealedFiles is null ? null : k.Overdue.TotalSeconds);
        Gauge("ingest.checkpoint.version", "{version}", "Version of the newest checkpoint, by table.", k => k.CheckpointVersion);
        Gauge("ingest.checkpoint.age", "s", "How long ago that version was committed, by table.", k => k.CheckpointAge?.TotalSeconds);
        _meter.CreateObservableGauge("ingest.checkpoint.failing", () => status().CheckpointsFailing.Select(c => new Measurement<double>(c.Value.TotalSeconds, Tag(c.Key))), "s", "How long this worker has not come through with a checkpoint, by table; 0 when it has.");
        Gauge("ingest.checkpoint.lag", "{version}", "Versions after the newest checkpoint, by table: what a start reads one by one.", k => k.UnsealedFiles is null ? null : k.VersionsSinceCheckpoint);

        void Gauge(string name, string unit, string description, Func<KeepingStatus, double?> value) => _meter.CreateObservableGauge(
            name, () => keeping().Where(k => value(k) is not null).Select(k => new Measurement<double>(value(k)!.Value, Tag(k.Table))), unit, description);
    }

    /// <summary>What is told of refused records on their way to the dead-letter topic, beside the engine. Disposed by whoever sends them.</summary>
    /// <param name="failingFor">How long they could not be sent, or not be noted as sent.</param>
    public static Meter DeadLetters(Func<TimeSpan> failingFor)
    {
        var meter = new Meter(Name);
        meter.CreateObservableGauge("ingest.dead_letters.failing", () => failingFor().TotalSeconds, "s", "How long this worker has not come through with sending refused records to the dead-letter topic; 0 when it has. Only with `Ingest:Kafka:DeadLetterTopic`.");
        return meter;
    }

    internal void Taken(string department, int transfers) => _transfers.Add(transfers, new KeyValuePair<string, object?>("department", department));

    /// <summary>Counters are there from the start, with nothing counted: who asks how much one grew would else miss its first step.</summary>
    internal void Expect(string department, string dataset)
    {
        Taken(department, 0);
        foreach (var outcome in (ReadOnlySpan<string>)["written", "duplicate", "quarantined"]) Add(department, dataset, outcome, 0);
    }

    internal void Records(string department, string dataset, long written, long duplicates, long quarantined)
    {
        Count(department, dataset, "written", written);
        Count(department, dataset, "duplicate", duplicates);
        Count(department, dataset, "quarantined", quarantined);
    }

    internal void Quarantined(string department, ReasonCode reason) =>
        _quarantined.Add(1, new KeyValuePair<string, object?>("department", department), new KeyValuePair<string, object?>("reason", reason.Text()));

    internal void Committed(string table, TimeSpan took, int attempts)
    {
        var tag = Tag(table);
        _commits.Add(1, tag, new KeyValuePair<string, object?>("outcome", "committed"));
        _commitDuration.Record(took.TotalSeconds, tag);
        if (attempts > 1) _conflicts.Add(attempts - 1, tag);
    }

    internal void NotCommitted(string table, string outcome) =>
        _commits.Add(1, new KeyValuePair<string, object?>("table", table), new KeyValuePair<string, object?>("outcome", outcome));

    internal void Sealed(string table, SealReport report, TimeSpan took)
    {
        var tag = Tag(table);
        _sealingInputs.Add(report.Inputs, tag);
        _sealingInputBytes.Add(report.BytesIn, tag);
        _sealingOutputs.Add(report.Sealed, tag, new KeyValuePair<string, object?>("generation", "sealed"));
        _sealingOutputs.Add(report.Outputs - report.Sealed, tag, new KeyValuePair<string, object?>("generation", "merged"));
        _sealingOutputBytes.Add(report.BytesOut, tag);
        _sealingRows.Add(report.Rows, tag);
        _sealingDuration.Record(took.TotalSeconds, tag);
    }

    internal void Vacuumed(string table, Vacuumed vacuumed)
    {
        var tag = Tag(table);
        _vacuumedFiles.Add(vacuumed.Files - vacuumed.Orphans, tag, new KeyValuePair<string, object?>("kind", "replaced"));
        _vacuumedFiles.Add(vacuumed.Orphans, tag, new KeyValuePair<string, object?>("kind", "orphan"));
        _vacuumedBytes.Add(vacuumed.Bytes, tag);
    }

    internal void HousekeepingPutOff(string table) => _keepingFailures.Add(1, Tag(table));

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string table) => new("table", table);

    private void Count(string department, string dataset, string outcome, long count)
    {
        if (count != 0) Add(department, dataset, outcome, count);
    }

    private void Add(string department, string dataset, string outcome, long count)
    {
        var tags = new TagList { { "department", department }, { "dataset", dataset }, { "outcome", outcome } };
        _records.Add(count, tags);
    }

    private static IEnumerable<Measurement<long>> Lag(EngineStatus status) =>
        status.LagByDepartment.Select(l => new Measurement<long>(l.Value, new KeyValuePair<string, object?>("department", l.Key)));

    private static IEnumerable<Measurement<double>> Freshness(EngineStatus status) =>
        status.Freshness is { } age ? [new Measurement<double>(age.TotalSeconds)] : [];
}
