using Ingest.Worker.Configuration;
using Microsoft.Extensions.Configuration;

namespace Ingest.Tests.Configuration;

/// <summary>Properties of the Kafka client have dots in their names, which may be spelled otherwise: the later source wins all the same.</summary>
public sealed class KafkaPropertiesTests
{
    private const string Prefix = "Ingest:Kafka:Properties:";
    private const string Name = "session.timeout.ms";

    [Theory]
    [InlineData("session:timeout:ms", "session.timeout.ms")] // __ in the environment
    [InlineData("session.timeout.ms", "session__timeout__ms")]
    [InlineData("session:timeout:ms", "session__timeout__ms")]
    [InlineData("session.timeout.ms", "session:timeout:ms")]
    [InlineData("session:timeout.ms", "session.timeout.ms")]
    [InlineData("SESSION.TIMEOUT.MS", "session.timeout.ms")]
    public void The_command_line_wins_over_the_environment_however_both_spell_it(string environment, string commandLine)
    {
        var (properties, errors) = Read(new ConfigurationBuilder().AddInMemoryCollection(Pairs((environment, "10000"))).AddCommandLine([$"--{Prefix}{commandLine}=100000"]));
        Assert.Empty(errors);
        Assert.Equal(("session.timeout.ms", "100000"), (properties.Single().Key, properties.Single().Value));
    }

    [Fact]
    public void Where_only_the_earlier_source_has_it_that_one_counts()
    {
        var (properties, errors) = Read(new ConfigurationBuilder().AddInMemoryCollection(Pairs(("session:timeout:ms", "10000"), ("client.id", "a"))).AddCommandLine([$"--{Prefix}client.id=b"]));
        Assert.Empty(errors);
        Assert.Equal(["client.id=b", "session.timeout.ms=10000"], properties.Select(p => $"{p.Key}={p.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Two_values_of_one_source_are_an_error_that_names_both_and_shows_neither()
    {
        const string Variables = "INGESTTEST_";
        Environment.SetEnvironmentVariable($"{Variables}Ingest__Kafka__Properties__sasl__password", "secret");
        Environment.SetEnvironmentVariable($"{Variables}Ingest__Kafka__Properties__sasl.password", "other");
        var (_, errors) = Read(new ConfigurationBuilder().AddEnvironmentVariables(Variables));
        var error = Assert.Single(errors);
        Assert.Equal("The Kafka property sasl.password has different values in the environment, as Ingest__Kafka__Properties__sasl.password and as Ingest__Kafka__Properties__sasl__password. Keep one of them.", error);
    }

    [Fact]
    public void Two_values_of_one_source_are_an_error_also_where_a_later_source_decides()
    {
        var (_, errors) = Read(new ConfigurationBuilder().AddInMemoryCollection(Pairs((Name, "1"), ("session:timeout:ms", "2"))).AddCommandLine([$"--{Prefix}{Name}=3"]));
        Assert.Single(errors);
    }

    [Fact]
    public void The_same_value_twice_is_none()
    {
        var (properties, errors) = Read(new ConfigurationBuilder().AddCommandLine([$"--{Prefix}{Name}=1", $"--{Prefix}session__timeout__ms=1"]));
        Assert.Empty(errors);
        Assert.Equal("1", Assert.Single(properties).Value);
    }

    private static Dictionary<string, string?> Pairs(params (string Name, string Value)[] properties) => properties.ToDictionary(p => Prefix + p.Name, p => (string?)p.Value);

    private static (IReadOnlyDictionary<string, string> Properties, List<string> Errors) Read(IConfigurationBuilder builder)
    {
        var errors = new List<string>();
        var settings = SettingsBinder.Bind(builder.Build(), errors);
        return (settings.Kafka.Properties, errors);
    }
}
