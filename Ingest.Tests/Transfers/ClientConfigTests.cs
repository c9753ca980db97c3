using Ingest.Core.Transfers.Kafka;

namespace Ingest.Tests.Transfers;

/// <summary>What our clients are told: defaults, the operator's properties above them, and what nobody may change.</summary>
public sealed class ClientConfigTests
{
    [Fact]
    public void A_broker_drops_what_a_retry_sends_twice() =>
        Assert.Equal("true", Producer()["enable.idempotence"]);

    [Theory]
    [InlineData("api.version.request=false;broker.version.fallback=0.9.0.1")]
    [InlineData("api.version.request=false")]
    [InlineData("enable.idempotence=false")]
    public void A_broker_that_cannot_is_sent_one_request_at_a_time_so_that_order_is_kept(string properties)
    {
        var config = Producer(properties);
        Assert.Equal("false", config["enable.idempotence"]);
        Assert.Equal("1", config["max.in.flight.requests.per.connection"]);
    }

    [Theory]
    [InlineData("api.version.request=false;broker.version.fallback=0.11.0.0")]
    [InlineData("broker.version.fallback=0.9.0.1")]
    public void A_broker_that_can_is_not_mistaken_for_an_old_one(string properties) => Assert.Equal("true", Producer(properties)["enable.idempotence"]);

    [Theory]
    [InlineData("", "metadata")]
    [InlineData("debug=cgrp,fetch", "cgrp,fetch,metadata")]
    public void The_client_says_which_topics_have_another_id_beside_what_it_is_asked_for(string properties, string debug) =>
        Assert.Equal(debug, KafkaClientConfig.Consumer(new KafkaOptions { BootstrapServers = "kafka:9092", Properties = Properties(properties) })["debug"]);

    private static Dictionary<string, string> Producer(string properties = "") => KafkaClientConfig.Producer(new PublisherOptions
    {
        BootstrapServers = "kafka:9092",
        Properties = Properties(properties),
    });

    private static Dictionary<string, string> Properties(string text) => text.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]);
}
