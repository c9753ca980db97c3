using System.Diagnostics;
using System.Globalization;
using System.Text;
using Ingest.Core;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Perf.Growth;

/// <summary>Start-up and the next commit on a table with a long log: each entry adds a file and moves an offset, and the newest checkpoint is half an interval old.</summary>
internal static class LogGrowth
{
    private const int SinceCheckpoint = 50;

    private static readonly GrowthCase s_shape = new("log", 1, 1, 10, 20_000);

    public static async Task<string> MeasureAsync(int[] lengths, string folder, CancellationToken cancellation)
    {
        var page = new StringBuilder("## Growth: commits\n| commits in the log | log MB | until the first chunk can be read, s | until all is committed, s |\n|--:|--:|--:|--:|\n");
        foreach (var commits in lengths)
        {
            var root = Path.Combine(folder, "growth-" + IdSource.System.Next().ToString("N"));
            try
            {
                var pool = new LocalStore(Directory.CreateDirectory(Path.Combine(root, "pool")).FullName, IdSource.System);
                var catalog = CatalogLoader.Load([new ContractSource("growth.yaml", s_shape.Contract())]).Catalog!;
                var started = Stopwatch.GetTimestamp();
                await LengthenAsync(pool, catalog, commits, cancellation).ConfigureAwait(false);
                var bytes = Directory.EnumerateFiles(Path.Combine(root, "pool", "growth", "_delta_log")).Sum(f => new FileInfo(f).Length);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {commits} commits written in {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s"));

                // Twice: the first start also compiles.
                var (start, whole) = (0d, 0d);
                for (var run = 0; run < 2; run++) (start, whole) = await StartAsync(pool, catalog, Path.Combine(root, "cache"), run, cancellation).ConfigureAwait(false);
                page.Append(CultureInfo.InvariantCulture, $"| {commits:N0} | {bytes / 1e6:F1} | {start:F3} | {whole:F3} |\n");
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {commits} commits: start {start:F3} s, all committed after {whole:F3} s"));
            }
            finally
            {
                if (Directory.Exists(root)) Directory.Delete(root, recursive: true);
            }
        }

        return page.Append("\nIn a warm process, local disk. `dotnet run --project perf -c Release -- growth --only commits`\n").ToString();
    }

    /// <summary>Each commit adds a file with one row and the run of its key, and merges the runs before it: the index stays right, and its last runs are all that must be there.</summary>
    private static async Task LengthenAsync(LocalStore pool, Catalog catalog, int commits, CancellationToken cancellation)
    {
        var plan = catalog.Datasets[0];
        var store = new PrefixedStore(pool, plan.Name);
        var table = await DeltaTable.OpenOrCreateAsync(store, TableSpecs.For(plan, int.MaxValue), IdSource.System, TimeProvider.System, cancellation).ConfigureAwait(false);
        var right = new CommitRight(new TopicPartition(GrowthCase.Topic(0), 99), 0);
        RunDescriptor? merged = null, last = null;
        for (var i = 0; i < commits; i++)
        {
            var account = new RangeAccount
            {
                Right = right,
                Department = GrowthCase.Department(0),
                Range = new OffsetRange(i, i + 1),
                Records = 1,
                Written = 1,
                Duplicates = 0,
                Quarantined = 0,
                PublishedUntilMs = 0,
            };
            var id = IdSource.System.Next();
            var file = new DataFile(string.Create(CultureInfo.InvariantCulture, $"department=d00/event_date=2025-01-01/part-{id:N}.parquet"), ["d00", "2025-01-01"], 1, 1, Key(i), """{"numRecords":1}""");
            var merge = last is null ? null : new RunMerge(merged is null ? [last] : [merged, last], RunOf($"all-{i:D8}.run", i, (merged?.Sum ?? 0) + last.Sum));
            last = RunOf($"one-{i:D8}.run", 1, Key(i));
            merged = merge?.Added;
            var request = new CommitRequest { TransactionId = id, Files = [file], Ranges = [account], Run = last, Merge = merge, ContractHash = plan.ContractHash, DeduplicatedAt = table.Current.Version };
            var outcome = await table.CommitAsync(request, s => AppId.For("kafka", s), cancellation).ConfigureAwait(false);
            if (outcome is not CommitOutcome.Committed committed) throw new InvalidOperationException($"Commit {i} was not made: {outcome}");
            if (i == Math.Max(0, commits - SinceCheckpoint)) await table.WriteCheckpointAsync(committed.Version, cancellation).ConfigureAwait(false);
        }

        if (merged is not null) await WriteRunAsync(store, merged, Enumerable.Range(0, commits - 1), cancellation).ConfigureAwait(false);
        if (last is not null) await WriteRunAsync(store, last, [commits - 1], cancellation).ConfigureAwait(false);
    }

    /// <summary>Never those of the records that come: nothing has these lower halves.</summary>
    private static UInt128 Key(int commit) => new((ulong)commit + 1, 1);

    private static RunDescriptor RunOf(string name, int keys, UInt128 sum) => new(name, keys, sum, RunGeometry.For(keys, hasContents: false).FileBytes);

    private static async Task WriteRunAsync(PrefixedStore store, RunDescriptor run, IEnumerable<int> commits, CancellationToken cancellation)
    {
        var (written, bytes) = RunWriter.Encode(run.Name, [.. commits.Select(Key)], []);
        if (written != run) throw new InvalidOperationException($"The run was written as {written}, and the log says {run}.");
        await store.CreateUniqueAsync(IndexNames.Run(run.Name), bytes, cancellation).ConfigureAwait(false);
    }

    private static async Task<(double Start, double Whole)> StartAsync(LocalStore pool, Catalog catalog, string cache, int run, CancellationToken cancellation)
    {
        var options = new EngineOptions { CacheFolder = cache, UntilCaughtUp = true, SourceName = string.Create(CultureInfo.InvariantCulture, $"run-{run}") };
        using var engine = new IngestEngine(options, catalog, new EngineServices { Pool = pool, Logger = NullLogger.Instance });
        using var source = new PreparedSource(s_shape, engine.Budget);
        var started = Stopwatch.GetTimestamp();
        await engine.RunAsync(source, cancellation).ConfigureAwait(false);
        return (Stopwatch.GetElapsedTime(started, source.FirstChunkAt).TotalSeconds, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }
}
