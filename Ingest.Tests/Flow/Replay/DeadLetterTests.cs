using Ingest.Core;
using Ingest.Core.Flow.Replay;
using Ingest.Core.Stores;
using Ingest.Tests.Crash;
using Ingest.Tests.EndToEnd;

namespace Ingest.Tests.Flow.Replay;

/// <summary>Refused records reach the dead-letter topic, each at least once.</summary>
public sealed class DeadLetterTests
{
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
        using var consumer = new Confluent.Kafka.ConsumerBuilder<string, string>(new Confluent.Kafka.ConsumerConfig { BootstrapServers = city.Brokers, GroupId = "reader", AutoOffsetReset = Confluent.Kafka.AutoOffsetReset.Earliest }).Build();
        consumer.Assign(new Confluent.Kafka.TopicPartitionOffset("refused", 0, 0));
        var letter = consumer.Consume(TimeSpan.FromMinutes(2));
        Assert.Equal("nonsense", letter.Message.Value);
        Assert.Equal("not-json", System.Text.Encoding.UTF8.GetString(letter.Message.Headers.GetLastBytes("ingest-reason")));
        Assert.Equal(letter.Message.Key, System.Text.Encoding.UTF8.GetString(letter.Message.Headers.GetLastBytes("ingest-id")));
    }

    private static DeadLetters New(City city) => new(new LocalStore(city.Pool, IdSource.System), "refused", IdSource.System, TimeProvider.System);
}
