using Ingest.Tests.EndToEnd;

namespace Ingest.Tests.Crash;

/// <summary>A service beside ingest that ends by an error ends the process; not as if that had been wanted.</summary>
public sealed class BrokenServiceTests
{
    /// <summary>The client takes the property of a consumer, and refuses it of the publisher of dead letters.</summary>
    [Fact]
    public async Task A_worker_whose_dead_letters_cannot_be_sent_at_all_does_not_end_with_zero()
    {
        using var city = new City();
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract);
        using var worker = new WorkerProcess(new Dictionary<string, string>
        {
            ["Ingest__Kafka__BootstrapServers"] = city.Brokers,
            ["Ingest__Kafka__DeadLetterTopic"] = "refused",
            ["Ingest__Kafka__Properties__max.in.flight.requests.per.connection"] = "10",
            ["Ingest__Contracts"] = contract,
            ["Ingest__Pool"] = city.Pool,
            ["Ingest__Table__IndexCache"] = city.Cache,
        });
        Assert.True(await worker.ExitAsync() == 1, worker.Output);
        Assert.Contains("max.in.flight", worker.Output, StringComparison.Ordinal);
    }
}
