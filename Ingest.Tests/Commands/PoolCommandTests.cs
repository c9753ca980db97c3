using System.CommandLine;
using Ingest.Core.Pool.Delta;
using Ingest.Tests.EndToEnd;
using Ingest.Worker.Commands;

namespace Ingest.Tests.Commands;

/// <summary>Commands that look at a pool never answer "all is well" where they did not look, and tell what is damaged from what was asked wrongly.</summary>
public sealed class PoolCommandTests : IDisposable
{
    private static readonly Lazy<Task<City>> s_pool = new(NewPoolAsync);

    private static readonly InvocationConfiguration s_throws = new() { EnableDefaultExceptionHandler = false };

    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-pool-commands-").FullName;

    public static TheoryData<int, string, string[]> Names => new()
    {
        { 2, "There is no department 'huosing'", ["pool", "ledger", "--department", "huosing"] },
        { 2, "Did you mean 'housing'?", ["pool", "ledger", "--by-hour", "--department", "huosing"] },
        { 2, "There is no department 'nope'", ["pool", "ledger", "--complete", "--department", "nope"] },
        { 2, "There is no department 'nope'", ["quarantine", "ls", "--department", "nope"] },
        { 2, "There is no department 'nope'", ["quarantine", "export", "--department", "nope"] },
        { 2, "--output is 'no/such/folder/x', which cannot be written", ["quarantine", "export", "--output", "no/such/folder/x"] },
        { 2, "There is no department 'nope'", ["quarantine", "replay", "--department", "nope"] },
        { 2, "There is no dataset 'nope'", ["quarantine", "ls", "--dataset", "nope"] },
        { 2, "There is no reason 'type-mismach'. Did you mean 'type-mismatch'?", ["quarantine", "ls", "--reason", "type-mismach"] },
        { 1, "There is no 'nope' in the quarantine", ["quarantine", "show", "nope"] },
        { 2, "There is no table 'nope'", ["pool", "verify", "--table", "nope"] },
        { 2, "There is no table 'nope'", ["pool", "vacuum", "--table", "nope"] },
        { 2, "There is no table 'nope'", ["pool", "compact", "--table", "nope"] },
        { 2, "There is no table 'nope'", ["pool", "reindex", "--table", "nope"] },
        { 2, "No file of any table lies in the partition 'department=nope/event_date=2026-03-02'", ["pool", "compact", "--partition", "department=nope/event_date=2026-03-02/"] },
        { 2, "--id is 'x', which is no topic's id", ["pool", "accept-topic", "--topic", "housing.payments", "--id", "x"] },
        { 2, "--rows is -1. Give at least 0.", ["quarantine", "ls", "--rows", "-1"] },
        { 1, "Tables: \"payments\", \"quarantine\"", ["pool", "sql", "select * from nope"] },
        { 2, "'create' alone does nothing: nothing is kept between queries", ["pool", "sql", "/* mine */ create table x as select * from payments"] },
        { 0, "", ["pool", "sql", "create table x as select * from payments; select * from x"] },
        { 0, "", ["pool", "sql", "create table x as select 1 as a; export database 'out'"] },
        { 2, "--csv and --json are given. Give one of them.", ["pool", "sql", "select 1", "--csv", "--json"] },
        { 2, "--retain is 6.00:00:00. Give at least 7 days (7d)", ["pool", "vacuum", "--retain", "6d"] },
        { 0, "", ["pool", "vacuum", "--retain", "30d"] },
        { 0, "", ["pool", "ledger", "--department", "housing"] },
        { 0, "", ["pool", "ledger", "--department", "traffic"] },
        { 0, "", ["quarantine", "ls", "--department", "traffic", "--dataset", "fines", "--reason", "too-large"] },
        { 0, "", ["pool", "compact", "--partition", "department=housing/event_date=2026-03-02"] },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_name_that_nobody_knows_is_told_and_one_that_only_the_contracts_know_is_not_an_error(int code, string said, string[] arguments)
    {
        await CopyAsync();
        var reads = arguments is ["pool", "vacuum" or "sql" or "accept-topic", ..] or ["quarantine", "show", ..] ? [] : new[] { "--contracts", "contracts" };
        var (exitCode, output, errors) = await WorkerProgram.RunAsync(_folder, [.. arguments, "--pool", "pool", .. reads]);
        Assert.Contains(said, errors, StringComparison.Ordinal);
        Assert.True(exitCode == code, $"Exit code {exitCode}: {errors}{output}");
        if (arguments is ["pool", "ledger", "--department", "traffic"]) Assert.Contains("Nothing of traffic is in the ledger", output, StringComparison.Ordinal);
    }

    /// <summary>A promise is not made of topics that nobody looked at.</summary>
    [Fact]
    public async Task A_mark_waits_for_topics_that_only_the_contracts_know()
    {
        using var city = new City();
        city.Publish("""{"id":"A","paid_on":"2026-03-02"}""");
        await city.CatchUpAsync();
        city.Broker.CreateTopic("housing.more", 1);
        var contract = Path.Combine(_folder, "payments.yaml");
        await File.WriteAllTextAsync(contract, City.Contract.Replace("department: housing }]", "department: housing }, { topic: housing.more, department: housing }]", StringComparison.Ordinal));
        string[] ask = ["pool", "ledger", "--complete", "--csv", "--pool", city.Pool, "--contracts", contract];
        var (_, output, _) = await WorkerProgram.RunAsync(_folder, ask);
        Assert.Matches("payments,housing,kafka,\\d+,,housing.more/0,", output);
        (_, output, _) = await WorkerProgram.RunAsync(_folder, [.. ask, "--brokers", city.Brokers]);
        Assert.Matches("payments,housing,kafka,\\d+,2[-0-9T:.]+Z,,", output);

        city.Publish("{}", "housing.more");
        city.Delivered();
        (_, output, _) = await WorkerProgram.RunAsync(_folder, [.. ask, "--brokers", city.Brokers]);
        Assert.Matches("payments,housing,kafka,\\d+,,housing.more/0,", output);
        string errors;
        (_, _, errors) = await WorkerProgram.RunAsync(_folder, [.. ask[..^1], "nowhere", "--brokers", city.Brokers]);
        Assert.Contains("There are no contracts at 'nowhere', or not all can be read: a topic that no table has read yet is not looked for.", errors, StringComparison.Ordinal);
    }

    /// <summary>A check that was asked for and not made must not end with "The pool is right."</summary>
    [Fact]
    public async Task Verify_of_the_index_says_which_contract_it_lacks()
    {
        await CopyAsync();
        var contract = Path.Combine(_folder, "contracts", "payments.yaml");
        var (code, output, errors) = await WorkerProgram.RunAsync(_folder, "pool", "verify", "--index");
        Assert.True(code == ExitCodes.Ok, errors + output);

        await File.WriteAllTextAsync(contract, City.Contract + "\n  - { name: clerk, type: string }\n");
        (code, output, _) = await WorkerProgram.RunAsync(_folder, "pool", "verify", "--index");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains(" ok, fingerprints: not checked\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", output, StringComparison.Ordinal);
        Assert.Contains("payments: fingerprints: not checked: they are made of 'v2;date=paid_on;content;", output, StringComparison.Ordinal);

        File.Delete(contract);
        (code, output, _) = await WorkerProgram.RunAsync(_folder, "pool", "verify", "--index");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("payments: fingerprints: not checked: no contract in contracts is named 'payments'", output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await WorkerProgram.RunAsync(_folder, "pool", "verify", "--index", "--table", "quarantine")).ExitCode);

        Directory.Delete(Path.Combine(_folder, "contracts"), recursive: true);
        (code, _, errors) = await WorkerProgram.RunAsync(_folder, "pool", "verify", "--index");
        Assert.Equal(ExitCodes.BadConfiguration, code);
        Assert.Contains("There are no contracts at 'contracts': no such file or folder. Give a YAML file or a folder of them with --contracts", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_table_is_a_finding_of_verify_and_the_others_are_still_checked()
    {
        await CopyAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder, "pool", "payments", LogNames.Entry(1)), "{");
        var (code, output, errors) = await WorkerProgram.RunAsync(_folder, "pool", "verify", "--pool", "pool");
        Assert.Equal((ExitCodes.Failed, ""), (code, errors));
        Assert.Contains("error  payments: log: Log entry 1: ", output, StringComparison.Ordinal);
        Assert.Contains("quarantine", output, StringComparison.Ordinal);
        Assert.EndsWith("1 error. What each check means, and what to do: docs/verify.md.\n", output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await WorkerProgram.RunAsync(_folder, "pool", "verify", "--pool", "pool", "--table", "quarantine")).ExitCode);
        foreach (var other in new[] { "stats", "ledger", "vacuum" })
        {
            (code, _, errors) = await WorkerProgram.RunAsync(_folder, "pool", other, "--pool", "pool");
            Assert.Equal(ExitCodes.Failed, code);
            Assert.Contains("error  payments: Log entry 1: ", errors, StringComparison.Ordinal);
            Assert.Contains("payments/_delta_log/00000000000000000001.json is damaged: a line is not an action: {. Restore the file from a copy of the pool", errors, StringComparison.Ordinal);
        }
    }

    /// <summary>Neither "the pool is right" nor a table less.</summary>
    [Fact]
    public async Task A_table_whose_log_is_gone_is_told()
    {
        await CopyAsync();
        Directory.Delete(Path.Combine(_folder, "pool", "payments", "_delta_log"), recursive: true);
        var (code, output, _) = await WorkerProgram.RunAsync(_folder, "pool", "verify", "--pool", "pool");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("error  payments: log: it has files (", output, StringComparison.Ordinal);
        (code, _, var errors) = await WorkerProgram.RunAsync(_folder, "pool", "stats", "--pool", "pool");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("Restore _delta_log from a copy", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_without_rows_says_what_it_did_and_a_lost_file_where_to_look()
    {
        await CopyAsync();
        var (code, output, errors) = await WorkerProgram.RunAsync(_folder, "pool", "sql", "copy (select * from payments limit 3) to 'x.csv'");
        Assert.Equal((ExitCodes.Ok, "Done: 3 rows.\n", ""), (code, output, errors));
        Assert.Equal(4, (await File.ReadAllLinesAsync(Path.Combine(_folder, "x.csv"))).Length);
        Assert.Equal((ExitCodes.Ok, "", "Done.\n"), await WorkerProgram.RunAsync(_folder, "pool", "sql", "set threads = 1", "--csv"));

        foreach (var file in Directory.EnumerateFiles(Path.Combine(_folder, "pool", "payments"), "*.parquet", SearchOption.AllDirectories)) File.Delete(file);
        (code, _, errors) = await WorkerProgram.RunAsync(_folder, "pool", "sql", "select * from payments");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.EndsWith($"That file is the pool's. Look with: pool verify --pool {Path.Combine(_folder, "pool")}\n", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stats_are_there_for_people_and_for_scripts()
    {
        await CopyAsync();
        var (_, output, _) = await WorkerProgram.RunAsync(_folder, "pool", "stats");
        Assert.Matches(@"  payments     4         8      4       [0-9.]+ KiB   1            [0-9-]+ [0-9:]+Z\n", output);
        (_, output, _) = await WorkerProgram.RunAsync(_folder, "pool", "stats", "--json");
        Assert.Matches(@"^\{""table"":""payments"",""version"":4,""rows"":8,""files"":4,""size"":[0-9]+,""partitions"":1,""newest commit"":""[0-9-]+T[0-9:.]+Z""\}\n", output);
    }

    /// <summary>Whoever adds up the ledger is told why the quarantine has more.</summary>
    [Fact]
    public async Task The_ledger_says_what_is_in_the_quarantine_alone()
    {
        await CopyAsync();
        var (_, output, _) = await WorkerProgram.RunAsync(_folder, "pool", "ledger");
        Assert.DoesNotContain("cannot be told", output, StringComparison.Ordinal);
        string Selected(string dataset) => City.Contract.Replace("dataset: payments", $"dataset: {dataset}\nselect: {{ field: kind, equals: {dataset} }}", StringComparison.Ordinal);
        using var city = new City(Selected("payments"), Selected("refunds"));
        city.Publish("""[{"kind":"payments","id":"A","paid_on":"2026-03-02"},{"kind":"refunds","id":"B","paid_on":"never"}]""");
        city.Publish("{");
        await city.CatchUpAsync();
        foreach (var view in new string[][] { [], ["--by-hour"] })
        {
            (_, output, _) = await WorkerProgram.RunAsync(_folder, ["pool", "ledger", "--pool", city.Pool, .. view]);
            Assert.EndsWith("The quarantine has 1 more than the tables count as quarantined: of these the dataset cannot be told, so they are in no table's line.\nEvery offset is accounted for.\n", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Compact_says_when_there_is_nothing_to_do()
    {
        await CopyAsync();
        var (_, output, _) = await WorkerProgram.RunAsync(_folder, "pool", "compact");
        Assert.EndsWith("Nothing is due; --all seals everything.\n", output, StringComparison.Ordinal);
        (_, output, _) = await WorkerProgram.RunAsync(_folder, "pool", "compact", "--all");
        Assert.DoesNotContain("Nothing", output, StringComparison.Ordinal);
        (_, output, _) = await WorkerProgram.RunAsync(_folder, "pool", "compact", "--all");
        Assert.EndsWith("Nothing is left to seal.\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compact_fails_where_files_cannot_be_read_and_leaves_them()
    {
        await CopyAsync();
        var files = Directory.GetFiles(Path.Combine(_folder, "pool", "payments"), "*.parquet", SearchOption.AllDirectories);
        await File.WriteAllBytesAsync(files[0], new byte[new FileInfo(files[0]).Length], TestContext.Current.CancellationToken);
        var (code, output, errors) = await WorkerProgram.RunAsync(_folder, "pool", "compact", "--all");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.EndsWith($"error  {files.Length} files stay as they are, for not all of them can be read; pool verify names those that cannot.\n", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Nothing is", output, StringComparison.Ordinal);
        Assert.All(files, file => Assert.True(File.Exists(file)));
    }

    [Theory]
    [InlineData("compact")]
    [InlineData("reindex")]
    public async Task A_command_that_misses_the_contracts_names_its_option_for_them(string command)
    {
        await CopyAsync();
        var (code, _, errors) = await WorkerProgram.RunAsync(_folder, "pool", command, "--pool", "pool", "--contracts", "nowhere");
        Assert.Equal(ExitCodes.BadConfiguration, code);
        Assert.Contains("There are no contracts at 'nowhere': no such file or folder. Give a YAML file or a folder of them with --contracts", errors, StringComparison.Ordinal);
    }

    /// <summary>However a file of the log is damaged, verify ends with its own answer: 1 when something is wrong, 0 when nothing needs what is damaged.</summary>
    [Fact]
    public async Task Verify_ends_with_an_answer_whatever_is_damaged()
    {
        await CopyAsync();
        var pool = Path.Combine(_folder, "pool");
        var found = 0;
        foreach (var path in Directory.EnumerateFiles(Path.Combine(pool, "payments"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var whole = await File.ReadAllBytesAsync(path);
            foreach (var harm in new Func<byte[], byte[]>[] { static _ => [], static b => b[..(b.Length / 2)], static b => [.. b.Select((x, i) => i == b.Length / 2 ? (byte)(x ^ 0x41) : x)], static b => [.. b.Reverse()] })
            {
                await File.WriteAllBytesAsync(path, harm(whole));
                var code = await PoolCommand.Create().Parse(["verify", "--pool", pool, "--table", "payments"]).InvokeAsync(s_throws);
                Assert.True(code is ExitCodes.Ok or ExitCodes.Failed, $"{path}: exit code {code}");
                found += code;
            }

            await File.WriteAllBytesAsync(path, whole);
        }

        Assert.True(found > 20, $"{found} harms were found.");
        Assert.Equal(ExitCodes.Ok, await PoolCommand.Create().Parse(["verify", "--pool", pool]).InvokeAsync());
    }

    [Fact]
    public async Task Refused_bytes_are_shown_up_to_what_a_terminal_bears()
    {
        using var city = new City();
        city.Publish("{" + new string('税', 2_000) + "}");
        await city.CatchUpAsync();
        var id = (await city.SqlAsync("select id from quarantine")).Single();
        var (code, output, _) = await WorkerProgram.RunAsync(_folder, "quarantine", "show", id, "--pool", city.Pool);
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains("\n{" + new string('税', 1_365) + "\n… 1,906 more bytes: --full shows them, and 'quarantine export' writes them to a file.\n", output, StringComparison.Ordinal);
        (_, output, _) = await WorkerProgram.RunAsync(_folder, "pool", "ledger", "--by-hour", "--json", "--pool", city.Pool);
        Assert.Contains("\"transfers\":null", Assert.Single(output.Split('\n'), l => l.Contains("\"quarantine\"", StringComparison.Ordinal)), StringComparison.Ordinal);
        (_, output, _) = await WorkerProgram.RunAsync(_folder, "quarantine", "show", id, "--full", "--pool", city.Pool);
        Assert.EndsWith("\n{" + new string('税', 2_000) + "}\n", output, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<City> NewPoolAsync()
    {
        var city = new City();
        for (var i = 0; i < 4; i++)
        {
            city.Publish($$"""[{"id":"A{{i}}","amount":"{{i}}.50","paid_on":"2026-03-02"},{"id":"B{{i}}","paid_on":"2026-03-02"},{"id":"C{{i}}","paid_on":"never"}]""");
            await city.CatchUpAsync();
        }

        return city;
    }

    private async Task CopyAsync()
    {
        var source = (await s_pool.Value).Pool;
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(_folder, "pool", Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        Directory.CreateDirectory(Path.Combine(_folder, "contracts"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "contracts", "payments.yaml"), City.Contract);
        await File.WriteAllTextAsync(Path.Combine(_folder, "contracts", "fines.yaml"), """
            dataset: fines
            topics: [{ topic: police.fines, department: traffic }]
            format: json
            time_zone: Asia/Shanghai
            columns:
              - { name: id, type: string, required: true }
            """);
    }
}
