using System.Globalization;
using System.Text;
using Ingest.Core.Flow.Telemetry;

namespace Ingest.Worker.Health;

/// <summary>The engine's picture as plain text.</summary>
internal static class StatusPage
{
    public static string Render(EngineStatus status, IReadOnlyList<string> problems)
    {
        var page = new StringBuilder();
        Line(page, "state", problems.Count == 0 ? "ready" : "not ready");
        foreach (var problem in problems) Line(page, "", problem);
        Line(page, "partitions", $"{status.AssignedPartitions} read, {status.Halted.Count} halted{(status.IsPaused ? ", paused" : "")}");
        Line(page, "transfers", $"{Number(status.Transfers)} taken in");
        Line(page, "records", $"{Number(status.Records)} taken in = {Number(status.Written)} new + {Number(status.Duplicates)} duplicates + {Number(status.Quarantined)} refused");
        Line(page, "committed", $"{Number(status.CommittedRows)} rows in {Number(status.Commits)} {(status.Commits == 1 ? "commit" : "commits")}");
        Line(page, "in flight", $"{status.BudgetUsedBytes >> 20} MiB, oldest {status.OldestUncommitted.TotalSeconds:F1} s");
        Line(page, "freshness", status.Freshness is { } age ? $"{age.TotalSeconds:F1} s" : status.Commits == 0 ? "nothing committed yet" : "not known: the broker gives no timestamps");
        foreach (var (department, lag) in status.LagByDepartment.Where(l => l.Value > 0).OrderByDescending(l => l.Value)) Line(page, "lag", $"{department}: {Number(lag)} transfers");
        return page.ToString();
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static void Line(StringBuilder page, string name, string text) => page.Append(CultureInfo.InvariantCulture, $"{name,-12}{text}\n");
}
