using Confluent.Kafka;
using Ingest.Core;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Replay;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Housekeeping;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Ingest.Core.Transfers.Kafka;
using Ingest.Tests.Crash;
using Ingest.Tests.EndToEnd;
using Ingest.Worker.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Flow.Replay;

/// <summary>Refused records reach the dead-letter topic, each at least once.</summary>
public sealed class DeadLetterTests
{
    private const short ProduceRequest = 0;
    private const int MessageTooLarge = 10;

    [Fact]
    public async Task Each_refused_record_is_sent_once_and_what_was_not_acknowledged_again()
    {
        using var city = new City();
        city.Publish("""[{"id":null,"paid_on":"2026-03-02"},{"id":"A","paid_on":"2026-03-02"}]""");
        city.Publish("nonsense");
        await city.CatchUpAsync();
        var sent = new List<DeadLetter>();
        await Assert.ThrowsAsync<IOException>(() => New(city).ForwardAsync((_, _) => throw new IOException("away"), CancellationToken.None));

        var letters = New(city);
        Assert.Equal(2, await letters.ForwardAsync(TakeAsync, CancellationToken.None));
        Assert.Equal(0, await letters.ForwardAsync(TakeAsync, CancellationToken.None));
        Assert.Equal(0, await New(city).ForwardAsync(TakeAsync, CancellationToken.None));
        city.Publish("more nonsense");
        await city.CatchUpAsync();
        Assert.Equal(1, await letters.ForwardAsync(TakeAsync, CancellationToken.None));
        Assert.Equal(["more nonsense", "nonsense", """{"id":null,"paid_on":"2026-03-02"}"""], sent.Select(l => System.Text.Encoding.UTF8.GetString(l.Raw)).Order(StringComparer.Ordinal));
        Assert.Equal(["missing-required", "not-json", "not-json"], sent.Select(l => System.Text.Encoding.UTF8.GetString(l.Headers.Single(h => h.Name == "ingest-reason").Value)).Order(StringComparer.Ordinal));
        await city.AssertAccountedAsync();

        Task TakeAsync(IReadOnlyList<DeadLetter> batch, CancellationToken cancellation)
        {
            sent.AddRange(batch);
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Records_whose_files_were_sealed_and_vacuumed_before_they_were_sent_are_sent_all_the_same(bool isLogCleaned)
    {
        using var city = new City();
        var sent = new List<string>();
        using var letters = New(city);
        await RefuseAsync(city, "first");
        Assert.Equal(1, await letters.ForwardAsync(TakeAsync, CancellationToken.None));
        await RefuseAsync(city, "second", "third");
        await SealAsync(city, isLogCleaned);
        await RefuseAsync(city, "fourth");

        // What was acknowledged before a failure is not sent again by this worker.
        await Assert.ThrowsAsync<IOException>(() => letters.ForwardAsync((batch, _) => sent.Count > 1 ? throw new IOException("away") : TakeAsync(batch, CancellationToken.None), CancellationToken.None));
        var before = sent.Count;
        await letters.ForwardAsync(TakeAsync, CancellationToken.None);
        Assert.Equal(["first", "fourth", "second", "third"], sent.Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(sent.Count - 1, sent.Skip(1).Distinct().Count());
        Assert.True(before > 1, "The first try got nowhere.");
        Assert.Equal(0, await letters.ForwardAsync(TakeAsync, CancellationToken.None));
        await RefuseAsync(city, "fifth");
        using var next = New(city);
        Assert.Equal(1, await next.ForwardAsync(TakeAsync, CancellationToken.None));
        Assert.Equal("fifth", sent[^1]);

        Task TakeAsync(IReadOnlyList<DeadLetter> batch, CancellationToken cancellation)
        {
            sent.AddRange(batch.Select(l => System.Text.Encoding.UTF8.GetString(l.Raw)));
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_file_that_the_quarantine_has_and_the_store_has_not_is_an_error()
    {
        using var city = new City();
        await RefuseAsync(city, "first");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(city.Pool, "quarantine"), "*.parquet", SearchOption.AllDirectories)) File.Delete(file);
        using var letters = New(city);
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => letters.ForwardAsync((_, _) => Task.CompletedTask, CancellationToken.None));
        Assert.Contains("is in the log and not in the store", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entries_without_rows_are_noted_once_they_are_a_day_old_and_notes_are_not()
    {
        using var city = new City();
        await RefuseAsync(city, "first");
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        using var letters = New(city, time);
        Assert.Equal(1, await letters.ForwardAsync((_, _) => Task.CompletedTask, CancellationToken.None));
        await SealAsync(city, isLogCleaned: false);
        var version = await VersionAsync();
        await letters.ForwardAsync((_, _) => Task.CompletedTask, CancellationToken.None);
        Assert.Equal(version, await VersionAsync());
        time.Advance(TimeSpan.FromDays(2));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(0, await letters.ForwardAsync((_, _) => Task.CompletedTask, CancellationToken.None));
            Assert.Equal(version + 1, await VersionAsync());
            time.Advance(TimeSpan.FromDays(2));
        }

        async Task<long> VersionAsync() => (await LogReader.LoadAsync(Quarantine(city), CancellationToken.None))!.Version;
    }

    [Fact]
    public async Task The_worker_sends_them_with_their_headers()
    {
        using var city = new City();
        city.Broker.CreateTopic("refused", 1);
        city.Publish("nonsense");
        city.Delivered();
        var contracts = Path.Combine(city.Folder, "contracts");
        Directory.CreateDirectory(contracts);
        await File.WriteAllTextAsync(Path.Combine(contracts, "payments.yaml"), City.Contract, TestContext.Current.CancellationToken);
        using var worker = new WorkerProcess(
            new Dictionary<string, string>
            {
                ["Ingest__Kafka__BootstrapServers"] = city.Brokers,
                ["Ingest__Kafka__DeadLetterTopic"] = "refused",
                ["Ingest__Kafka__Properties__session.timeout.ms"] = "3000",
                ["Ingest__Kafka__Properties__heartbeat.interval.ms"] = "300",
                ["Ingest__Pool"] = city.Pool,
                ["Ingest__Contracts"] = contracts,
                ["Ingest__Table__IndexCache"] = city.Cache,
            });
        await worker.UntilLoggedAsync("refused records to the dead-letter topic refused");
        Assert.True(await worker.TerminateAsync() == 0, worker.Output);
        using var consumer = new ConsumerBuilder<string, string>(new ConsumerConfig { BootstrapServers = city.Brokers, GroupId = "reader", AutoOffsetReset = AutoOffsetReset.Earliest }).Build();
        consumer.Assign(new TopicPartitionOffset("refused", 0, 0));
        var letter = consumer.Consume(TimeSpan.FromMinutes(2));
        Assert.Equal("nonsense", letter.Message.Value);
        Assert.Equal("not-json", System.Text.Encoding.UTF8.GetString(letter.Message.Headers.GetLastBytes("ingest-reason")));
        Assert.Equal(letter.Message.Key, System.Text.Encoding.UTF8.GetString(letter.Message.Headers.GetLastBytes("ingest-id")));
    }

    [Fact]
    public async Task A_letter_too_large_for_the_topic_goes_without_its_bytes_and_holds_up_none_beside_it()
    {
        using var broker = new EmbeddedBroker();
        broker.CreateTopic("refused", 1);
        using var publisher = new TransferPublisher(new PublisherOptions { BootstrapServers = broker.BootstrapServers, Compression = "none", Properties = new Dictionary<string, string> { ["message.max.bytes"] = "2000" } });
        broker.FailNext(ProduceRequest, MessageTooLarge); // as a broker does with all of a request in which one is too large
        DeadLetter[] letters = [Letter("a", 10), Letter("b", 5000), Letter("c", 20)];
        await DeadLetterService.SendAsync(publisher, "refused", letters, TestContext.Current.CancellationToken);

        using var consumer = new ConsumerBuilder<string, byte[]>(new ConsumerConfig { BootstrapServers = broker.BootstrapServers, GroupId = "reader" }).Build();
        consumer.Assign(new TopicPartitionOffset("refused", 0, 0));
        var got = Enumerable.Range(0, letters.Length).Select(_ => consumer.Consume(TimeSpan.FromMinutes(1)).Message).ToDictionary(m => m.Key);
        Assert.Equal([("a", 10, "ingest-csv-header,ingest-id"), ("b", 0, "ingest-bytes-left-out,ingest-id"), ("c", 20, "ingest-csv-header,ingest-id")],
            got.Values.OrderBy(m => m.Key).Select(m => (m.Key, m.Value.Length, string.Join(",", m.Headers.Select(h => h.Key).Order(StringComparer.Ordinal)))));
        Assert.Equal("5000", System.Text.Encoding.UTF8.GetString(got["b"].Headers.GetLastBytes(DeadLetter.BytesLeftOut)));

        static DeadLetter Letter(string id, int bytes) => new(id, new byte[bytes], [("ingest-id", System.Text.Encoding.UTF8.GetBytes(id)), ("ingest-csv-header", new byte[100])]);
    }

    private static DeadLetters New(City city, TimeProvider? time = null) => new(new LocalStore(city.Pool, IdSource.System), "refused", IdSource.System, time ?? TimeProvider.System, Path.Combine(city.Folder, "letters"));

    private static PrefixedStore Quarantine(City city) => new(new LocalStore(city.Pool, IdSource.System), "quarantine");

    /// <summary>Each text is refused, in a commit of its own.</summary>
    private static async Task RefuseAsync(City city, params string[] texts)
    {
        foreach (var text in texts)
        {
            city.Publish(text);
            await city.CatchUpAsync();
        }
    }

    /// <summary>Seals the quarantine, and deletes what that left behind.</summary>
    private static async Task SealAsync(City city, bool isLogCleaned)
    {
        var (store, work) = (Quarantine(city), Path.Combine(city.Folder, "sealing"));
        var services = new SealerServices(work, IdSource.System, TimeProvider.System, Throttle.None(TimeProvider.System), NullLogger.Instance);
        while (await new TableSealer(QuarantineDataset.Plan, store, services, new SealingOptions()).RunOnceAsync(SealScope.All, CancellationToken.None) is not null)
        {
            // One plan after the other.
        }

        var later = new FakeTimeProvider(TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1));
        Assert.True((await Vacuum.RunAsync(store, TimeSpan.Zero, delete: true, IdSource.System, later, work, null, CancellationToken.None)).Files > 0);
        if (!isLogCleaned) return;
        var table = await DeltaTable.OpenAsync(store, "quarantine", IdSource.System, TimeProvider.System, CancellationToken.None);
        await table!.WriteCheckpointAsync(table.Current.Version, CancellationToken.None);
        Assert.True((await LogCleanup.RunAsync(store, TimeSpan.Zero, later.GetUtcNow(), work, CancellationToken.None)).Entries > 0);
    }
}
