using System.Text;
using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Pool.Sealing;
using Ingest.Worker.Commands;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Tests.EndToEnd;

/// <summary>Tables partitioned by whatever a contract may name: each is ingested, sealed, proven and indexed anew.</summary>
public sealed class PartitioningTests
{
    private const int FolderBytesMax = 150;

    private static readonly string[] s_parts = ["department", "event_date", "kind", "n"];

    [Fact]
    public async Task Whatever_a_table_is_partitioned_by_it_can_be_sealed_proven_and_indexed_anew()
    {
        // Every set of partition columns, in turned order: one dataset each, of two departments that send equal rows.
        var sets = Enumerable.Range(1, (1 << s_parts.Length) - 1).Select(set => Turned([.. s_parts.Where((_, i) => (set >> i & 1) != 0)], set)).ToArray();
        var contracts = sets.Select((parts, i) => Contract($"t{i}", $"[{string.Join(", ", parts)}]", "[]")).ToArray();
        using var city = new City(contracts);
        var transfers = sets.SelectMany((_, i) => (string[])[Records($"t{i}", 0), Records($"t{i}", 1)]).ToArray();
        foreach (var transfer in transfers)
        {
            foreach (var topic in (string[])["a.all", "b.all"]) city.Publish(transfer, topic);
            if (transfer == transfers[^2]) await city.CatchUpAsync();
        }

        await city.CatchUpAsync();
        await ProveAsync(city, contracts);
        for (var i = 0; i < sets.Length; i++)
        {
            // An empty text is one in a file, and none in a folder.
            string[] kinds = [sets[i].Contains("kind") ? "null" : "", "null", "x", "y/z"];
            var expected = new[] { "a", "b" }.SelectMany(d => new[] { "1", "2" }.SelectMany(day => kinds.SelectMany(k => new[] { "0", "1", "null" }.Select(n => $"{d}|{day}|{k}|{n}")))).Order(StringComparer.Ordinal).ToArray();
            var read = $"select department, day(day), kind, n from t{i}";
            Assert.Equal(expected, (await city.SqlAsync(read)).Order(StringComparer.Ordinal));

            // Nothing is left that a plain glob would not show, and it shows the same.
            var glob = $"'{city.Pool}/t{i}/{string.Concat(sets[i].Select(p => $"{p}=*/"))}*.parquet'";
            var types = string.Join(", ", sets[i].Select(p => $"'{p}': {(p == "n" ? "INTEGER" : p == "event_date" ? "DATE" : "VARCHAR")}"));
            Assert.Equal(expected, (await city.SqlAsync($"select department, day(day), kind, n from read_parquet({glob}, hive_partitioning = true, hive_types = {{{types}}})")).Order(StringComparer.Ordinal));
        }

        foreach (var transfer in transfers)
        {
            foreach (var topic in (string[])["a.all", "b.all"]) city.Publish(transfer, topic);
        }

        Assert.Equal(0, (await city.CatchUpAsync()).Written);
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task Rows_of_several_departments_in_one_partition_come_over_the_local_disk_with_their_own()
    {
        using var city = new City(Contract("plain", "[event_date]", "[\"\"]"));
        for (var i = 0; i < 4; i++)
        {
            foreach (var topic in (string[])["a.all", "b.all"])
                city.Publish($"[{string.Join(',', Enumerable.Range(i * 1000, 1000).Select(n => $$"""{"t":"plain","id":"{{n}}","n":{{n}},"day":"2026-03-02"}"""))}]", topic);
            await city.CatchUpAsync();
        }

        var table = Assert.Single((await PoolTables.OpenAsync(city.Pool, CancellationToken.None)).Tables, t => t.Name == "plain");
        var work = Directory.CreateDirectory(Path.Combine(city.Folder, "work")).FullName;
        var services = new SealerServices(work, IdSource.System, TimeProvider.System, Throttle.None(TimeProvider.System), NullLogger.Instance);
        var sealer = new TableSealer(city.Catalog.Datasets.Single(), table.Store, services, new SealingOptions { MemoryBytes = 100_000, RowGroupRows = 1_000 });
        Assert.Equal(8_000, (await sealer.RunOnceAsync(SealScope.All, CancellationToken.None))!.Rows);
        Assert.Equal(0, sealer.Backlog!.Refused);
        Assert.Equal(["a|4000|4000", "b|4000|4000"], await city.SqlAsync("select department, count(*), count(distinct n) from plain group by all order by all"));
        await ProveAsync(city, [Contract("plain", "[event_date]", "[\"\"]")]);
    }

    [Fact]
    public async Task A_table_that_tells_the_department_of_its_rows_nowhere_is_refused_by_all_that_would_need_it()
    {
        var contract = Contract("plain", "[event_date]", "[\"\"]");
        using var city = new City(contract);
        city.Publish("""{"t":"plain","id":"1"}""", "a.all");
        await city.CatchUpAsync();

        // As versions made it that did not store the column.
        var entry = Path.Combine(city.Pool, "plain", "_delta_log", $"{0:D20}.json");
        var (now, column) = (await File.ReadAllTextAsync(entry), """{\"name\":\"department\",\"type\":\"string\",\"nullable\":true,\"metadata\":{\"comment\":\"Department that the topic is bound to\"}},""");
        Assert.Contains(column, now, StringComparison.Ordinal);
        await File.WriteAllTextAsync(entry, now.Replace(column, "", StringComparison.Ordinal));
        var file = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(file, contract);
        foreach (var command in (string[][])[["compact", "--all"], ["verify", "--index"], ["reindex"]])
            Assert.Equal((command[0], ExitCodes.Failed), (command[0], await PoolCommand.Create().Parse([.. command, "--pool", city.Pool, "--contracts", file]).InvokeAsync(cancellationToken: CancellationToken.None)));
        Assert.False(Directory.Exists(Path.Combine(city.Pool, "plain", "_seal")));
        city.Publish("""{"t":"plain","id":"2"}""", "a.all");
        var refused = await Assert.ThrowsAsync<TableRefusedException>(() => city.CatchUpAsync());
        Assert.StartsWith("Table 'plain': it was made by an earlier version, which stored the department of a row nowhere", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["1"], await city.SqlAsync("select id from plain"));
    }

    [Fact]
    public async Task An_empty_text_in_a_partition_column_is_no_value()
    {
        var contracts = new[] { Contract("plain", "[department, kind]", "[\"-\"]"), Contract("strict", "[department, kind]", "[]", required: true) };
        using var city = new City(contracts);
        foreach (var table in (string[])["plain", "strict"])
            city.Publish(Encoding.UTF8.GetBytes($$"""[{"t":"{{table}}","id":"1","kind":""},{"t":"{{table}}","id":"2","kind":"  "},{"t":"{{table}}","id":"3","kind":"x"},{"t":"{{table}}","id":"1"}]"""), "a.all");
        var status = await city.CatchUpAsync();
        Assert.Equal((4L, 1L), (status.Written, status.Duplicates));
        await ProveAsync(city, contracts);
        Assert.Equal(["1|null", "2|null", "3|x"], await city.SqlAsync("select id, kind from plain order by id"));
        Assert.Equal(["3|x"], await city.SqlAsync("select id, kind from strict order by id"));
        Assert.Equal(["missing-required|3"], await city.SqlAsync("select reason, count(*) from quarantine group by all"));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("中")]
    [InlineData("/")]
    [InlineData(".")]
    public async Task A_text_too_long_for_a_folders_name_is_refused_and_the_rest_goes_on(string letter)
    {
        var contracts = new[]
        {
            Contract("plain", "[kind, event_date]", "[]"),
            Contract("rescued", "[department, kind]", "[]").Replace("name: kind,", "name: kind, on_mismatch: rescue,", StringComparison.Ordinal),
        };
        using var city = new City(contracts);
        var (tooLong, longest) = (Repeat(letter, 300), Repeat(letter, FolderBytesMax / FolderBytes(letter)));
        foreach (var table in (string[])["plain", "rescued"])
        {
            foreach (var kind in (string[])[tooLong, longest, longest + letter]) city.Publish(Encoding.UTF8.GetBytes($$"""{"t":"{{table}}","id":"{{kind.Length}}","kind":"{{kind}}","day":"2026-03-02"}"""), "a.all");
        }

        Assert.Equal(4L, (await city.CatchUpAsync()).Written);
        await ProveAsync(city, contracts);
        Assert.Equal([longest], await city.SqlAsync("select kind from plain"));
        Assert.Equal([$"{longest}|null", $"null|{{\"kind\":\"{longest + letter}\"}}", $"null|{{\"kind\":\"{tooLong}\"}}"], (await city.SqlAsync("select kind, _rescued from rescued")).Order(StringComparer.Ordinal).OrderByDescending(r => r.StartsWith(letter, StringComparison.Ordinal)).ThenBy(r => r.Length));
        Assert.Equal(["out-of-range|kind", "out-of-range|kind"], await city.SqlAsync("select reason, field from quarantine"));
        Assert.All(await city.SqlAsync("select detail from quarantine"), d => Assert.StartsWith($"kind: expected string of at most {FolderBytesMax} bytes in a folder's name, found \"", d, StringComparison.Ordinal));
    }

    private static string Repeat(string letter, int times) => string.Concat(Enumerable.Repeat(letter, times));

    private static int FolderBytes(string letter) => Encoding.UTF8.GetByteCount(PartitionPath.Folder(["k"], [letter])) - "k=/".Length;

    private static string[] Turned(string[] parts, int by) => [.. parts.Skip(by % parts.Length), .. parts.Take(by % parts.Length)];

    private static string Contract(string dataset, string partition, string nullWords, bool required = false) => $$"""
        dataset: {{dataset}}
        topics: [{ topic: a.all, department: a }, { topic: b.all, department: b }]
        format: json
        time_zone: Asia/Shanghai
        select: { field: t, equals: {{dataset}} }
        event_date: day
        partition: {{partition}}
        columns:
          - { name: id, type: string }
          - { name: kind, type: string, null_words: {{nullWords}}, required: {{(required ? "true" : "false")}} }
          - { name: n, type: int }
          - { name: day, type: date }
        """;

    /// <summary>Every kind and number on two days; the ids tell two records with the same of all apart.</summary>
    private static string Records(string table, int half)
    {
        string[] kinds = ["\"\"", "null", "\"x\"", "\"y/z\""];
        var records = kinds.SelectMany((kind, i) => new[] { "0", "1", "null" }.Select(n => $$"""{"t":"{{table}}","id":"{{i}}","kind":{{kind}},"n":{{n}},"day":"2026-03-0{{half + 1}}"}"""));
        return $"[{string.Join(',', records)}]";
    }

    private static async Task ProveAsync(City city, string[] contracts)
    {
        var folder = Directory.CreateDirectory(Path.Combine(city.Folder, "contracts")).FullName;
        for (var i = 0; i < contracts.Length; i++) await File.WriteAllTextAsync(Path.Combine(folder, $"contract-{i}.yaml"), contracts[i]);
        foreach (var command in (string[][])[["verify", "--index"], ["compact", "--all"], ["verify", "--index"], ["reindex"], ["verify", "--index"]])
            Assert.Equal((command[0], ExitCodes.Ok), (command[0], await PoolCommand.Create().Parse([.. command, "--pool", city.Pool, "--contracts", folder]).InvokeAsync(cancellationToken: CancellationToken.None)));
    }
}
