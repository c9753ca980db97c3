using System.Runtime.CompilerServices;
using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Pool.Sealing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Tests.Pool.Sealing;

/// <summary>Several partitions are merged at the same time, as <c>pool compact</c> does.</summary>
public sealed class MergesAheadTests : IDisposable
{
    private readonly SealedTable _table = new();

    public void Dispose() => _table.Dispose();

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(50)]
    public async Task Partitions_that_are_merged_at_the_same_time_come_out_the_same(int mergesAtOnce)
    {
        for (var i = 0; i < 60; i++) await _table.CommitAsync(200, 20_000 + (i % 20));
        var report = Assert.Single(await _table.SealAsync(options: new SealingOptions { MemoryBytes = 20_000, RowGroupRows = 100 }, mergesAtOnce: mergesAtOnce));
        Assert.Equal((60, 20, 20, 12_000L), (report.Inputs, report.Outputs, report.Sealed, report.Rows));
        Assert.Equal(0, _table.LeftInWorkFolders());
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task What_was_merged_ahead_is_deleted_when_a_plan_ends_early_and_the_next_sealer_finishes_it()
    {
        for (var i = 0; i < 8; i++) await _table.CommitAsync(50, 20_000 + i);
        var full = new RacingStore(_table.Store);
        var files = 0;
        full.BeforeCreate = name => name.EndsWith(".parquet", StringComparison.Ordinal) && ++files == 3 ? throw new IOException("the store is full") : Task.CompletedTask;
        await Assert.ThrowsAsync<IOException>(async () => await _table.Sealer(full, mergesAtOnce: 4).RunOnceAsync(SealScope.All, default));
        Assert.Equal(0, _table.LeftInWorkFolders());
        Assert.Equal(8, Assert.Single(await _table.SealAsync(mergesAtOnce: 4)).Sealed);
        await _table.AssertRightAsync();
    }

    [Fact]
    public async Task Items_whose_inputs_are_gone_are_passed_over_by_merges_ahead()
    {
        for (var i = 0; i < 6; i++) await _table.CommitAsync(50, 20_000 + i);
        var gone = (await _table.LiveAsync()).Take(3).ToArray();
        var racing = new RacingStore(_table.Store);

        // Another engine removes three of the files just after the plan was made.
        racing.BeforeCreate = async name =>
        {
            if (!name.EndsWith(".parquet", StringComparison.Ordinal)) return;
            racing.BeforeCreate = _ => Task.CompletedTask;
            var tip = (await _table.Table.RefreshAsync(default)).Version;
            await _table.Store.CreateAsync(LogNames.Entry(tip + 1), LogJson.Write([.. gone.Select(g => new LogAction.Remove(g, 1, true, null, null))]), default);
            foreach (var file in gone) await _table.Store.DeleteAsync(file, default);
        };
        var remaining = await _table.RowsAsync((await _table.LiveAsync()).Skip(3));
        await _table.Sealer(racing, mergesAtOnce: 4).RunOnceAsync(SealScope.All, default);
        await _table.SealAsync(mergesAtOnce: 4);
        Assert.Equal(0, _table.LeftInWorkFolders());
        Assert.Equal(remaining, await _table.RowsAsync(await _table.LiveAsync()));
        Assert.Equal(remaining, await _table.RowsAsync(await _table.GlobAsync()));
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(20_000)]
    public async Task Row_groups_of_a_file_are_alike(long memoryBytes)
    {
        for (var i = 0; i < 11; i++) await _table.CommitAsync(1_000);
        await _table.SealAsync(options: new SealingOptions { MemoryBytes = memoryBytes, RowGroupRows = 5_000 });
        await using var reader = await global::Parquet.ParquetReader.CreateAsync(new MemoryStream((await _table.Store.ReadAsync(Assert.Single(await _table.LiveAsync()), default))!));
        Assert.Equal([3_667, 3_667, 3_666], reader.Metadata!.RowGroups.Select(g => g.NumRows));
        await _table.AssertRightAsync();
    }

    /// <summary>To a reader memory that is short looks like a damaged file; alone each merge fits.</summary>
    [Fact]
    public async Task Where_memory_does_not_do_for_several_merges_they_are_done_one_by_one_and_nothing_counts_as_damaged()
    {
        for (var i = 0; i < 8; i++) await _table.CommitAsync(50, 20_000 + i);
        var readers = new Readers { AtOnceMax = 1 };
        var services = new SealerServices(Directory.CreateDirectory(Path.Combine(_table.WorkFolder, "short")).FullName, IdSource.System, _table.Time, Throttle.None(_table.Time), NullLogger.Instance)
        {
            MergesAtOnce = 4,
            Files = DataFileFormat.Parquet with { ReadAsync = readers.ReadAsync },
        };
        var sealer = new TableSealer(SealedTable.Plan, _table.Store, services, new SealingOptions());
        Assert.Equal(8, (await sealer.RunOnceAsync(SealScope.All, default))!.Sealed);
        Assert.True(readers.Most > 1, "Nothing was merged at the same time.");
        Assert.True(readers.Refused > 0);
        Assert.Null(await sealer.RunOnceAsync(SealScope.All, default));
        Assert.Equal(0, sealer.Backlog!.Refused);
        Assert.Equal(0, _table.LeftInWorkFolders());
        await _table.AssertRightAsync();
    }

    /// <summary>Waits for a second reader, as far as one comes, and then has no memory for more than so many.</summary>
    private sealed class Readers
    {
        private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
        private readonly TaskCompletionSource _second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _now;

        public required int AtOnceMax { get; init; }

        public int Most { get; private set; }

        public int Refused { get; private set; }

        public async IAsyncEnumerable<NormalizedRecords> ReadAsync(
            Stream content, DatasetPlan plan, IReadOnlyDictionary<string, string?> values, NormalizedRecords into, [EnumeratorCancellation] CancellationToken cancellation)
        {
            var now = Interlocked.Increment(ref _now);
            try
            {
                Most = Math.Max(Most, now);
                if (now > 1) _second.TrySetResult();
                await Task.WhenAny(_second.Task, Task.Delay(s_patience, cancellation));
                if (now > AtOnceMax)
                {
                    Refused++;
                    throw new InvalidDataException("Its row group cannot be read.", new InsufficientMemoryException());
                }

                await foreach (var records in DataFileFormat.Parquet.ReadAsync(content, plan, values, into, cancellation)) yield return records;
            }
            finally
            {
                Interlocked.Decrement(ref _now);
            }
        }
    }
}
