using Ingest.Core.Decoding;
using Ingest.Core.Flow.Replay;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Stores;
using Ingest.Tests.EndToEnd;
using Ingest.Tests.Stores;
using Ingest.Worker.Commands;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Tests.Flow.Replay;

/// <summary>Refused records are taken in once their contract was mended: each once, wherever a replay dies, and accounted for.</summary>
public sealed class ReplayTests
{
    private const string Csv = """
        dataset: fines
        topics: [{ topic: police.fines, department: police }]
        format: csv
        time_zone: Asia/Shanghai
        columns:
          - { name: id, type: string, required: true }
          - { name: points, type: int }
        """;

    private static readonly string s_mended = City.Contract.Replace("\"decimal(12,2)\"", "\"decimal(12,2)\", null_words: [\"\", unknown]", StringComparison.Ordinal);

    /// <summary>Three records are refused, one for good; one of the three repeats a row that is there.</summary>
    private static async Task<City> RefusedAsync()
    {
        var city = new City();
        city.Publish("""[{"id":"A","paid_on":"2026-03-02"},{"id":"B","amount":"unknown","paid_on":"2026-03-02"},{"id":"C","amount":"viel","paid_on":"2026-03-02"}]""");
        city.Publish("""{"id":"A","amount":"unknown","paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();
        Assert.Equal(1, await city.CountAsync());
        Assert.Equal(3, await city.CountAsync("quarantine"));
        city.Catalog = City.Load(s_mended);
        return city;
    }

    [Fact]
    public async Task A_replay_takes_in_what_fits_now_and_a_second_one_changes_nothing()
    {
        using var city = await RefusedAsync();
        var report = await ReplayAsync(city);
        Assert.Equal((3, 2, 1, 1), (report.Looked, report.TakenIn, report.RecordsWritten, report.RecordsDuplicate));
        Assert.Equal(1, report.StillRefused["type-mismatch"]);
        Assert.Equal(["A|0|0", "B|0|1"], await city.SqlAsync("select id, _offset, _position from payments order by id"));
        Assert.Equal(["kafka/housing.payments/0/0/1|payments|type-mismatch", "kafka/housing.payments/0/1/0|payments|type-mismatch"], Normal(await city.SqlAsync("select id, dataset, reason from \"quarantine-replayed\" order by id")));
        await city.AssertAccountedAsync();

        var before = Fingerprint(city.Pool);
        var again = await ReplayAsync(city);
        Assert.Equal((1, 0, 0), (again.Looked, again.TakenIn, again.Commits.Count));
        Assert.Equal(before, Fingerprint(city.Pool));
    }

    [Fact]
    public async Task A_dry_run_says_what_would_happen_and_changes_nothing()
    {
        using var city = await RefusedAsync();
        var before = Fingerprint(city.Pool);
        var report = await ReplayAsync(city, dryRun: true);
        Assert.Equal((3, 2, 1, 1), (report.Looked, report.TakenIn, report.RecordsWritten, report.RecordsDuplicate));
        Assert.Equal(before, Fingerprint(city.Pool));
    }

    [Fact]
    public async Task A_replay_that_dies_at_any_write_is_run_again_and_takes_each_record_in_once()
    {
        using var city = await RefusedAsync();
        var pristine = city.Pool + "-pristine";
        Copy(city.Pool, pristine);
        for (var diesAt = 0; ; diesAt++)
        {
            var died = false;
            foreach (var afterActing in new[] { false, true })
            {
                Directory.Delete(city.Pool, recursive: true);
                Copy(pristine, city.Pool);
                var dying = new MortalStore(new LocalStore(city.Pool, Core.IdSource.System), diesAt, afterActing, onlyWrites: true, mayDelete: false);
                try
                {
                    await ReplayAsync(city, store: dying);
                }
                catch (MortalStore.KilledException)
                {
                    // As planned.
                }

                died |= dying.IsDead;
                await ReplayAsync(city);
                Assert.Equal(["A|0|0", "B|0|1"], await city.SqlAsync("select id, _offset, _position from payments order by id"));
                Assert.Equal(2, await city.CountAsync("quarantine-replayed"));
                Assert.Equal(3, await city.CountAsync("quarantine"));
                await city.AssertAccountedAsync();
            }

            if (!died) break;
        }

        Directory.Delete(pristine, recursive: true);
    }

    [Fact]
    public async Task A_whole_transfer_is_taken_in_and_what_is_wrong_inside_is_quarantined_by_itself()
    {
        using var city = new City(City.Contract.Replace("format: json", "format: json\nrecords: /rows", StringComparison.Ordinal));
        city.Publish("""{"items":[{"id":"A","paid_on":"2026-03-02"},{"id":null,"paid_on":"2026-03-02"}]}""");
        await city.CatchUpAsync();
        Assert.Equal(["records-not-found|-1"], await city.SqlAsync("select reason, _position from quarantine"));

        city.Catalog = City.Load(City.Contract.Replace("format: json", "format: json\nrecords: /items", StringComparison.Ordinal));
        var report = await ReplayAsync(city);
        Assert.Equal((1, 1, 1, 1), (report.Looked, report.TakenIn, report.RecordsWritten, report.RecordsRefusedAnew));
        Assert.Equal(["missing-required|1", "records-not-found|-1"], await city.SqlAsync("select reason, _position from quarantine order by all"));
        Assert.Equal((1, 0), await ReplayAsync(city) is var again ? (again.Looked, again.TakenIn) : default);
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_line_of_several_records_stays_refused_while_one_of_them_is()
    {
        static string Contract(string records) => City.Contract.Replace("format: json", $"format: ndjson\nrecords: /{records}", StringComparison.Ordinal);
        using var city = new City(Contract("rows"));
        city.Publish("""
            {"items":[{"id":"A","paid_on":"2026-03-02"},{"id":"B","amount":"unknown","paid_on":"2026-03-02"}]}
            {"items":[{"id":"C","paid_on":"2026-03-02"},{"id":"D","paid_on":"2026-03-02"}]}
            """);
        await city.CatchUpAsync();
        Assert.Equal(["records-not-found|0", "records-not-found|1"], await city.SqlAsync("select reason, _position from quarantine order by all"));

        city.Catalog = City.Load(Contract("items"));
        var report = await ReplayAsync(city);
        Assert.Equal((2, 1, 3, 0), (report.Looked, report.TakenIn, report.RecordsWritten, report.RecordsRefusedAnew));
        Assert.Equal(1, report.StillRefused["type-mismatch"]);
        Assert.Equal(["A|0", "C|1", "D|1"], await city.SqlAsync("select id, _position from payments order by id"));

        city.Catalog = City.Load(s_mended.Replace("format: json", "format: ndjson\nrecords: /items", StringComparison.Ordinal));
        report = await ReplayAsync(city);
        Assert.Equal((1, 1, 1, 1), (report.Looked, report.TakenIn, report.RecordsWritten, report.RecordsDuplicate));
        Assert.Equal(["A|0", "B|0", "C|1", "D|1"], await city.SqlAsync("select id, _position from payments order by id"));
        Assert.Equal(0, (await ReplayAsync(city)).Looked);
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_row_of_CSV_is_read_with_the_header_it_came_under()
    {
        using var city = new City(Csv);
        city.Publish("\uFEFF\"id\",points\r\nA,1\r\nB,\"drei, vier\"\r\nC,zwei\r\n", "police.fines");
        await city.CatchUpAsync();
        Assert.Equal(2, await city.CountAsync("quarantine"));
        city.Catalog = City.Load(Csv.Replace("type: int }", "type: int, on_mismatch: rescue }", StringComparison.Ordinal));
        var report = await ReplayAsync(city);
        Assert.Equal((2, 2), (report.TakenIn, report.RecordsWritten));
        Assert.Equal(["A|1|null|0", "B|null|{\"points\":\"drei, vier\"}|1", "C|null|{\"points\":\"zwei\"}|2"], await city.SqlAsync("select id, points, _rescued, _position from fines order by id"));
    }

    [Fact]
    public async Task Rows_of_CSV_share_a_header_that_is_too_large_to_be_kept_by_each()
    {
        const int Rows = 80;
        using var city = new City(Csv);
        city.Publish($"id,points,{new string('n', 300_000)}\n{string.Concat(Enumerable.Range(0, Rows).Select(i => $"R{i:00},zwei,\n"))}", "police.fines");
        city.Publish("id,points\nA,zwei\nB,drei\n", "police.fines");
        await city.CatchUpAsync();
        Assert.Equal(Rows + 2, await city.CountAsync("quarantine"));
        var kept = await city.SqlAsync("select dataset, count(header) from quarantine where octet_length(header) > 100 group by all");
        Assert.InRange(int.Parse(Assert.Single(kept).Split('|')[1], System.Globalization.CultureInfo.InvariantCulture), 1, Rows - 1);
        Assert.Equal(["2"], await city.SqlAsync("select count(*) from quarantine where octet_length(header) = 9"));
        city.Catalog = City.Load(Csv.Replace("type: int }", "type: int, on_mismatch: rescue }", StringComparison.Ordinal));
        var report = await ReplayAsync(city);
        Assert.Equal((Rows + 2, Rows + 2), (report.TakenIn, report.RecordsWritten));
        Assert.Equal([$"{Rows + 2}|{Rows}"], await city.SqlAsync("select count(*), count(*) filter (where length(_rescued) > 300000) from fines"));
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task Replays_and_a_worker_at_once_leave_each_record_once()
    {
        using var city = await RefusedAsync();
        for (var i = 0; i < 50; i++) city.Publish($$"""[{"id":"B","paid_on":"2026-03-02"},{"id":"N{{i}}","paid_on":"2026-03-02"}]""");
        var worker = city.CatchUpAsync();
        await Task.WhenAll(worker, ReplayAsync(city), ReplayAsync(city), ReplayAsync(city));
        Assert.Equal(52, await city.CountAsync());
        Assert.Equal(2, await city.CountAsync("quarantine-replayed"));
        await city.AssertAccountedAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_dry_run_refuses_what_the_run_would_refuse(bool dryRun)
    {
        using var city = new City(Csv);
        city.Publish("id,points\r\nA,1\r\nB,zwei\r\n", "police.fines");
        await city.CatchUpAsync();
        city.Catalog = City.Load(Csv.Replace("type: int }", "type: long, on_mismatch: rescue }", StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<Core.Pool.Delta.TableRefusedException>(() => ReplayAsync(city, dryRun));
        Assert.Contains("column 'points' is int in the table and long in the contract", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_rows_of_the_given_reason_are_replayed()
    {
        using var city = await RefusedAsync();
        Assert.Equal(0, (await ReplayAsync(city, reason: "not-json")).Looked);
        Assert.Equal(3, (await ReplayAsync(city, reason: "type-mismatch")).Looked);
    }

    [Fact]
    public async Task The_table_of_what_was_taken_in_is_sealed_and_indexed_like_any_other()
    {
        using var city = await RefusedAsync();
        await ReplayAsync(city);
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, s_mended);
        Assert.NotEmpty(Recent());
        foreach (var command in new[] { "compact --all", "reindex", "vacuum --retain 00:00:00 --force --delete", "verify --index" })
        {
            string[] contracts = command.StartsWith("vacuum", StringComparison.Ordinal) ? [] : ["--contracts", contract];
            Assert.Equal(ExitCodes.Ok, await PoolCommand.Create().Parse([.. command.Split(' '), "--pool", city.Pool, .. contracts]).InvokeAsync(cancellationToken: CancellationToken.None));
        }

        Assert.Empty(Recent());
        Assert.Contains("INDEX REBUILD", string.Concat(Directory.EnumerateFiles(Path.Combine(city.Pool, "quarantine-replayed", "_delta_log"), "*.json").Select(File.ReadAllText)), StringComparison.Ordinal);
        Assert.Equal(2, await city.CountAsync("quarantine-replayed"));

        string[] Recent() => [.. Directory.EnumerateFiles(Path.Combine(city.Pool, "quarantine-replayed"), "part-*.parquet", SearchOption.AllDirectories)];
    }

    private static async Task<ReplayReport> ReplayAsync(City city, bool dryRun = false, string? reason = null, IObjectStore? store = null)
    {
        using var quarantine = await QuarantineRowsReader.OpenAsync((await PoolTables.OpenAsync(city.Pool, CancellationToken.None)), CancellationToken.None);
        var rows = quarantine!.Rows(new QuarantineFilter(null, null, reason, null, WithReplayed: false)).Select(r => r.Record).ToList();
        var services = new EngineServices { Pool = store ?? new LocalStore(city.Pool, Core.IdSource.System), Logger = NullLogger.Instance };
        using var replay = new QuarantineReplay(city.Catalog, services, "kafka", new DecodeLimits(), Path.Combine(city.Folder, "replay-cache"), dryRun);
        await replay.RunAsync(rows, CancellationToken.None);
        return replay.Report;
    }

    /// <summary>The partition that the key went to is the broker's business.</summary>
    private static string[] Normal(string[] ids) => [.. ids.Select(i => System.Text.RegularExpressions.Regex.Replace(i, "^kafka/housing.payments/[01]/", "kafka/housing.payments/0/"))];

    private static string Fingerprint(string folder) =>
        string.Join('\n', Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(f => $"{f} {new FileInfo(f).Length}"));

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
