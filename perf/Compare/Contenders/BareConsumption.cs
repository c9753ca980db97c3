using Ingest.Perf.Workloads;

namespace Ingest.Perf.Compare.Contenders;

/// <summary>The floor: every message is consumed, and thrown away.</summary>
internal static class BareConsumption
{
    public static long Run(Workload workload, KafkaAccess kafka, string group, CancellationToken cancellation)
    {
        var messages = 0L;
        TopicReader.ReadAll(workload, kafka, group, (_, _) => messages++, cancellation);
        return messages * workload.RecordsPerMessage;
    }
}
