using System.Globalization;
using Ingest.Tests.Crash;
using Ingest.Tests.EndToEnd;

namespace Ingest.Tests.Memory;

public sealed class HugePagesTests
{
    /// <summary>Many systems make pages of 2 MiB of whatever they can. What a worker holds would count by those, and be more than its budget says.</summary>
    [Fact]
    public async Task A_worker_takes_no_huge_pages()
    {
        Assert.SkipUnless(await EnabledAsync("self") is not null, "wants a Linux kernel that tells THP_enabled in /proc/self/status (5.0 or newer)");
        using var city = new City();
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract);
        using var worker = new WorkerProcess(new Dictionary<string, string> { ["Ingest__Kafka__BootstrapServers"] = city.Brokers, ["Ingest__Contracts"] = contract, ["Ingest__Pool"] = city.Pool });
        await worker.UntilLoggedAsync("Starting on pool");
        Assert.Equal("0", await EnabledAsync(worker.Id.ToString(CultureInfo.InvariantCulture)));
        Assert.True(await worker.TerminateAsync() == 0, worker.Output);
    }

    private static async Task<string?> EnabledAsync(string process)
    {
        const string Line = "THP_enabled:";
        var file = $"/proc/{process}/status";
        return File.Exists(file) ? (await File.ReadAllLinesAsync(file)).SingleOrDefault(l => l.StartsWith(Line, StringComparison.Ordinal))?[Line.Length..].Trim() : null;
    }
}
