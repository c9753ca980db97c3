using Ingest.Core.Contracts;

namespace Ingest.Worker.Demo;

/// <summary>What a demo publishes; the same seed and numbers make the same transfers, byte for byte.</summary>
internal sealed record CityPlan(int Seed, int Transfers, int RecordsPerTransfer, int Departments)
{
    /// <summary>The transfers in order; what should come of them is written to <paramref name="truth"/>.</summary>
    public IEnumerable<(string Topic, string Department, byte[] Payload)> Make(Catalog catalog, Truth truth)
    {
        var departments = DepartmentsOf(catalog).Select((topic, i) => new Department(topic, new Random((Seed * 1009) + i), (((long)Seed << 8) | (long)i) * 1_000_000, truth)).ToArray();
        for (var i = 0; i < Transfers; i++)
        {
            var department = departments[i % departments.Length];
            truth.Transfers++;
            yield return (department.Topic, department.Name, department.Next(RecordsPerTransfer));
        }
    }

    /// <summary>The topics of the first departments, by name.</summary>
    public IReadOnlyList<TopicPlan> DepartmentsOf(Catalog catalog) =>
        [.. catalog.Topics.Values.OrderBy(t => t.Department, StringComparer.Ordinal).ThenBy(t => t.Topic, StringComparer.Ordinal).DistinctBy(t => t.Department).Take(Departments)];
}
