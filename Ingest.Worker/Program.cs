using System.CommandLine;
using Ingest.Worker.Commands;

var root = new RootCommand("Pools a city's data: consumes transfers from Kafka, normalizes and deduplicates them, and writes Delta tables, exactly once.")
{
    RunCommand.Create(),
    DemoCommand.Create(),
    PublishCommand.Create(),
    ValidateCommand.Create(),
    PoolCommand.Create(),
    QuarantineCommand.Create(),
    HealthCommand.Create(),
};

return await root.Parse(args).InvokeAsync().ConfigureAwait(false);
