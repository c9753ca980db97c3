using System.CommandLine;
using Ingest.Perf.Compare.Contenders;
using Ingest.Perf.Workloads;

namespace Ingest.Perf.Compare;

/// <summary><c>contend</c>: one contender in this process; what <c>compare</c> starts. Prints the number of records read.</summary>
internal static class ContendCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("name");
        var workload = new Argument<string>("workload");
        var records = new Argument<long>("records");
        var file = new Argument<string>("file");
        var group = new Argument<string>("group");
        var output = new Argument<string>("output");
        var command = new Command("contend", "Run one contender; started by compare.") { name, workload, records, file, group, output };
        command.Hidden = true;
        command.SetAction(async (parse, cancellation) =>
        {
            var work = Workload.Of(parse.GetValue(workload)!, parse.GetValue(records));
            var kafka = KafkaAccess.FromEnvironment() ?? throw new InvalidOperationException($"{KafkaAccess.BrokersVariable} is not set.");
            var read = parse.GetValue(name) switch
            {
                "duckdb" => DuckDbFromFile.Run(work, parse.GetValue(file)!, parse.GetValue(output)!),
                "plain" => await PlainService.RunAsync(work, kafka, parse.GetValue(group)!, parse.GetValue(output)!, cancellation).ConfigureAwait(false),
                "bare" => BareConsumption.Run(work, kafka, parse.GetValue(group)!, cancellation),
                var other => throw new InvalidOperationException($"There is no contender '{other}'."),
            };
            Console.WriteLine(read);
            return 0;
        });
        return command;
    }
}
