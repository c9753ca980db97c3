using Ingest.Core.Flow.Telemetry;

namespace Ingest.Worker.Health;

/// <summary>Why the worker is not ready; nothing when it is. Idle is ready: waiting for work is not sickness.</summary>
internal static class Readiness
{
    public static List<string> Problems(EngineStatus status, string? storeFault, TimeSpan commitAgeMax)
    {
        var problems = new List<string>();
        if (!status.IsRunning) problems.Add("Tables are being opened, or the worker is stopping.");
        if (storeFault is not null) problems.Add($"The store fails: {storeFault}");
        if (status.IsRunning && status.AssignedPartitions == 0 && status.Halted.Count == 0) problems.Add($"No partition is assigned: {WhyNone(status)}");
        if (status.OldestUncommitted > commitAgeMax) problems.Add($"A record has waited {status.OldestUncommitted.TotalSeconds:F0} s for its commit (limit {commitAgeMax.TotalSeconds:F0} s).");
        if (status.PictureAge > commitAgeMax) problems.Add($"The control loop has been waiting for {status.PictureAge.TotalSeconds:F0} s, for the store most likely (limit {commitAgeMax.TotalSeconds:F0} s).");
        problems.AddRange(status.Unread.Select(u => $"Not read: {u}"));
        problems.AddRange(status.Halted.Select(h => $"Halted: {h}"));
        return problems;
    }

    private static string WhyNone(EngineStatus status) => status.SourceTrouble is { } trouble
        ? $"the Kafka client says: {trouble}"
        : "the group is being formed (a member that was killed is missed only after its session timeout), the topics do not exist, or the group has more workers than partitions.";
}
