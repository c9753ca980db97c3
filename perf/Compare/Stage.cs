using Ingest.Perf.Workloads;

namespace Ingest.Perf.Compare;

/// <summary>What one run of a contender gets: the workload in file and topics, a group that nobody used, an empty folder.</summary>
internal sealed record Stage(Workload Workload, KafkaAccess Kafka, string File, string Contracts, string Group, string Output);
