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
    QuarantineCommand.Create(),
    HealthCommand.Create(),
};

// What cannot be understood was not started, like any other bad configuration. The whole help text would bury the one line that says what is wrong.
// The library would end the process 2 s after a signal, in the middle of the last commit: the host's own 20 s must come first.
var parse = root.Parse(args);
var invocation = new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };
if (parse.Errors.Count == 0) return await parse.InvokeAsync(invocation).ConfigureAwait(false);
if (ParseErrors.Nested(root, args) is { } nested)
{
    await Console.Error.WriteLineAsync(nested).ConfigureAwait(false);
    return ExitCodes.BadConfiguration;
}

if (parse.Action is ParseErrorAction mistaken) mistaken.ShowHelp = parse.CommandResult.Command.Subcommands.Count > 0;
using var errors = new StringWriter();
invocation.Error = errors;
await parse.InvokeAsync(invocation).ConfigureAwait(false);
await Console.Error.WriteAsync(ParseErrors.Plain(errors.ToString())).ConfigureAwait(false);
return ExitCodes.BadConfiguration;
