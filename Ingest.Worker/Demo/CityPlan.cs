using Ingest.Core.Contracts;

namespace Ingest.Worker.Demo;

/// <summary>What a demo publishes; the same seed and numbers make the same transfers, byte for byte.</summary>
internal sealed record CityPlan(int Seed, int Transfers, int RecordsPerTransfer, int Departments)
{
    /// <summary>Limits that keep the numbers of different plans apart; see <see cref="FirstSerial"/>.</summary>
    public const int SeedMax = 1_000_000, RecordsPerTransferMax = 1_000, DepartmentsMax = 59;

    /// <summary>The transfers in order; what should come of them is written to <paramref name="truth"/>.</summary>
    public IEnumerable<(string Topic, string Department, byte[] Payload)> Make(Catalog catalog, Truth truth)
    {
        var departments = DepartmentsOf(catalog).Select((topic, i) => new Department(topic, new Random((Seed * 1009) + i), FirstSerial(i), truth)).ToArray();
        for (var i = 0; i < Transfers; i++)
        {
            var department = departments[i % departments.Length];
            truth.Transfers++;
            yield return (department.Topic, department.Name, department.Next(RecordsPerTransfer));
        }
    }

    /// <summary>
    /// Numbers are free for this plan alone, whatever was published into the pool before: two plans must not give two records one identity. Only plans that
    /// differ in how many transfers or departments there are share numbers, since the shorter is the beginning of the longer.
    /// </summary>
    private long FirstSerial(int department) => ((((long)Seed << 6) | (long)department) << 10 | (long)RecordsPerTransfer) * 1_000_000;

    /// <summary>The topics of the first departments, by name.</summary>
    public IReadOnlyList<TopicPlan> DepartmentsOf(Catalog catalog) =>
        [.. catalog.Topics.Values.OrderBy(t => t.Department, StringComparer.Ordinal).ThenBy(t => t.Topic, StringComparer.Ordinal).DistinctBy(t => t.Department).Take(Departments)];
}
