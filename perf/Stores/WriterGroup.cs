using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Batching;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Perf.Stores;

/// <param name="For">How long to measure.</param>
/// <param name="Every">From the start of a commit to that of the next; zero: at once.</param>
/// <param name="FileBytes">Data of a commit.</param>
/// <param name="Latency">Time added to each call of the store.</param>
internal sealed record WriterLoad(TimeSpan For, TimeSpan Every, int FileBytes, TimeSpan Latency);

/// <param name="LostRacesPerCommit">Puts of a log entry whose slot was taken, and batches sent back to look at rivals' rows.</param>
/// <param name="WastedShare">Bytes written for nothing, of all bytes written.</param>
/// <param name="LogReadMs">Mean time to read what rivals have committed.</param>
internal sealed record WriterFigures(double CommitsPerSecond, double LostRacesPerCommit, double WastedShare, double MedianMs, double P99Ms, double LogReadMs);

/// <summary>
/// Workers on one table as far as store and log see them: each uploads a data file and an index run and commits them by the product's own protocol, each with an opened table of its
/// own. Rows do not collide, as between departments; what is measured is the race for the log.
/// </summary>
internal static class WriterGroup
{
    private const int KeysPerCommit = 1_000;
    private const string Schema = """{"type":"struct","fields":[{"name":"id","type":"string","nullable":true,"metadata":{}},{"name":"department","type":"string","nullable":true,"metadata":{}}]}""";

    private static readonly TableSpec s_spec = new("perf", null, Schema, ["department"], "perf", 100);

    public static async Task<WriterFigures> RunAsync(IObjectStore plain, int count, WriterLoad load, CancellationToken cancellation)
    {
        var counting = new CountingStore(plain, load.Latency);
        var store = new RetryingStore(counting, new StoreRetryOptions(), TimeProvider.System);
        var tables = new DeltaTable[count];
        for (var i = 0; i < count; i++) tables[i] = await DeltaTable.OpenOrCreateAsync(store, s_spec, IdSource.System, TimeProvider.System, cancellation).ConfigureAwait(false);

        counting.Reset();
        var latencies = new ConcurrentBag<double>();
        var sentBack = 0;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(tables.Select((table, i) => Task.Run(async () =>
        {
            var offset = 0L;

            // Workers that began at the same moment would stay in step and meet at every commit; those of a city do not.
            await Task.Delay(load.Every * i / count, TimeProvider.System, cancellation).ConfigureAwait(false);
            while (Stopwatch.GetElapsedTime(started) < load.For)
            {
                var began = Stopwatch.GetTimestamp();
                var back = await CommitAsync(store, table, i, offset++, load.FileBytes, cancellation).ConfigureAwait(false);
                Interlocked.Add(ref sentBack, back);
                latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                var rest = load.Every - Stopwatch.GetElapsedTime(began);
                if (rest > TimeSpan.Zero) await Task.Delay(rest, TimeProvider.System, cancellation).ConfigureAwait(false);
            }
        }, cancellation))).ConfigureAwait(false);

        var took = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var sorted = latencies.Order().ToArray();
        await ProveAsync(store, sorted.Length, cancellation).ConfigureAwait(false);
        return new WriterFigures(
            sorted.Length / took, (double)(counting.LostPuts + sentBack) / sorted.Length, (double)counting.LostBytes / counting.WrittenBytes,
            sorted[sorted.Length / 2], sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(sorted.Length * 0.99) - 1)], counting.MeanReadMs);
    }

    /// <summary>Uploads and commits; how often the batch was sent back because rivals' runs had to be looked at.</summary>
    private static async Task<int> CommitAsync(IObjectStore store, DeltaTable table, int partition, long offset, int bytes, CancellationToken cancellation)
    {
        var id = IdSource.System.Next();
        var content = new byte[bytes];
        new Random(id.GetHashCode()).NextBytes(content);
        var keys = new UInt128[KeysPerCommit];
        new Random(id.GetHashCode()).NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(keys.AsSpan()));
        var (run, runBytes) = RunWriter.Encode($"{id:N}.run", keys, []);
        var deduplicatedAt = table.Current.Version;
        var path = $"department=d{partition.ToString(CultureInfo.InvariantCulture)}/part-{id:N}.zstd.parquet";
        await store.CreateUniqueAsync(path, content, cancellation).ConfigureAwait(false);
        await store.CreateUniqueAsync(IndexNames.Run(run.Name), runBytes, cancellation).ConfigureAwait(false);
        var source = new TopicPartition("perf", partition);
        for (var back = 0; ; back++)
        {
            var request = new CommitRequest
            {
                TransactionId = id,
                Files = [new DataFile(path, [$"d{partition}"], bytes, KeysPerCommit, run.Sum, $$"""{"numRecords":{{KeysPerCommit}}}""")],
                Ranges = [new RangeAccount { Right = new CommitRight(source, offset), Department = $"d{partition}", Range = new OffsetRange(offset, offset + 1), Records = KeysPerCommit, Written = KeysPerCommit, Duplicates = 0, Quarantined = 0, PublishedUntilMs = 0 }],
                Run = run,
                ContractHash = "perf",
                DeduplicatedAt = deduplicatedAt,
            };
            switch (await table.CommitAsync(request, s => AppId.For("perf", s), cancellation).ConfigureAwait(false))
            {
                case CommitOutcome.Committed committed:
                    if (committed.CheckpointDue) await table.WriteCheckpointAsync(committed.Version, cancellation).ConfigureAwait(false);
                    return back;
                case CommitOutcome.Overtaken overtaken:
                    // The worker fetches the rivals' runs and looks for its own keys; so does this.
                    foreach (var rival in overtaken.NewRuns) await store.ReadAsync(IndexNames.Run(rival.Name), cancellation).ConfigureAwait(false);
                    deduplicatedAt = overtaken.Version;
                    break;
                case var other:
                    throw new InvalidOperationException($"A writer of the measurement was not to be stopped: {other}");
            }
        }
    }

    /// <summary>Figures of a log that lost a commit would be worth nothing.</summary>
    private static async Task ProveAsync(IObjectStore store, int commits, CancellationToken cancellation)
    {
        var snapshot = await LogReader.LoadAsync(store, cancellation).ConfigureAwait(false);
        if (snapshot is null || snapshot.LiveRows != (long)commits * KeysPerCommit || snapshot.Index.TotalKeys != snapshot.LiveRows)
            throw new InvalidDataException($"{commits} commits of {KeysPerCommit} rows were told, and the table has {snapshot?.LiveRows} rows and {snapshot?.Index.TotalKeys} fingerprints.");
    }
}
