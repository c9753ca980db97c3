using Ingest.Core;
using Ingest.Core.Stores;
using Microsoft.Extensions.Time.Testing;
using static Ingest.Tests.Stores.StoreConformanceTests;

namespace Ingest.Tests.Stores;

public sealed class LocalStoreTests : IDisposable
{
    private static readonly CancellationToken s_none = CancellationToken.None;
    private readonly TemporaryFolder _folder = new();

    private string Staging => Path.Combine(_folder.Path, "_staging");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Nothing_stays_in_the_staging_folder_whoever_won()
    {
        var store = new LocalStore(_folder.Path, IdSource.System);
        await store.CreateAsync("a/x", Bytes("1"), s_none);
        await store.CreateAsync("a/x", Bytes("2"), s_none);
        await store.ReplaceAsync("a/x", Bytes("3"), s_none);
        Assert.Empty(Directory.GetFiles(Staging));
    }

    [Fact]
    public async Task Leftovers_of_a_day_ago_are_swept_by_the_first_write_and_younger_ones_kept()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        Directory.CreateDirectory(Staging);
        File.WriteAllText(Path.Combine(Staging, "old.tmp"), "x");
        File.SetLastWriteTimeUtc(Path.Combine(Staging, "old.tmp"), (time.GetUtcNow() - TimeSpan.FromHours(25)).UtcDateTime);
        File.WriteAllText(Path.Combine(Staging, "young.tmp"), "x");
        await new LocalStore(_folder.Path, IdSource.System, time).CreateAsync("x", Bytes("1"), s_none);
        Assert.Equal(["young.tmp"], Directory.GetFiles(Staging).Select(Path.GetFileName));
    }

    /// <summary>An analyst may have the pool mounted for reading only.</summary>
    [Fact]
    public async Task Who_only_reads_changes_nothing()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "a"), "1");
        var store = new LocalStore(_folder.Path, IdSource.System);
        Assert.Equal(Bytes("1"), await store.ReadAsync("a", s_none));
        Assert.Equal(1, await store.SizeAsync("a", s_none));
        Assert.Equal("a", Assert.Single(await store.ListAsync("", null, s_none).ToListAsync()).Name);
        Assert.Equal(["a"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    /// <summary>Whatever hinders the first write is reported and waited for like any other trouble.</summary>
    [Fact]
    public async Task A_pool_that_cannot_be_written_to_at_the_start_is_waited_for()
    {
        var hindrance = Path.Combine(_folder.Path, "pool");
        File.WriteAllText(hindrance, "");
        var store = new RetryingStore(new LocalStore(hindrance, IdSource.System), new StoreRetryOptions { FirstDelay = TimeSpan.FromMilliseconds(1), RefusedDelay = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);
        store.Health.Changed += report =>
        {
            Assert.Contains(hindrance, report.LastError, StringComparison.Ordinal);
            if (File.Exists(hindrance)) File.Delete(hindrance);
        };
        Assert.Equal(CreateOutcome.Created, await store.CreateAsync("a", Bytes("1"), s_none));
        Assert.True(store.Health.IsWell);
        Assert.True(store.Health.Report().FailedAttempts > 0);
    }

    [Fact]
    public async Task The_staging_folder_cannot_be_named()
    {
        var store = new LocalStore(_folder.Path, IdSource.System);
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.CreateAsync("_staging/x", Bytes("1"), s_none));
    }

    [Fact]
    public async Task A_cancelled_create_leaves_nothing()
    {
        var store = new LocalStore(_folder.Path, IdSource.System);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.CreateAsync("x", Bytes("1"), new CancellationToken(canceled: true)));
        Assert.Null(await store.ReadAsync("x", s_none));
    }

    [Fact]
    public async Task A_file_in_the_place_of_a_folder_is_a_store_fault_and_not_a_crash()
    {
        var store = new LocalStore(_folder.Path, IdSource.System);
        await store.CreateAsync("a", Bytes("1"), s_none);
        var thrown = await Assert.ThrowsAsync<StoreException>(async () => await store.CreateAsync("a/b", Bytes("1"), s_none));
        Assert.Contains("/a/b", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_is_full()
    {
        const string Device = "/dev/full";
        if (!File.Exists(Device)) Assert.Skip($"wants {Device}");
        var exception = Record.Exception(() => File.WriteAllText(Device, "x"));
        Assert.Equal(StoreFault.Full, LocalFaults.From("write", Device, exception!, StoreFault.Transient).Kind);
    }

    [Theory]
    [InlineData(Posix.NoSpace, StoreFault.Full)]
    [InlineData(Posix.AccessDenied, StoreFault.Denied)]
    [InlineData(Posix.ReadOnly, StoreFault.Denied)]
    [InlineData(Posix.NoPermission, StoreFault.Denied)]
    [InlineData(Posix.IoError, StoreFault.Unknown)]
    public void Errors_say_what_may_be_done_next(int error, StoreFault fault) =>
        Assert.Equal(fault, LocalFaults.From("create", "x", error, StoreFault.Unknown).Kind);

    [Fact]
    public void The_link_count_tells_whether_a_link_was_made()
    {
        var (first, second) = (Path.Combine(_folder.Path, "1"), Path.Combine(_folder.Path, "2"));
        File.WriteAllText(first, "x");
        if (Posix.LinkCount(first) is null) Assert.Skip("wants statx(2)");
        Assert.Equal(1u, Posix.LinkCount(first));
        Assert.Equal(0, Posix.Link(first, second));
        Assert.Equal(2u, Posix.LinkCount(first));
        Assert.Equal(Posix.Exists, Posix.Link(first, second));
        Assert.Equal(Posix.NoEntry, Posix.Link(first, Path.Combine(_folder.Path, "none", "2")));
    }
}
