using Ingest.Worker.Commands;

namespace Ingest.Tests.Commands;

/// <summary>What is left over on a command line that takes settings.</summary>
public sealed class SettingArgumentsTests
{
    [Theory]
    [InlineData("--pool /data/pool", "'--pool' is not known here. Did you mean --Ingest:Pool=/data/pool?")]
    [InlineData("--pool=/data/pool", "'--pool=/data/pool' is not known here. Did you mean --Ingest:Pool=/data/pool?")]
    [InlineData("--contracts c", "'--contracts' is not known here. Did you mean --Ingest:Contracts=c?")]
    [InlineData("--brokers kafka:9092", "'--brokers' is not known here. Did you mean --Ingest:Kafka:BootstrapServers=kafka:9092?")]
    [InlineData("--bootstrap-server kafka:9092", "'--bootstrap-server' is not known here. Did you mean --Ingest:Kafka:BootstrapServers=kafka:9092?")]
    [InlineData("--group-id a", "'--group-id' is not known here. Did you mean --Ingest:Kafka:GroupId=a?")]
    [InlineData("--until-cought-up", "'--until-cought-up' is not known here. Did you mean --until-caught-up?")]
    [InlineData("--until-caught", "'--until-caught' is not known here. Did you mean --until-caught-up?")]
    [InlineData("--port", "'--port' is not known here. Did you mean --Ingest:Health:Port=…?")]
    [InlineData("--nonsense 5", "'--nonsense' is not known here. Settings are given as --Ingest:Section:Name=value.")]
    [InlineData("nonsense", "'nonsense' is not known here. Settings are given as --Ingest:Section:Name=value.")]
    [InlineData("--Ingest:Pool /data/pool", null)]
    [InlineData("--Ingest:Pool=/data/pool --Logging:LogLevel:Default Debug", null)]
    public void A_mistake_is_one_error_that_says_what_was_meant(string arguments, string? said) =>
        Assert.Equal(said is null ? [] : [said], SettingArguments.Check(arguments.Split(' ')));

    [Fact]
    public void Options_of_other_commands_are_an_error_each() =>
        Assert.Equal(2, SettingArguments.Check(["--pool", "p", "--contracts", "c", "--Ingest:Health:Port=0"]).Count());
}
