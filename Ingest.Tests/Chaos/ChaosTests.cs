using Ingest.Tests.Chaos.Harness;

namespace Ingest.Tests.Chaos;

/// <summary>
/// A short form of <c>perf -- chaos</c>: three worker processes, the embedded brokers (or the Kafka of INGEST_TEST_KAFKA, which others use too and so is left alone), a disk where one may be
/// mounted, and one of each fault. Output shows the seconds until all was there again.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Two_minutes_of_faults_lose_nothing_and_double_nothing()
    {
        var setting = new ChaosSetting
        {
            Faults = 9,
            Records = 90_000,
            RecordsPerTransfer = 20,
            Over = TimeSpan.FromSeconds(60),
            AtMost = TimeSpan.FromSeconds(75),
            ResumeMax = TimeSpan.FromMinutes(2),
            Seed = 20260302,
            Short = TimeSpan.FromSeconds(1),
            DiskBytes = 1L << 30,
            Folder = Directory.CreateTempSubdirectory("ingest-chaos-").FullName,
            Say = output.WriteLine,
        };
        await using var brokers = Environment.GetEnvironmentVariable("INGEST_TEST_KAFKA") is { Length: > 0 } given ? ChaosBrokers.Given(given, Properties()) : ChaosBrokers.Embedded();
        var run = new ChaosRun(setting with { Zombie = brokers.SessionTimeout + TimeSpan.FromSeconds(2) }, brokers);
        await run.RunAsync(TestContext.Current.CancellationToken);
        Assert.Empty(run.Problems);
        Assert.True(run.Faults > 0, "No fault fitted into the time.");
    }

    private static Dictionary<string, string> Properties() =>
        (Environment.GetEnvironmentVariable("INGEST_TEST_KAFKA_PROPERTIES") ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(p => p.Split('=', 2)).Where(p => p[0] != "partition.assignment.strategy").ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
}
