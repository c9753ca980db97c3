using System.Collections.Immutable;
using Ingest.Core;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Pool.Verify;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;
using Ingest.Tests.Batching;
using Ingest.Tests.Contracts;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Pool.Sealing;

/// <summary>A table with real files, written commit by commit as ingest does, and sealers that work on it.</summary>
internal sealed class SealedTable : IDisposable
{
    public static TopicPlan Topic { get; } = Yaml.Topic(Yaml.Cars("event_date: d", "name: s, type: string", "name: i, type: int", "name: p38, type: 'decimal(38,10)'", "name: d, type: date", "name: t, type: timestamp"));

    private static readonly DatasetPlan s_plan = Topic.Datasets[0].Plan;

    private readonly TemporaryFolder _work = new();
    private readonly IdSource _ids = new SeededIdSource(7);
    private int _rows;
    private int _workers;

    public SealedTable(IObjectStore? store = null, int checkpointInterval = 1000)
    {
        Store = store ?? new MemoryStore(Time);
        Table = DeltaTable.OpenOrCreateAsync(Store, TableSpecs.For(s_plan, checkpointInterval), _ids, Time, default).AsTask().GetAwaiter().GetResult();
    }

    public static DatasetPlan Plan => s_plan;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero));

    public IObjectStore Store { get; }

    public DeltaTable Table { get; }

    /// <summary>A local folder for what is not a sealer's.</summary>
    public string WorkFolder => _work.Path;

    /// <summary>Commits one file of new rows on a day (null: without a date).</summary>
    public async Task CommitAsync(int rows, int? day = 20_000)
    {
        List<object?[]> values = [];
        for (var i = 0; i < rows; i++, _rows++)
            values.Add([$"text {_rows} {new string('x', _rows % 50)}", _rows % 5 == 0 ? null : _rows, (Int128)_rows, day, _rows * 7_919L % 1_000_003]);
        List<DataFile> files = [];
        List<UInt128> keys = [];
        foreach (var batch in TypedRows.Seal(Topic, values))
        {
            using var file = await new DataFileWriter().EncodeAsync(s_plan, batch, _ids.Next(), default);
            await Store.CreateUniqueAsync(file.File.Path, file.Content, default);
            files.Add(file.File);
            keys.AddRange(batch.Keys);
        }

        var from = Table.Current.Txns.GetValueOrDefault("test/0");
        var (run, bytes) = RunWriter.Encode($"{_ids.Next():N}.run", keys.ToArray(), []);
        await Store.CreateUniqueAsync(IndexNames.Run(run.Name), bytes, default);
        var request = new CommitRequest
        {
            TransactionId = _ids.Next(),
            Files = files,
            Ranges = [new RangeAccount { Right = new CommitRight(new TopicPartition("cars", 0), from), Department = Topic.Department, Range = new OffsetRange(from, from + rows), Records = rows, Written = rows, Duplicates = 0, Quarantined = 0, PublishedUntilMs = 0 }],
            Run = run,
            DeduplicatedAt = Table.Current.Version,
            ContractHash = "",
        };
        Assert.IsType<CommitOutcome.Committed>(await Table.CommitAsync(request, _ => "test/0", default));
        Time.Advance(TimeSpan.FromSeconds(2));
    }

    public TableSealer Sealer(IObjectStore? store = null, SealingOptions? options = null, Throttle? throttle = null, int mergesAtOnce = 1)
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(_work.Path, $"worker-{_workers++}")).FullName;
        return new TableSealer(s_plan, store ?? Store, new SealerServices(folder, new SeededIdSource(100 + _workers), Time, throttle ?? Throttle.None(Time), NullLogger.Instance) { MergesAtOnce = mergesAtOnce }, options ?? new SealingOptions());
    }

    /// <summary>Files that sealers have left in their work folders.</summary>
    public int LeftInWorkFolders() => Directory.GetFiles(_work.Path, "*", SearchOption.AllDirectories).Length;

    public void DeleteWorkFolders() => Directory.Delete(_work.Path, recursive: true);

    /// <summary>Seals until nothing is due.</summary>
    public async Task<List<SealReport>> SealAsync(SealScope? scope = null, SealingOptions? options = null, int mergesAtOnce = 1)
    {
        var sealer = Sealer(options: options, mergesAtOnce: mergesAtOnce);
        List<SealReport> reports = [];
        while (await sealer.RunOnceAsync(scope ?? SealScope.All, default) is { } report) reports.Add(report);
        return reports;
    }

    public async Task<IReadOnlyList<string>> LiveAsync() =>
        [.. (await LogReader.LiveFilesAsync(Store, (await Table.RefreshAsync(default)).Version, default)).Keys.Order(StringComparer.Ordinal)];

    /// <summary>Objects in the partition folders: what a plain glob shows.</summary>
    public async Task<List<string>> GlobAsync()
    {
        List<string> found = [];
        await foreach (var item in Store.ListAsync("department=", null, default)) found.Add(item.Name);
        return found;
    }

    /// <summary>The numbers that rows carry in their third column, sorted: each row has another.</summary>
    public async Task<List<int>> RowsAsync(IEnumerable<string> files)
    {
        List<int> rows = [];
        foreach (var file in files)
        {
            using var content = new MemoryStream((await Store.ReadAsync(file, default))!);
            await using var reader = await DataFileReader.OpenAsync(content, s_plan, new Dictionary<string, string?> { ["department"] = Topic.Department, ["event_date"] = null }, default);
            var records = new Core.Normalizing.NormalizedRecords(s_plan);
            for (var g = 0; g < reader.RowGroups; g++)
            {
                await reader.ReadAsync(g, records, default);
                rows.AddRange(((Core.Normalizing.FixedVector<Int128>)records.Columns[2]).Values.Take(records.Count).Select(v => (int)v));
            }
        }

        rows.Sort();
        return rows;
    }

    /// <summary>The log shows each row once; the glob shows none twice; verify finds nothing wrong.</summary>
    public async Task AssertRightAsync()
    {
        Assert.Equal(Enumerable.Range(0, _rows), await RowsAsync(await LiveAsync()));
        var visible = await RowsAsync(await GlobAsync());
        Assert.Equal(visible.Distinct(), visible);
        var snapshot = (await LogReader.LoadAsync(Store, default))!;
        Assert.Equal((_rows, snapshot.Index.TotalSum, false), (snapshot.LiveRows, snapshot.KeySum, snapshot.HasUntaggedFiles));
        Assert.Equal(_rows, snapshot.Index.TotalKeys);
        Assert.Equal([], (await TableVerifier.RunAsync(Store, snapshot, Time, default)).Where(f => f.IsError).Select(f => f.What));
    }

    public void Dispose() => _work.Dispose();
}
