using System.CommandLine;
using BenchmarkDotNet.Running;
using Ingest.Perf.Chaos;
using Ingest.Perf.Compare;
using Ingest.Perf.Day;
using Ingest.Perf.Freshness;
using Ingest.Perf.Fuzz;
using Ingest.Perf.Growth;
using Ingest.Perf.Index;
using Ingest.Perf.Memory;
using Ingest.Perf.Pool;
using Ingest.Perf.Scan;
using Ingest.Perf.Simulate;
using Ingest.Perf.Stores;

// BenchmarkDotNet has a command line of its own: bench hands everything on.
if (args is ["bench", .. var rest])
{
    BenchmarkSwitcher.FromAssembly(typeof(CompareCommand).Assembly).Run(rest);
    return 0;
}

var root = new RootCommand("Measures the service, by itself and against its rivals.")
{
    CompareCommand.Create(),
    ContendCommand.Create(),
    StoresCommand.Create(),
    SinkCommand.Create(),
    WritersCommand.Create(),
    IndexCommand.Create(),
    LogCommand.Create(),
    LogStageCommand.Create(),
    SealCommand.Create(),
    GlobCommand.Create(),
    DayCommand.Create(),
    FreshnessCommand.Create(),
    GrowthCommand.Create(),
    ScanCommand.Create(),
    SimulateCommand.Create(),
    MemoryCommand.Create(),
    FuzzCommand.Create(),
    ChaosCommand.Create(),
    new Command("bench", "Run the BenchmarkDotNet benchmarks; takes that library's arguments, such as --filter '*Decode*' or --list flat."),
};

return await root.Parse(args).InvokeAsync().ConfigureAwait(false);
