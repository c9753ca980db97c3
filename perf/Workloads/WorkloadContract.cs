using System.Globalization;
using System.Text;

namespace Ingest.Perf.Workloads;

/// <summary>The workload's contract, as an operator would write it.</summary>
internal static class WorkloadContract
{
    /// <summary>From the format on: what the records are.</summary>
    public const string Records = """
        format: json
        time_zone: Asia/Shanghai
        event_date: at
        columns:
          - { name: id, type: string, required: true }
          - { name: plate, type: string, required: true }
          - { name: kind, type: string }
          - { name: owner, type: string, protected: true }
          - { name: district, type: string }
          - { name: amount, type: "decimal(12,2)" }
          - { name: points, type: int }
          - { name: active, type: boolean }
          - { name: at, type: timestamp, required: true, formats: ["yyyy-MM-dd HH:mm:ss"] }

        """;

    /// <summary>Returns the folder that holds the contract and nothing else.</summary>
    public static string Write(Workload workload, string folder)
    {
        var text = new StringBuilder($"dataset: {workload.Dataset}\ntopics:\n");
        for (var d = 0; d < Workload.Departments; d++)
            text.Append(CultureInfo.InvariantCulture, $"  - topic: {workload.Topic(d)}\n    department: {Workload.Department(d)}\n    claim: {{ field: dept, equals: {Workload.Department(d)} }}\n");
        text.Append(Records);
        var path = Directory.CreateDirectory(Path.Combine(folder, "contracts-" + workload.Dataset)).FullName;
        File.WriteAllText(Path.Combine(path, workload.Dataset + ".yaml"), text.ToString());
        return path;
    }
}
