using System.Text;
using Confluent.Kafka;

namespace Ingest.Tests.EndToEnd;

/// <summary>The time of a transfer is what its producer says, and that may be anything: microseconds for milliseconds, a clock of the year 9999, nothing.</summary>
public sealed class PublishedTimeTests
{
    [Theory]
    [InlineData(1_772_323_200_000_000)] // in microseconds
    [InlineData(long.MaxValue)]
    [InlineData(253_402_300_799_999)] // the last millisecond of 9999
    [InlineData(0)]
    public async Task A_time_that_is_none_costs_nothing_but_itself(long timestamp)
    {
        using var city = new City();
        using (var producer = new ProducerBuilder<string, byte[]>(new Dictionary<string, string> { ["bootstrap.servers"] = city.Brokers }).Build())
        {
            foreach (var payload in new[] { """{"id":"A1","paid_on":"2026-03-02"}""", "nonsense" })
                await producer.ProduceAsync(City.Topic, new Message<string, byte[]> { Key = "k", Value = Encoding.UTF8.GetBytes(payload), Timestamp = new Timestamp(timestamp, TimestampType.CreateTime) });
        }

        var status = await city.CatchUpAsync();
        Assert.Equal((1, 1), (status.CommittedRows, status.Quarantined));
        await city.AssertAccountedAsync();
        Assert.Equal(["not-json"], await city.SqlAsync("select reason from quarantine"));
    }
}
