using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Tests.Crash;
using Ingest.Tests.Tidy;
using Ingest.Worker.Commands;

namespace Ingest.Tests.EndToEnd;

/// <summary>
/// Full dumps as a department really published them, through a Kafka in another process, with a worker that is killed while it reads each of them: docs/real-data.md.
/// INGEST_TEST_DATA is a folder with dxy/area-*.csv.xz; INGEST_TEST_KAFKA and INGEST_TEST_KAFKA_PROPERTIES as in RealKafkaTests.
/// </summary>
public sealed class RealDataTests : IDisposable
{
    private static readonly string s_brokers = Environment.GetEnvironmentVariable("INGEST_TEST_KAFKA") ?? "";
    private static readonly string s_data = Path.Combine(Environment.GetEnvironmentVariable("INGEST_TEST_DATA") ?? "", "dxy");
    private static readonly string[] s_properties = (Environment.GetEnvironmentVariable("INGEST_TEST_KAFKA_PROPERTIES") ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-real-").FullName;
    private readonly string _topic = $"test-{IdSource.System.Next():N}";

    private readonly Random _random = new(20200217);

    private string Pool => Path.Combine(_folder, "pool");

    private string Contract => Path.Combine(_folder, "area-cases.yaml");

    [Fact]
    public async Task Five_full_dumps_with_changing_columns_and_a_kill_in_each_give_each_distinct_row_once()
    {
        if (s_brokers.Length == 0) Assert.Skip("wants INGEST_TEST_KAFKA, the bootstrap list of a Kafka");
        if (!Directory.Exists(s_data)) Assert.Skip("wants INGEST_TEST_DATA, a folder with dxy/area-*.csv.xz");
        var example = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs/examples/area-cases.yaml"));
        await File.WriteAllTextAsync(Contract, example.Replace("health.area-cases", _topic, StringComparison.Ordinal));
        var dumps = Directory.GetFiles(s_data, "area-*.csv.xz").Order(StringComparer.Ordinal).Select(Unpack).ToArray();
        Assert.Equal(5, dumps.Length);

        var atWork = 0;
        var published = 0L;
        foreach (var dump in dumps)
        {
            Assert.Equal(0, await PublishCommand.Create().Parse([dump, "--topic", _topic, "--key", "dumps", "--rows-per-transfer", "200", .. KafkaArguments()]).InvokeAsync());
            published += ((await File.ReadAllLinesAsync(dump)).Length - 1 + 199) / 200;
            for (var kill = 0; kill < 2; kill++)
            {
                using var worker = new WorkerProcess(Settings());
                await worker.UntilLoggedAsync("Assigned");

                // The first of each dump soon: a fast machine has read it all after a few hundred milliseconds.
                await Task.Delay(_random.Next(0, kill == 0 ? 100 : 1000));
                Assert.False(worker.HasExited, worker.Output);
                worker.Kill();
                if (await ReadToAsync() < published) atWork++;
            }
        }

        using var last = new WorkerProcess(Settings(), "--until-caught-up");
        Assert.True(await last.ExitAsync() == 0, last.Output);
        Assert.True(atWork >= 3, $"Only {atWork} of 10 workers were killed before they had committed everything.");
        Assert.Equal(published, await ReadToAsync());
        await CompareAsync(dumps);
        Assert.Equal(0, await PoolCommand.Create().Parse(["ledger", "--pool", Pool]).InvokeAsync());
        Assert.Equal(0, await PoolCommand.Create().Parse(["verify", "--pool", Pool, "--index", "--contracts", Contract]).InvokeAsync());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>DuckDB reads the departments' own files, with nothing of ours in between, and compares row by row and both ways.</summary>
    private async Task CompareAsync(string[] dumps)
    {
        using var query = new DuckDbQuery();
        foreach (var table in (await PoolTables.OpenAsync(Pool, CancellationToken.None)).Tables) await PoolViews.AddAsync(query, table, CancellationToken.None);
        var files = string.Join(", ", dumps.Select(d => $"'{d}'"));
        query.Execute($"""
            SET TimeZone = 'UTC';
            CREATE TABLE wanted AS SELECT DISTINCT provinceName, translate(cityName, '（）', '()'), province_confirmedCount::INT, province_suspectedCount::INT, province_curedCount::INT, province_deadCount::INT,
                city_confirmedCount::INT, city_suspectedCount::INT, city_curedCount::INT, city_deadCount::INT, (updateTime || '+08')::TIMESTAMPTZ
            FROM read_csv([{files}], header=true, all_varchar=true, union_by_name=true);
            CREATE TABLE got AS SELECT province, city, province_confirmed, province_suspected, province_cured, province_dead, city_confirmed, city_suspected, city_cured, city_dead, updated_at FROM "area-cases";
            """);
        Assert.Equal(42_459, Number(query, "SELECT count(*) FROM wanted"));
        Assert.Equal(42_459, Number(query, "SELECT count(*) FROM got"));
        Assert.Equal(0, Number(query, "SELECT count(*) FROM (FROM wanted EXCEPT ALL FROM got)"));
        Assert.Equal(0, Number(query, "SELECT count(*) FROM (FROM got EXCEPT ALL FROM wanted)"));
        Assert.Equal(0, Number(query, "SELECT count(*) FROM quarantine"));

        // The four columns of the last dump: with the rows that came with it first, and 610100.0 as 610100; 0.0 and -1.0 stand for none.
        Assert.Equal(10_702, Number(query, "SELECT count(province_code) FROM \"area-cases\""));
        Assert.Equal(0, Number(query, "SELECT count(*) FROM \"area-cases\" WHERE NOT regexp_full_match(city_code, '[1-9][0-9]{5}')"));
    }

    private static long Number(DuckDbQuery query, string sql)
    {
        using var reader = query.Read(sql);
        Assert.True(reader.Read());
        return Convert.ToInt64(reader.GetValue(0), CultureInfo.InvariantCulture);
    }

    /// <summary>Transfers that the table has dealt with; 0 before there is one.</summary>
    private async Task<long> ReadToAsync()
    {
        if (!Directory.Exists(Path.Combine(Pool, "area-cases", "_delta_log"))) return 0;
        var table = (await PoolTables.OpenAsync(Pool, CancellationToken.None)).Tables.FirstOrDefault(t => t.Name == "area-cases");
        return table is null ? 0 : (await Ledger.ReadAsync(table.Store, CancellationToken.None)).Lines.Sum(l => l.Range.To - l.Range.From);
    }

    /// <summary>Many small commits, and a group of its own each time, so that the dead need not be waited for.</summary>
    private Dictionary<string, string> Settings()
    {
        var settings = new Dictionary<string, string>
        {
            ["Ingest__Kafka__BootstrapServers"] = s_brokers,
            ["Ingest__Kafka__GroupId"] = $"{_topic}-{IdSource.System.Next():N}",
            ["Ingest__Contracts"] = Contract,
            ["Ingest__Pool"] = Pool,
            ["Ingest__Batching__FlushRows"] = "1000",
            ["Ingest__Batching__FlushAfter"] = "00:00:00.05",
            ["Ingest__Table__CheckpointInterval"] = "5",
            ["Ingest__Table__IndexCache"] = Path.Combine(_folder, "cache"),
        };
        foreach (var property in s_properties.Select(p => p.Split('=', 2))) settings[$"Ingest__Kafka__Properties__{property[0]}"] = property[1];
        return settings;
    }

    private static IEnumerable<string> KafkaArguments() => s_properties.Select(p => $"--Ingest:Kafka:Properties:{p}").Append($"--Ingest:Kafka:BootstrapServers={s_brokers}");

    private string Unpack(string packed)
    {
        var file = Path.Combine(_folder, Path.GetFileNameWithoutExtension(packed));
        using var xz = Process.Start(new ProcessStartInfo("xz", ["-dc", packed]) { RedirectStandardOutput = true })!;
        using (var to = File.Create(file)) xz.StandardOutput.BaseStream.CopyTo(to);
        xz.WaitForExit();
        Assert.Equal(0, xz.ExitCode);
        return file;
    }
}
