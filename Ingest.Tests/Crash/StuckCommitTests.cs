using System.Globalization;
using System.Net;
using Ingest.Tests.Chaos.Harness;
using Ingest.Tests.EndToEnd;

namespace Ingest.Tests.Crash;

/// <summary>A real worker whose commit neither fails nor ends: what an orchestrator sees of it.</summary>
public sealed class StuckCommitTests
{
    /// <summary>Where the next log entry would be lies a pipe: linking says that the name is taken, and reading whose entry it is waits for ever, as on a mount that hangs.</summary>
    [Fact]
    public async Task A_commit_that_is_stuck_makes_the_worker_not_ready_until_it_is_through()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "wants mkfifo");
        using var city = new City();
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract);
        var port = FreePorts.Next();
        using var worker = new WorkerProcess(new Dictionary<string, string>
        {
            ["Ingest__Kafka__BootstrapServers"] = city.Brokers,
            ["Ingest__Kafka__Properties__session.timeout.ms"] = "3000",
            ["Ingest__Kafka__Properties__heartbeat.interval.ms"] = "300",
            ["Ingest__Contracts"] = contract,
            ["Ingest__Pool"] = city.Pool,
            ["Ingest__Table__IndexCache"] = city.Cache,
            ["Ingest__Batching__FlushAfter"] = "00:00:00.1",
            ["Ingest__Store__AttemptTimeout"] = "00:00:02",
            ["Ingest__Store__RetryDelayMax"] = "00:00:01",
            ["Ingest__Health__CommitAgeMax"] = "00:00:01",
            ["Ingest__Health__Port"] = port.ToString(CultureInfo.InvariantCulture),
        });
        await UntilReadyAsync(port, HttpStatusCode.OK, "");
        var pipe = Path.Combine(city.Pool, "payments", "_delta_log", $"{1:D20}.json");
        using (var made = System.Diagnostics.Process.Start("mkfifo", [pipe])) await made.WaitForExitAsync();

        city.Publish("""{"id":"A1","paid_on":"2026-03-02"}""");
        city.Delivered();
        await UntilReadyAsync(port, HttpStatusCode.ServiceUnavailable, "for its commit (limit 1 s)");

        File.Delete(pipe);
        await UntilReadyAsync(port, HttpStatusCode.OK, "");
        await worker.UntilStatusAsync(port, "1 taken in = 1 new");
        Assert.True(await worker.TerminateAsync() == 0, worker.Output);
        Assert.Equal(1, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    private static async Task UntilReadyAsync(int port, HttpStatusCode wanted, string text)
    {
        using var client = new HttpClient();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var last = "";
        while (!deadline.IsCancellationRequested)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/health/ready"), deadline.Token);
                last = $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync(deadline.Token)}";
                if (answer.StatusCode == wanted && last.Contains(text, StringComparison.Ordinal)) return;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                last = e.Message; // not listening yet
            }

            await Task.WhenAny(Task.Delay(50, deadline.Token));
        }

        Assert.Fail($"Waited three minutes for {wanted} '{text}'; the last answer was {last}");
    }
}
