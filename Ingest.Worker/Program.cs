using System.CommandLine;
using System.CommandLine.Invocation;
using Ingest.Worker.Commands;

var root = new RootCommand("Pools a city's data: consumes transfers from Kafka, normalizes and deduplicates them, and writes Delta tables, exactly once.")
{
    RunCommand.Create(),
    DemoCommand.Create(),
    PublishCommand.Create(),
    ValidateCommand.Create(),
    PoolCommand.Create(),
    HealthCommand.Create(),
};

// What cannot be understood was not started, like any other bad configuration. The whole help text would bury the one line that says what is wrong.
var parse = root.Parse(args);
if (parse.Errors.Count == 0) return await parse.InvokeAsync().ConfigureAwait(false);
if (parse.Action is ParseErrorAction mistaken) mistaken.ShowHelp = parse.CommandResult.Command.Subcommands.Count > 0;
await parse.InvokeAsync().ConfigureAwait(false);
return ExitCodes.BadConfiguration;
