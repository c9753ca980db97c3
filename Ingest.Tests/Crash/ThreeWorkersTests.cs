using System.Globalization;
using System.Text;
using Ingest.Core;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers.Kafka;
using Ingest.Tests.EndToEnd;
using Ingest.Worker.Commands;

namespace Ingest.Tests.Crash;

/// <summary>Three workers, each a process, on a Kafka in other processes: INGEST_TEST_KAFKA and INGEST_TEST_KAFKA_PROPERTIES as for the source's tests.</summary>
public sealed class ThreeWorkersTests
{
    private const int Records = 3_000;
    private const int Copies = 3;

    private readonly string _topic = $"test-{IdSource.System.Next():N}";

    [Fact]
    public async Task Equal_records_through_different_partitions_are_one_row_each_though_one_worker_is_killed()
    {
        var brokers = Environment.GetEnvironmentVariable("INGEST_TEST_KAFKA") ?? "";
        if (brokers.Length == 0) Assert.Skip("wants INGEST_TEST_KAFKA, the bootstrap list of a Kafka");
        var properties = (Environment.GetEnvironmentVariable("INGEST_TEST_KAFKA_PROPERTIES") ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        var folder = Directory.CreateTempSubdirectory("ingest-three-").FullName;
        try
        {
            var contract = Path.Combine(folder, "contract.yaml");
            await File.WriteAllTextAsync(contract, City.Contract.Replace(City.Topic, _topic, StringComparison.Ordinal));
            Publish(brokers, properties, 0, Records / 2);
            var settings = Settings(brokers, properties, folder, contract);
            var workers = Enumerable.Range(0, 3).Select(_ => new WorkerProcess(settings)).ToList();
            try
            {
                foreach (var worker in workers) await worker.UntilLoggedAsync("Assigned");
                Publish(brokers, properties, Records / 2, Records);
                await UntilAsync(folder, keys => keys > Records / 2);
                workers[0].Kill();
                await UntilAsync(folder, keys => keys == Records);
                foreach (var worker in workers.Skip(1)) Assert.True(await worker.TerminateAsync() == 0, worker.Output);
            }
            finally
            {
                foreach (var worker in workers) worker.Dispose();
            }

            // What the killed one left is read by a last one; nothing new comes of it.
            using var last = new WorkerProcess(settings, "--until-caught-up");
            Assert.True(await last.ExitAsync() == 0, last.Output);
            var snapshot = await SnapshotAsync(folder);
            Assert.Equal((Records, Records), (snapshot!.LiveRows, snapshot.Index.TotalKeys));
            Assert.Null(IndexOpener.Disagreement(snapshot));
            Assert.Equal($"{Records}", await DistinctAsync(Path.Combine(folder, "pool")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Publish(string brokers, Dictionary<string, string> properties, int from, int to)
    {
        using var publisher = new TransferPublisher(new PublisherOptions
        {
            BootstrapServers = brokers,
            Idempotent = !properties.ContainsKey("broker.version.fallback"),
            Properties = properties.Where(p => p.Key != "session.timeout.ms").ToDictionary(),
        });
        for (var i = from; i < to; i++)
        {
            for (var copy = 0; copy < Copies; copy++)
                publisher.Publish(_topic, $"{i} {copy}", Encoding.UTF8.GetBytes($$"""{"id":"A{{i}}","paid_on":"2026-03-0{{1 + (i % 5)}}"}"""), CancellationToken.None);
        }

        Assert.Equal(0, publisher.Flush(CancellationToken.None).Failed);
    }

    private static Dictionary<string, string> Settings(string brokers, Dictionary<string, string> properties, string folder, string contract)
    {
        var settings = new Dictionary<string, string>
        {
            ["Ingest__Kafka__BootstrapServers"] = brokers,
            ["Ingest__Kafka__GroupId"] = Path.GetFileName(folder),
            ["Ingest__Contracts"] = contract,
            ["Ingest__Pool"] = Path.Combine(folder, "pool"),
            ["Ingest__Batching__FlushAfter"] = "00:00:00.2",
            ["Ingest__Table__IndexCache"] = Path.Combine(folder, "cache"),
        };
        foreach (var (name, value) in properties) settings[$"Ingest__Kafka__Properties__{name}"] = value;
        if (properties.ContainsKey("broker.version.fallback")) settings["Ingest__Kafka__Properties__partition.assignment.strategy"] = "range";
        return settings;
    }

    private static async Task UntilAsync(string folder, Func<long, bool> reached)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        while (await SnapshotAsync(folder) is not { } snapshot || !reached(snapshot.Index.TotalKeys)) await Task.Delay(100, deadline.Token);
    }

    private static async Task<Snapshot?> SnapshotAsync(string folder)
    {
        var pool = Path.Combine(folder, "pool");
        return Directory.Exists(Path.Combine(pool, "payments")) ? await LogReader.LoadAsync(new PrefixedStore(new LocalStore(pool, IdSource.System), "payments"), CancellationToken.None) : null;
    }

    private static async Task<string> DistinctAsync(string pool)
    {
        using var query = new DuckDbQuery();
        var tables = await PoolTables.OpenAsync(pool, CancellationToken.None);
        foreach (var table in tables.Tables) await PoolViews.AddAsync(query, table, CancellationToken.None);
        using var reader = query.Read("select count(distinct id) from payments");
        reader.Read();
        return Convert.ToString(reader.GetValue(0), CultureInfo.InvariantCulture)!;
    }
}
