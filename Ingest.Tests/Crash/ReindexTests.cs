using System.Globalization;
using Ingest.Core;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Tests.EndToEnd;

namespace Ingest.Tests.Crash;

/// <summary><c>pool reindex</c> as a process that is killed without a chance to say goodbye.</summary>
public sealed class ReindexTests
{
    private const int Kills = 20;
    private const int Records = 60_000;

    [Fact]
    public async Task Killed_twenty_times_it_goes_on_where_it_was_and_ends_with_the_same_index()
    {
        using var city = new City();
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract);
        for (var i = 0; i < Records; i += 500)
            city.Publish($"[{string.Join(',', Enumerable.Range(i, 500).Select(n => $$"""{"id":"A{{n}}","paid_on":"2026-03-{{1 + (n % 28):D2}}"}"""))}]", key: $"{i}");
        await city.CatchUpAsync();
        var table = new PrefixedStore(new LocalStore(city.Pool, IdSource.System), "payments");
        var wanted = await KeysAsync(city, table);
        Assert.Equal(Records, wanted.Length);

        // The runs are lost; the table is all there is.
        foreach (var run in Directory.GetFiles(city.Pool, "*.run", SearchOption.AllDirectories)) File.Delete(run);
        var work = Path.Combine(city.Folder, "work");
        string[] arguments = ["pool", "reindex", "--pool", city.Pool, "--table", "payments", "--contracts", contract, "--work", work, "--memory", "1"];
        var random = new Random(7);
        var midway = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = WorkerProcess.Command(arguments);

            // Once something more of it is on disk than the last one left, and a moment later.
            var before = FilesIn(work);
            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            while (FilesIn(work).SetEquals(before) && !process.HasExited) await Task.Delay(5, deadline.Token);
            await Task.Delay(random.Next(0, 40));
            if (!process.HasExited) midway++;
            process.Kill();
        }

        using var last = WorkerProcess.Command(arguments);
        Assert.True(await last.ExitAsync() == 0, last.Output);
        Assert.Contains($"payments: {Records.ToString("N0", CultureInfo.InvariantCulture)} fingerprints", last.Output, StringComparison.Ordinal);
        Assert.Equal(wanted, await KeysAsync(city, table));
        Assert.InRange(midway, 1, Kills);
        Assert.False(Directory.Exists(work) && Directory.EnumerateFiles(work, "*", SearchOption.AllDirectories).Any());

        // And a worker believes it.
        city.Publish("""{"id":"A17","paid_on":"2026-03-18"}""");
        Assert.Equal(1, (await city.CatchUpAsync()).Duplicates);
        await city.AssertAccountedAsync();
    }

    [Fact]
    public async Task It_is_refused_with_a_contract_that_would_make_other_fingerprints()
    {
        using var city = new City();
        city.Publish("""{"id":"A1","paid_on":"2026-03-18"}""");
        await city.CatchUpAsync();
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract + "\n  - { name: clerk, type: string }\n");
        using var process = WorkerProcess.Command("pool", "reindex", "--pool", city.Pool, "--contracts", contract);
        Assert.Equal(1, await process.ExitAsync());
        Assert.Contains("its fingerprints are made of 'v2;date=paid_on;content;", process.Output, StringComparison.Ordinal);
    }

    private static HashSet<string> FilesIn(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)] : [];
        }
        catch (DirectoryNotFoundException)
        {
            return []; // swept while being listed
        }
    }

    private static async Task<UInt128[]> KeysAsync(City city, IObjectStore table)
    {
        var snapshot = (await LogReader.LoadAsync(table, CancellationToken.None))!;
        var cache = new LocalRunCache(Path.Combine(city.Folder, "keys"));
        var keys = new List<UInt128>();
        foreach (var run in snapshot.Index.Runs)
        {
            using var reader = await cache.OpenAsync(table, run, false, CancellationToken.None);
            var cursor = new RunCursor(reader);
            while (cursor.MoveNext()) keys.Add(cursor.Key);
        }

        Assert.Equal(snapshot.Index.TotalKeys, keys.Count);
        return [.. keys.Order()];
    }
}
