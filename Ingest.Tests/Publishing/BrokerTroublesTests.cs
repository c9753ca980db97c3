using Ingest.Worker.Publishing;

namespace Ingest.Tests.Publishing;

public sealed class BrokerTroublesTests
{
    [Fact]
    public void Each_trouble_of_a_broker_is_told_once_and_another_kind_again()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var troubles = new BrokerTroubles("localhost:1", TimeSpan.FromSeconds(5), output);
        Assert.Null(troubles.Advice);
        troubles.Tell("localhost:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)");
        troubles.Tell("1/1 brokers are down");
        troubles.Tell("localhost:1/bootstrap: Connect to ipv6#[::1]:1 failed: Connection refused (after 3ms in state CONNECT)");
        troubles.Tell("localhost:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 1ms in state CONNECT, 5 identical error(s) suppressed)");
        troubles.Tell("localhost:1/bootstrap: SASL authentication error: Authentication failed (after 7ms in state AUTH_REQ)");
        Assert.Equal(
            """
            Waiting for the brokers, up to 5 seconds (message.timeout.ms): localhost:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)
            Waiting for the brokers, up to 5 seconds (message.timeout.ms): localhost:1/bootstrap: SASL authentication error: Authentication failed (after 7ms in state AUTH_REQ)

            """, output.ToString());
        Assert.Equal("The brokers were given as localhost:1. If those are not the right ones, mend Ingest:Kafka:BootstrapServers.", troubles.Advice);
    }

    [Theory]
    [InlineData(1, "1 second")]
    [InlineData(60, "1 minute")]
    [InlineData(90, "1.5 minutes")]
    [InlineData(300, "5 minutes")]
    public void How_long_it_waits_is_said_in_a_unit_that_fits(int seconds, string words)
    {
        using var output = new StringWriter();
        new BrokerTroubles("a:1", TimeSpan.FromSeconds(seconds), output).Tell("1/1 brokers are down");
        Assert.StartsWith($"Waiting for the brokers, up to {words} (", output.ToString(), StringComparison.Ordinal);
    }
}
