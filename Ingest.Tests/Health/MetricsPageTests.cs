using System.Globalization;
using Ingest.Tests.Chaos.Harness;
using Ingest.Tests.Crash;
using Ingest.Tests.EndToEnd;

namespace Ingest.Tests.Health;

public sealed class MetricsPageTests
{
    [Fact]
    public async Task Metrics_are_those_of_a_service_with_a_name_and_the_last_line_says_what_was_done()
    {
        using var city = new City();
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract);
        var port = FreePorts.Next();
        using var worker = new WorkerProcess(new Dictionary<string, string>
        {
            ["Ingest__Kafka__BootstrapServers"] = city.Brokers,
            ["Ingest__Contracts"] = contract,
            ["Ingest__Pool"] = city.Pool,
            ["Ingest__Table__IndexCache"] = city.Cache,
            ["Ingest__Health__Port"] = port.ToString(CultureInfo.InvariantCulture),
        });
        await worker.UntilStatusAsync(port, "state");
        using var client = new HttpClient();
        var metrics = await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"));
        Assert.Contains("dataset=\"payments\",department=\"housing\",outcome=\"quarantined\"} 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("service_name=\"ingest\"", metrics, StringComparison.Ordinal);
        Assert.True(await worker.TerminateAsync() == 0, worker.Output);
        Assert.Contains("Ended. Taken in: transfers 0, records 0 (new 0, duplicates 0, refused 0). Committed: rows 0, commits 0", worker.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("allocated a record", worker.Output, StringComparison.Ordinal);
    }
}
