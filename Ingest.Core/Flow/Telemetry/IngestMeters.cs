using System.Diagnostics;
using System.Diagnostics.Metrics;
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

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _transfers;
    private readonly Counter<long> _records;
    private readonly Counter<long> _quarantined;
    private readonly Counter<long> _commits;
    private readonly Histogram<double> _commitDuration;
    private readonly Counter<long> _conflicts;

    /// <param name="status">The engine's picture of now, asked whenever somebody collects.</param>
    /// <param name="budgetBytes">The byte budget, as the bound beside its level.</param>
    public IngestMeters(Func<EngineStatus> status, long budgetBytes)
    {
        _transfers = _meter.CreateCounter<long>("ingest.transfers", "{transfer}", "Transfers taken in, by department.");
        _records = _meter.CreateCounter<long>("ingest.records", "{record}", "Records by what became of them (outcome: written, duplicate, quarantined), department and dataset.");
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
    }

    internal void Taken(string department, int transfers) => _transfers.Add(transfers, new KeyValuePair<string, object?>("department", department));

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
        var tag = new KeyValuePair<string, object?>("table", table);
        _commits.Add(1, tag, new KeyValuePair<string, object?>("outcome", "committed"));
        _commitDuration.Record(took.TotalSeconds, tag);
        if (attempts > 1) _conflicts.Add(attempts - 1, tag);
    }

    internal void NotCommitted(string table, string outcome) =>
        _commits.Add(1, new KeyValuePair<string, object?>("table", table), new KeyValuePair<string, object?>("outcome", outcome));

    public void Dispose() => _meter.Dispose();

    private void Count(string department, string dataset, string outcome, long count)
    {
        if (count == 0) return;
        var tags = new TagList { { "department", department }, { "dataset", dataset }, { "outcome", outcome } };
        _records.Add(count, tags);
    }

    private static IEnumerable<Measurement<long>> Lag(EngineStatus status) =>
        status.LagByDepartment.Select(l => new Measurement<long>(l.Value, new KeyValuePair<string, object?>("department", l.Key)));

    private static IEnumerable<Measurement<double>> Freshness(EngineStatus status) =>
        status.Freshness is { } age ? [new Measurement<double>(age.TotalSeconds)] : [];
}
