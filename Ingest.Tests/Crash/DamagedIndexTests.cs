using System.Globalization;
using Ingest.Tests.EndToEnd;
using Ingest.Worker.Commands;

namespace Ingest.Tests.Crash;

/// <summary>Bytes of an index run change under a real worker, in its own copy and in the store.</summary>
public sealed class DamagedIndexTests
{
    /// <summary>More than a run has that is held in memory: this one is mapped.</summary>
    private const int Records = 40_000;

    private const int PageBytes = 4096;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_worker_stops_loudly_and_once_the_index_is_made_anew_all_goes_on_exact(bool byCommand)
    {
        using var city = new City();
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract);
        var settings = new Dictionary<string, string>
        {
            ["Ingest__Kafka__BootstrapServers"] = city.Brokers,
            ["Ingest__Kafka__Properties__session.timeout.ms"] = "3000",
            ["Ingest__Kafka__Properties__heartbeat.interval.ms"] = "300",
            ["Ingest__Contracts"] = contract,
            ["Ingest__Pool"] = city.Pool,
            ["Ingest__Table__IndexCache"] = city.Cache,
            ["Ingest__Batching__FlushAfter"] = "00:01:00", // so all is one commit, and one run
        };
        Publish(city, 0, Records);
        await RunAsync(settings, "--until-caught-up");
        Assert.Equal(Records, await city.CountAsync());

        settings["Ingest__Batching__FlushAfter"] = "00:00:00.1";
        using (var worker = new WorkerProcess(settings))
        {
            await worker.UntilLoggedAsync("Assigned");
            foreach (var run in Runs(city.Cache).Concat(Runs(city.Pool))) Harm(run);
            Publish(city, Records - 1_000, Records + 1_000);
            Assert.True(await worker.ExitAsync() == ExitCodes.Stopped, worker.Output);
            var told = Assert.Single(worker.Output.Split('\n'), line => line.Contains("pool reindex", StringComparison.Ordinal));
            Assert.Contains("does not match its checksum. Nothing is written until the index is whole: rebuild it from the table with 'pool reindex'.", told, StringComparison.Ordinal);
        }

        // Nothing came in after the damage, neither twice nor once; and verify tells it as well.
        Assert.Equal(Records, await city.CountAsync());
        string[] pool = ["--pool", city.Pool, "--contracts", contract];
        using (var verify = WorkerProcess.Command(["pool", "verify", "--index", .. pool]))
        {
            Assert.True(await verify.ExitAsync() == ExitCodes.Failed, verify.Output);
            Assert.Contains("does not match its checksum", verify.Output, StringComparison.Ordinal);
        }

        if (byCommand)
        {
            using var reindex = WorkerProcess.Command(["pool", "reindex", "--table", "payments", .. pool]);
            Assert.True(await reindex.ExitAsync() == ExitCodes.Ok, reindex.Output);
        }

        var log = await RunAsync(settings, "--until-caught-up");
        Assert.Equal(!byCommand, log.Contains("rebuilding it from the table's files", StringComparison.Ordinal));
        Assert.DoesNotContain("pool reindex", log, StringComparison.Ordinal); // the worker does it: nobody is told to
        Assert.Equal([$"{Records + 1_000}|{Records + 1_000}"], await city.SqlAsync("select count(*), count(distinct id) from payments"));
        await city.AssertAccountedAsync();
        using var again = WorkerProcess.Command(["pool", "verify", "--index", .. pool]);
        Assert.True(await again.ExitAsync() == ExitCodes.Ok, again.Output);
    }

    private static void Publish(City city, int from, int to)
    {
        for (var i = from; i < to; i += 500)
            city.Publish($"[{string.Join(',', Enumerable.Range(i, 500).Select(n => $$"""{"id":"A{{n}}","paid_on":"2026-03-02"}"""))}]", key: i.ToString(CultureInfo.InvariantCulture));
        city.Delivered();
    }

    private static async Task<string> RunAsync(Dictionary<string, string> settings, string argument)
    {
        using var worker = new WorkerProcess(settings, argument);
        Assert.True(await worker.ExitAsync() == ExitCodes.Ok, worker.Output);
        return worker.Output;
    }

    private static List<string> Runs(string folder)
    {
        List<string> runs = [.. Directory.EnumerateFiles(folder, "*.run", SearchOption.AllDirectories).Where(f => new FileInfo(f).Length > Records * 16)];
        Assert.NotEmpty(runs);
        return runs;
    }

    /// <summary>A bit of each page, in place: whoever has the file mapped sees it, too. Its end, which says what it is, stays whole.</summary>
    private static void Harm(string run)
    {
        using var file = new FileStream(run, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (var at = 100L; at < file.Length - (2 * PageBytes); at += PageBytes)
        {
            file.Position = at;
            var value = file.ReadByte();
            file.Position = at;
            file.WriteByte((byte)(value ^ 0x40));
        }
    }
}
