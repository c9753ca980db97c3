using Ingest.Worker.Configuration;
using Microsoft.Extensions.Configuration;

namespace Ingest.Tests.Configuration;

/// <summary>What an operator writes, right and wrong, and what is said about it.</summary>
public sealed class SettingsTests
{
    private static readonly (string, string) s_brokers = ("Ingest:Kafka:BootstrapServers", "kafka:9092");

    [Fact]
    public void Brokers_are_all_that_must_be_set()
    {
        var (options, errors) = Read(s_brokers);
        Assert.Empty(errors);
        Assert.Equal("kafka:9092", options!.Kafka.BootstrapServers);
        Assert.Equal((512L << 20) - (64L << 20), options.Engine.BudgetBytes);
    }

    [Theory]
    [InlineData("security.protocol")]
    [InlineData("security:protocol")] // security__protocol in the environment, where a shell takes no dots
    public void Any_property_of_the_client_may_be_given(string name)
    {
        var (options, errors) = Read(s_brokers, ($"Ingest:Kafka:Properties:{name}", "SASL_SSL"));
        Assert.Empty(errors);
        Assert.Equal("SASL_SSL", options!.Kafka.Properties["security.protocol"]);
    }

    [Fact]
    public void A_property_of_the_client_with_several_dots_may_be_given_in_the_environment()
    {
        var (options, errors) = Read(s_brokers, ("Ingest:Kafka:Properties:group:instance:id", "ingest-worker-0")); // group__instance__id
        Assert.Empty(errors);
        Assert.Equal("ingest-worker-0", options!.Kafka.Properties["group.instance.id"]);
    }

    [Fact]
    public void The_longest_pause_between_attempts_is_so_after_a_refusal_or_a_full_disk_too()
    {
        var (options, errors) = Read(s_brokers, ("Ingest:Store:RetryDelayMax", "00:00:02"));
        Assert.Empty(errors);
        Assert.Equal(TimeSpan.FromSeconds(2), options!.Retry.RefusedDelay);
    }

    [Fact]
    public void Names_and_values_may_be_written_as_people_do()
    {
        var (options, errors) = Read(s_brokers, ("ingest:kafka:startfrom", "latest"), ("Ingest:Batching:FlushAfter", "00:00:00.25"), ("Ingest:Memory:Budget", "1 GiB"));
        Assert.Empty(errors);
        Assert.Equal(Core.Flow.Protocol.StartPolicy.Latest, options!.Engine.StartFrom);
        Assert.Equal(TimeSpan.FromMilliseconds(250), options.Engine.Batching.FlushAfter);
    }

    [Theory]
    [InlineData("Ingest:Kafka:GruopId", "x", "'Ingest:Kafka:GruopId' is not a setting. Did you mean 'Ingest:Kafka:GroupId'?")]
    [InlineData("Ingest:Kafak:GroupId", "x", "'Ingest:Kafak:GroupId' is not a setting. Did you mean 'Ingest:Kafka'?")]
    [InlineData("Ingest:Pool:Folder", "x", "'Ingest:Pool:Folder' is not a setting. Did you mean 'Ingest:Pool'?")]
    [InlineData("Ingest:Kafka", "kafka:9092", "'Ingest:Kafka' is 'kafka:9092', but it is a group of settings: Ingest:Kafka:BootstrapServers,")]
    [InlineData("Ingest:Kafka:Properties", "a=b", "Give each property by its own name, such as Ingest:Kafka:Properties:client.id.")]
    [InlineData("Ingest:Batching:FlushRows", "many", "Ingest:Batching:FlushRows is 'many'. Give a whole number.")]
    [InlineData("Ingest:Batching:FlushAfter", "5", "Ingest:Batching:FlushAfter is '5'. Give a time as hours:minutes:seconds, such as 00:00:02.")]
    [InlineData("Ingest:Batching:FlushAfter", "-00:00:01", "Give a time above zero")]
    [InlineData("Ingest:Kafka:StartFrom", "newest", "Ingest:Kafka:StartFrom is 'newest'. Give Earliest or Latest.")]
    [InlineData("Ingest:Kafka:StartFrom", "7", "Give Earliest or Latest.")]
    [InlineData("Ingest:Memory:Budget", "lots", "Ingest:Memory:Budget is 'lots'. Give a size of at least")]
    [InlineData("Ingest:Health:Port", "99999", "Give a port from 1 to 65535, or 0 for none.")]
    [InlineData("Ingest:Kafka:Source", "a/b", "Give a short name without '/'.")]
    public void What_is_wrong_is_named_with_what_would_be_right(string name, string value, string said)
    {
        var (options, errors) = Read(s_brokers, (name, value));
        Assert.Null(options);
        Assert.Contains(said, Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void All_mistakes_are_told_at_once()
    {
        var (_, errors) = Read(("Ingest:Kafka:GruopId", "x"), ("Ingest:Batching:FlushRows", "many"), ("Ingest:Health:Port", "-1"));
        Assert.Equal(4, errors.Count); // and the brokers are missing
    }

    private static (WorkerOptions?, List<string>) Read(params (string Name, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Name, s => (string?)s.Value)).Build();
        var errors = new List<string>();
        return (SettingsReader.Read(configuration, untilCaughtUp: false, errors), errors);
    }
}
