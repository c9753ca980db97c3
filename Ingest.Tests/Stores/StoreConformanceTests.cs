using System.Collections.Concurrent;
using System.Text;
using Ingest.Core;
using Ingest.Core.Stores;

namespace Ingest.Tests.Stores;

/// <summary>What every store and every wrapper must do alike.</summary>
public sealed class StoreConformanceTests : IDisposable
{
    private static readonly CancellationToken s_none = CancellationToken.None;
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Stores { get; } =
        ["local", "memory", "prefixed local", "prefixed memory", "retrying local", "retrying memory", "prefixed retrying local", "retrying faulty memory",
            "s3", "azure", "retrying s3", "retrying azure"];

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Stores))]
    public async Task A_created_object_is_read_back_whole(string kind)
    {
        var store = Make(kind);
        Assert.Equal(CreateOutcome.Created, await store.CreateAsync("a/b/c.bin", Bytes("content"), s_none));
        Assert.Equal("content", Text(await store.ReadAsync("a/b/c.bin", s_none)));
        Assert.Equal(7, await store.SizeAsync("a/b/c.bin", s_none));
        using var copy = new MemoryStream();
        Assert.True(await store.CopyToAsync("a/b/c.bin", copy, s_none));
        Assert.Equal("content", Text(copy.ToArray()));
        Assert.Equal(CreateOutcome.Created, await store.CreateAsync("empty", default, s_none));
        Assert.Equal(0, await store.SizeAsync("empty", s_none));
    }

    [Theory, MemberData(nameof(Stores))]
    public async Task A_second_create_changes_nothing(string kind)
    {
        var store = Make(kind);
        await store.CreateAsync("log/1.json", Bytes("first"), s_none);
        Assert.Equal(CreateOutcome.AlreadyExists, await store.CreateAsync("log/1.json", Bytes("second"), s_none));
        Assert.Equal("first", Text(await store.ReadAsync("log/1.json", s_none)));
    }

    [Theory, MemberData(nameof(Stores))]
    public async Task What_is_not_there_is_null_and_may_be_deleted(string kind)
    {
        var store = Make(kind);
        await store.CreateAsync("folder/x", Bytes("x"), s_none);
        foreach (var name in new[] { "none", "folder/none", "no/folder/none", "folder" })
        {
            Assert.Null(await store.ReadAsync(name, s_none));
            Assert.Null(await store.SizeAsync(name, s_none));
            Assert.False(await store.CopyToAsync(name, Stream.Null, s_none));
        }

        await store.DeleteAsync("none", s_none);
        await store.DeleteAsync("no/folder/none", s_none);
    }

    [Theory, MemberData(nameof(Stores))]
    public async Task Replace_creates_and_replaces(string kind)
    {
        var store = Make(kind);
        await store.ReplaceAsync("log/_last", Bytes("a long first value"), s_none);
        await store.ReplaceAsync("log/_last", Bytes("short"), s_none);
        Assert.Equal("short", Text(await store.ReadAsync("log/_last", s_none)));
    }

    [Theory, MemberData(nameof(Stores))]
    public async Task A_deleted_name_is_free_again(string kind)
    {
        var store = Make(kind);
        await store.CreateAsync("x", Bytes("1"), s_none);
        await store.DeleteAsync("x", s_none);
        Assert.Null(await store.ReadAsync("x", s_none));
        Assert.Equal(CreateOutcome.Created, await store.CreateAsync("x", Bytes("2"), s_none));
    }

    [Theory, MemberData(nameof(Stores))]
    public async Task Listings_are_in_ordinal_order_of_whole_names(string kind)
    {
        var store = Make(kind);
        string[] names = ["a-b", "a/b/2", "a/b/10", "a.c", "a/b-c", "a/B", "b", "a0", "部门=公安/x", "_delta_log/00.json", "a/%20 c"];
        foreach (var name in names) await store.CreateAsync(name, Bytes(name), s_none);
        Assert.Equal(names.Order(StringComparer.Ordinal), await Names(store, "", null));
        Assert.Equal(names.Where(n => n.StartsWith("a/", StringComparison.Ordinal)).Order(StringComparer.Ordinal), await Names(store, "a/", null));
        Assert.Equal(names.Where(n => n.StartsWith("a/b", StringComparison.Ordinal)).Order(StringComparer.Ordinal), await Names(store, "a/b", null));
        Assert.Empty(await Names(store, "none/", null));
        foreach (var after in names.Append("a/b/").Append("a/b/1").Append("zz"))
        {
            var expected = names.Where(n => string.CompareOrdinal(n, after) > 0).Order(StringComparer.Ordinal);
            Assert.Equal(expected, await Names(store, "", after));
        }

        await foreach (var found in store.ListAsync("", null, s_none)) Assert.Equal(Encoding.UTF8.GetByteCount(found.Name), found.Size);
    }

    [Theory, MemberData(nameof(Stores))]
    public async Task Names_that_leave_the_store_are_refused(string kind)
    {
        var store = Make(kind);
        foreach (var name in new[] { "", "/a", "a//b", "../a", "a/../../b", ".", "a/./b", "a/", "a\\b", "a\0b" })
        {
            await Assert.ThrowsAsync<ArgumentException>(async () => await store.CreateAsync(name, Bytes("x"), s_none));
            await Assert.ThrowsAsync<ArgumentException>(async () => await store.ReadAsync(name, s_none));
            await Assert.ThrowsAsync<ArgumentException>(async () => await store.DeleteAsync(name, s_none));
        }
    }

    [Theory, MemberData(nameof(Stores))]
    public async Task Of_eight_that_create_a_name_one_wins_and_its_content_stays(string kind)
    {
        var store = Make(kind);
        var rounds = kind is "local" or "memory" ? 200 : 50;
        var outcomes = new ConcurrentBag<(int Round, int Writer, CreateOutcome Outcome)>();
        using var start = new Barrier(8);
        var threads = Enumerable.Range(0, 8).Select(writer => new Thread(() =>
        {
            for (var round = 0; round < rounds; round++)
            {
                start.SignalAndWait();
                var outcome = store.CreateAsync($"log/{round:D20}.json", Bytes($"writer {writer}"), s_none).AsTask().GetAwaiter().GetResult();
                outcomes.Add((round, writer, outcome));
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        for (var round = 0; round < rounds; round++)
        {
            var winner = Assert.Single(outcomes, o => o.Round == round && o.Outcome == CreateOutcome.Created).Writer;
            Assert.Equal($"writer {winner}", Text(await store.ReadAsync($"log/{round:D20}.json", s_none)));
        }
    }

    [Theory, MemberData(nameof(Stores))]
    public async Task A_unique_create_may_be_repeated_and_takes_nobody_else_s_name(string kind)
    {
        var store = Make(kind);
        Assert.Equal(CreateOutcome.Created, await store.CreateUniqueAsync("part-1", Bytes("mine"), s_none));
        if (kind.Contains("retrying", StringComparison.Ordinal)) Assert.Equal(CreateOutcome.Created, await store.CreateUniqueAsync("part-1", Bytes("mine"), s_none));
        Assert.Equal(CreateOutcome.AlreadyExists, await store.CreateUniqueAsync("part-1", Bytes("other"), s_none));
        Assert.Equal("mine", Text(await store.ReadAsync("part-1", s_none)));
    }

    [Theory, MemberData(nameof(Stores))]
    public async Task The_probe_is_content_and_leaves_nothing_behind(string kind)
    {
        var store = Make(kind);
        Assert.Null(await StoreProbe.RunAsync(store, IdSource.System, s_none));
        Assert.Empty(await Names(store, "", null));
    }

    internal static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    internal static string? Text(byte[]? content) => content is null ? null : Encoding.UTF8.GetString(content);

    private static async Task<List<string>> Names(IObjectStore store, string prefix, string? after)
    {
        List<string> names = [];
        await foreach (var found in store.ListAsync(prefix, after, s_none)) names.Add(found.Name);
        return names;
    }

    private IObjectStore Make(string kind) => kind switch
    {
        "local" => new LocalStore(_folder.Path, IdSource.System),
        "memory" => new MemoryStore(),
        "s3" or "azure" => ObjectServers.Open(ObjectServers.NewPool(kind)),
        "retrying faulty memory" => Retrying(new FaultyStore(new MemoryStore(), TimeProvider.System, seed: 7)
            .Plan(new PlannedFault { Probability = 0.1, Operations = StoreOperations.List, AfterActing = true })
            .Plan(new PlannedFault { Probability = 0.1 })),
        _ when kind.StartsWith("prefixed ", StringComparison.Ordinal) => new PrefixedStore(Make(kind["prefixed ".Length..]), "tables/one"),
        _ => Retrying(Make(kind["retrying ".Length..])),
    };

    private static RetryingStore Retrying(IObjectStore inner) => new(
        inner,
        new StoreRetryOptions { FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(2), CircuitMinimumAttempts = 10_000 },
        TimeProvider.System);
}
