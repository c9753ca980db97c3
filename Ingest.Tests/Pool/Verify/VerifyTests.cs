using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Verify;
using Ingest.Tests.EndToEnd;
using Ingest.Worker.Commands;

namespace Ingest.Tests.Pool.Verify;

/// <summary>A good pool passes; every kind of harm is found, and by the check that is meant to find it.</summary>
public sealed class VerifyTests : IDisposable
{
    private static readonly Lazy<Task<City>> s_good = new(NewPoolAsync);

    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-verify-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_good_pool_has_no_finding()
    {
        await CopyAsync();
        Assert.Empty(await VerifyAsync());
        Assert.Empty(await VerifyAsync(QuarantineDataset.Name));
    }

    public static TheoryData<string, string> Harms => new()
    {
        { "delete a data file", CheckList.Files },
        { "cut a data file short", CheckList.Files },
        { "damage a data file", CheckList.Footers },
        { "count a record twice", CheckList.Offsets },
        { "move a range", CheckList.Offsets },
        { "narrow a bound", CheckList.Statistics },
        { "miscount nulls", CheckList.Statistics },
        { "move a partition value", CheckList.Paths },
        { "forget a key in the index", CheckList.Index },
        { "delete a run", CheckList.Index },
        { "damage a run", CheckList.Fingerprints },
        { "change a sum", CheckList.Fingerprints },
    };

    [Theory]
    [MemberData(nameof(Harms))]
    public async Task Harm_is_found(string harm, string check)
    {
        await CopyAsync();
        Harm(Path.Combine(_folder, "payments"), harm);
        Assert.Contains(await VerifyAsync(), f => f.IsError && f.Check == check);
    }

    [Fact]
    public async Task A_log_with_a_hole_is_refused()
    {
        await CopyAsync();
        File.Delete(Path.Combine(_folder, "payments", LogNames.Entry(2)));
        var store = new Core.Stores.LocalStore(Path.Combine(_folder, "payments"), Core.IdSource.System);
        var refused = await Assert.ThrowsAsync<InvalidDataException>(async () => await LogReader.LoadAsync(store, CancellationToken.None));
        Assert.Contains("entry 2 is missing", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_about_verify_lists_every_check()
    {
        var page = File.ReadAllText(Path.Combine(Tidy.SourceTree.Root, "docs", "verify.md"));
        Assert.All(CheckList.All, c => Assert.Contains($"| `{c.Name}` | {c.Meaning} |", page, StringComparison.Ordinal));
    }

    private static async Task<City> NewPoolAsync()
    {
        var city = new City();
        for (var i = 0; i < 3; i++)
        {
            city.Publish($$"""[{"id":"A{{i}}","amount":"{{i}}.50","paid_on":"2026-03-02"},{"id":"B{{i}}","paid_on":"2026-03-02"},{"id":"C{{i}}","paid_on":"never"}]""");
            await city.CatchUpAsync();
        }

        return city;
    }

    /// <summary>Each test harms a copy of its own.</summary>
    private async Task CopyAsync()
    {
        var pool = (await s_good.Value).Pool;
        foreach (var file in Directory.EnumerateFiles(pool, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(_folder, Path.GetRelativePath(pool, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private async Task<List<Finding>> VerifyAsync(string name = "payments")
    {
        var table = (await PoolTables.OpenAsync(_folder, CancellationToken.None)).Tables.Single(t => t.Name == name);
        var plan = name == QuarantineDataset.Name ? QuarantineDataset.Plan : (await s_good.Value).Catalog.Datasets.Single();
        var findings = (await TableVerifier.RunAsync(table.Store, table.Snapshot, TimeProvider.System, CancellationToken.None)).ToList();
        if (findings.All(f => f.Check is not (CheckList.Files or CheckList.Footers)))
            findings.AddRange(await IndexCheck.RunAsync(plan, table.Store, table.Snapshot, Directory.CreateDirectory(Path.Combine(_folder, "_work")).FullName, CancellationToken.None));
        return findings;
    }

    private static void Harm(string table, string harm)
    {
        var data = Directory.EnumerateFiles(table, "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        var run = Directory.EnumerateFiles(table, "*.run", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        switch (harm)
        {
            case "delete a data file": File.Delete(data); break;
            case "cut a data file short": File.WriteAllBytes(data, File.ReadAllBytes(data)[..^7]); break;
            case "damage a data file": File.WriteAllBytes(data, new byte[new FileInfo(data).Length]); break;
            case "count a record twice": Edit(table, "\"duplicates\":0", "\"duplicates\":1"); break;
            case "move a range": Edit(table, "\"from\":1", "\"from\":0"); break;
            case "narrow a bound": Edit(table, "\\\"amount\\\":1.50", "\\\"amount\\\":1.60"); break;
            case "miscount nulls": Edit(table, "\\\"amount\\\":1,", "\\\"amount\\\":2,"); break;
            case "move a partition value": Edit(table, "\"event_date\":\"2026-03-02\"", "\"event_date\":\"2026-03-03\""); break;
            case "forget a key in the index": Edit(table, "\"keys\":2,\"sum\"", "\"keys\":1,\"sum\""); break;
            case "delete a run": File.Delete(run); break;
            case "damage a run":
                var bytes = File.ReadAllBytes(run);
                bytes[8] ^= 1;
                File.WriteAllBytes(run, bytes);
                break;
            case "change a sum": Edit(table, "\"ingest.keySum\":\"", "\"ingest.keySum\":\"0000000000000000000000000000000"); break;
            default: throw new ArgumentOutOfRangeException(nameof(harm));
        }
    }

    /// <summary>Changes the second commit's entry; the harm must be there to be done.</summary>
    private static void Edit(string table, string from, string to)
    {
        var entry = Path.Combine(table, LogNames.Entry(2));
        var text = File.ReadAllText(entry);
        Assert.Contains(from, text, StringComparison.Ordinal);
        text = text.Replace(from, to, StringComparison.Ordinal);
        if (from.Contains("keySum", StringComparison.Ordinal)) text = System.Text.RegularExpressions.Regex.Replace(text, "(\"ingest.keySum\":\"[0-9a-f]{32})[0-9a-f]+", "$1");
        File.WriteAllBytes(entry, Encoding.UTF8.GetBytes(text));
    }
}
