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

// The library would end the process 2 s after a signal, in the middle of the last commit: the host's own 20 s must come first.
var invocation = new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };
return await root.Parse(args).InvokeAsync(invocation).ConfigureAwait(false);
