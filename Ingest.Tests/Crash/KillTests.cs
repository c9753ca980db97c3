using System.Globalization;
using Ingest.Tests.Chaos.Harness;
using Ingest.Tests.EndToEnd;

namespace Ingest.Tests.Crash;

/// <summary>kill -9 of the real process at random moments, and then an exact comparison.</summary>
public sealed class KillTests
{
    private readonly Random _random = new(20260302);

    [Theory]
    [InlineData("local", 50)]
    [InlineData("s3", 12)]
    [InlineData("azure", 12)]
    public async Task Kills_in_a_row_lose_nothing_and_double_nothing(string store, int kills)
    {
        using var city = City.On(store);
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract);
        var sent = 0;
        var midway = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            Publish(city, ref sent);
            using var worker = new WorkerProcess(Settings(city, contract, kill));

            // Some die while they start, most at work: at a random moment after they have got their partitions.
            if (kill % 5 == 0) await Task.Delay(_random.Next(0, 800));
            else await worker.UntilLoggedAsync("Assigned");
            Publish(city, ref sent);
            await Task.Delay(_random.Next(0, 400));
            Assert.False(worker.HasExited, worker.Output);
            worker.Kill();
            if (worker.Output.Contains("Assigned", StringComparison.Ordinal)) midway++;
        }

        using var last = new WorkerProcess(Settings(city, contract, kills), "--until-caught-up");
        Assert.True(await last.ExitAsync() == 0, last.Output);

        // Every second record was sent in two transfers; every tenth transfer was broken.
        var wanted = Enumerable.Range(0, sent).Where(i => i % 10 != 9)
            .SelectMany(i => new[] { $"A{i}|{i}.50|2026-03-0{1 + (i % 5)}|2026-03-0{1 + (i % 5)}|housing", $"S{i / 2}|null|2026-03-01|2026-03-01|housing" })
            .Distinct().Order(StringComparer.Ordinal);
        var rows = await city.SqlAsync("select id, amount, strftime(paid_on, '%Y-%m-%d'), strftime(event_date, '%Y-%m-%d'), department from payments");
        Assert.Equal(wanted, rows.Order(StringComparer.Ordinal));
        Assert.Equal([$"{rows.Length}"], await city.SqlAsync("select count(distinct (_topic, _partition, _offset, _position)) from payments"));
        Assert.Equal([$"not-json|{sent / 10}"], await city.SqlAsync("select reason, count(*) from quarantine group by all"));
        await city.AssertAccountedAsync();
        Assert.True(midway > kills / 2, $"Only {midway} of {kills} workers were killed at work.");
    }

    [Fact]
    public async Task SIGTERM_commits_what_is_open_and_exits_with_zero()
    {
        using var city = new City();
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract);
        var sent = 0;
        Publish(city, ref sent);
        var settings = Settings(city, contract, 0);
        settings["Ingest__Batching__FlushAfter"] = "00:10:00";
        var port = FreePorts.Next();
        settings["Ingest__Health__Port"] = port.ToString(CultureInfo.InvariantCulture);
        using var worker = new WorkerProcess(settings);
        await worker.UntilStatusAsync(port, "transfers   20");
        Assert.Empty(await city.SqlAsync("select id from payments"));
        Assert.Equal(0, await worker.TerminateAsync());
        Assert.Equal(28, await city.CountAsync());
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task A_bad_setting_and_a_bad_contract_are_refused_together_with_exit_code_2()
    {
        using var city = new City();
        Directory.CreateDirectory(city.Pool);
        var contract = Path.Combine(city.Pool, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract.Replace("format: json", "format: jsno", StringComparison.Ordinal));
        var settings = Settings(city, contract, 0);
        settings["Ingest__Memory__Budget"] = "a lot";
        settings["Ingest__Kafka__GruopId"] = "x";
        using var worker = new WorkerProcess(settings);
        Assert.Equal(2, await worker.ExitAsync());
        Assert.Contains("contract.yaml:3:9: 'format' is 'jsno'", worker.Output, StringComparison.Ordinal);
        Assert.Contains("GruopId", worker.Output, StringComparison.Ordinal);
    }

    /// <summary>Twenty transfers of two records: one of its own and one that the next transfer repeats; every tenth is broken.</summary>
    private static void Publish(City city, ref int sent)
    {
        for (var end = sent + 20; sent < end; sent++)
        {
            city.Publish(
                sent % 10 == 9 ? "{" : $$"""[{"id":"A{{sent}}","amount":"{{sent}}.5","paid_on":"2026-03-0{{1 + (sent % 5)}}"},{"id":"S{{sent / 2}}","paid_on":"2026-03-01"}]""",
                key: sent.ToString(CultureInfo.InvariantCulture));
        }

        city.Delivered();
    }

    /// <summary>A group of its own each time: where reading starts is the table's business, and the dead need not be waited for.</summary>
    private static Dictionary<string, string> Settings(City city, string contract, int start) => new()
    {
        ["Ingest__Kafka__BootstrapServers"] = city.Brokers,
        ["Ingest__Kafka__GroupId"] = $"kill-{start}",
        ["Ingest__Contracts"] = contract,
        ["Ingest__Pool"] = city.Pool,
        ["Ingest__Batching__FlushAfter"] = "00:00:00.05",
        ["Ingest__Table__CheckpointInterval"] = "5",
        ["Ingest__Table__IndexCache"] = city.Cache,
    };
}
