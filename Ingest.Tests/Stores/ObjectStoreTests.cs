using Ingest.Core;
using Ingest.Core.Stores;
using Ingest.Core.Stores.AzureBlobs;
using Ingest.Core.Stores.S3;
using static Ingest.Tests.Stores.StoreConformanceTests;

namespace Ingest.Tests.Stores;

/// <summary>What is particular to stores behind a network: parts, refusals, listings of many pages.</summary>
public sealed class ObjectStoreTests
{
    private const int MiB = 1 << 20;

    private static readonly CancellationToken s_none = CancellationToken.None;

    private static readonly StoreOptions s_smallParts = new()
    {
        S3 = new S3Options { Parts = new PartOptions { FromBytes = 6 * MiB, Bytes = 5 * MiB } },
        Azure = new AzureOptions { Parts = new PartOptions { FromBytes = 6 * MiB, Bytes = 5 * MiB } },
    };

    [Theory]
    [InlineData("s3")]
    [InlineData("azure")]
    public async Task A_large_object_goes_up_in_parts_and_is_created_once(string kind)
    {
        var store = ObjectServers.Open(ObjectServers.NewPool(kind), s_smallParts);
        var content = new byte[(12 * MiB) + 7];
        new Random(1).NextBytes(content);
        Assert.Equal(CreateOutcome.Created, await store.CreateAsync("large", content, s_none));
        Assert.Equal(content.Length, await store.SizeAsync("large", s_none));
        Assert.True((await store.ReadAsync("large", s_none))!.AsSpan().SequenceEqual(content));
        Assert.Equal(CreateOutcome.AlreadyExists, await store.CreateAsync("large", new byte[7 * MiB], s_none));
        Assert.Equal(content.Length, await store.SizeAsync("large", s_none));
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("azure")]
    public async Task A_cancelled_upload_in_parts_leaves_nothing(string kind)
    {
        var store = ObjectServers.Open(ObjectServers.NewPool(kind), s_smallParts);
        using var stop = new CancellationTokenSource();
        var creating = store.CreateAsync("large", new byte[40 * MiB], stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => creating);
        Assert.Null(await store.SizeAsync("large", s_none));
    }

    [Theory]
    [InlineData("s3", "s3://no-such-bucket-here/x")]
    [InlineData("azure", "az://no-such-container-here/x")]
    public async Task A_bucket_that_is_not_there_is_a_refusal_that_says_so(string kind, string address)
    {
        ObjectServers.Endpoint(kind);
        var store = ObjectServers.Open(address);
        foreach (var attempt in new Func<Task>[]
        {
            async () => await store.CreateAsync("a", Bytes("1"), s_none),
            async () => await store.ReadAsync("a", s_none),
            async () => { await foreach (var _ in store.ListAsync("", null, s_none)) { } },
        })
        {
            var refused = await Assert.ThrowsAsync<StoreException>(attempt);
            Assert.True(refused.Kind == StoreFault.Denied, refused.ToString());
            Assert.Contains("no-such-", refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("azure")]
    public async Task Work_goes_on_by_itself_once_a_missing_bucket_is_made(string kind)
    {
        var bucket = "made-later-" + IdSource.System.Next().ToString("N");
        ObjectServers.Endpoint(kind);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var retries = new StoreRetryOptions { RefusedDelay = TimeSpan.FromSeconds(7) };
        var store = new RetryingStore(ObjectServers.Open(kind == "s3" ? $"s3://{bucket}/x" : $"az://{bucket}/x"), retries, TimeProvider.System);
        var creating = Enumerable.Range(0, 8).Select(i => store.CreateAsync($"object-{i}", Bytes(new string('x', 1_000)), limit.Token).AsTask()).ToList();
        while (store.Health.Report() is not { FailedAttempts: > 8, LastFault: StoreFault.Denied }) await Task.Delay(20, limit.Token);

        await ObjectServers.MakeBucketAsync(kind, bucket);
        Assert.All(await Task.WhenAll(creating), outcome => Assert.Equal(CreateOutcome.Created, outcome));
        Assert.Equal(8, await store.ListAsync("", null, s_none).CountAsync(s_none));
    }

    [Theory]
    [InlineData("s3", S3Checksum.Sha256, 1)]
    [InlineData("s3", S3Checksum.Sha256, 7)]
    [InlineData("s3", S3Checksum.Md5, 1)]
    [InlineData("azure", S3Checksum.Auto, 1)]
    [InlineData("azure", S3Checksum.Auto, 7)]
    public async Task A_byte_that_changes_on_the_way_is_noticed_by_the_server(string kind, S3Checksum checksum, int megabytes)
    {
        await using var wire = new LossyProxy(ObjectServers.Endpoint(kind), "nothing", 1) { Damages = true };
        var pool = ObjectServers.NewPool(kind);
        var byWire = ObjectServers.Open(pool, s_smallParts with
        {
            S3 = s_smallParts.S3 with { Endpoint = wire.Endpoint.ToString(), Checksum = checksum },
            Azure = s_smallParts.Azure with { Endpoint = wire.Endpoint.ToString() },
        });
        var content = new byte[megabytes * MiB];
        new Random(1).NextBytes(content);
        var refused = await Assert.ThrowsAsync<StoreException>(async () => await byWire.CreateAsync("damaged", content, s_none));
        Assert.NotEqual(StoreFault.Denied, refused.Kind);
        Assert.Null(await ObjectServers.Open(pool).ReadAsync("damaged", s_none));

        wire.Damages = false;
        Assert.Equal(CreateOutcome.Created, await byWire.CreateAsync("damaged", content, s_none));
        Assert.Equal(content, await ObjectServers.Open(pool).ReadAsync("damaged", s_none));
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("azure")]
    public async Task A_listing_of_more_than_a_page_is_whole_and_in_order(string kind)
    {
        const int Objects = 1_100;
        var store = ObjectServers.Open(ObjectServers.NewPool(kind));
        await Parallel.ForAsync(0, Objects, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, token) => await store.CreateAsync($"log/{i:D6}", Bytes("x"), token));
        var names = new List<string>();
        await foreach (var found in store.ListAsync("log/", "log/000009", s_none)) names.Add(found.Name);
        Assert.Equal(Enumerable.Range(10, Objects - 10).Select(i => $"log/{i:D6}"), names);
    }

    [Theory]
    [InlineData("s3", "http://127.0.0.1:9")]
    [InlineData("azure", "http://127.0.0.1:9/account")]
    public async Task A_server_that_is_not_there_is_a_fault_that_may_be_repeated(string kind, string endpoint)
    {
        ObjectServers.Endpoint(kind);
        var store = ObjectServers.Open(kind == "s3" ? "s3://bucket/x" : "az://container/x", new StoreOptions { S3 = new S3Options { Endpoint = endpoint }, Azure = new AzureOptions { Endpoint = endpoint } });
        Assert.Equal(StoreFault.Transient, (await Assert.ThrowsAsync<StoreException>(async () => await store.ReadAsync("a", s_none))).Kind);
        Assert.NotEqual(StoreFault.Denied, (await Assert.ThrowsAsync<StoreException>(async () => await store.CreateAsync("a", Bytes("1"), s_none))).Kind);
    }
}
