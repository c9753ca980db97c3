using System.Diagnostics;
using Ingest.Perf.Workloads;

namespace Ingest.Perf.Compare.Contenders;

/// <summary>kcat, in C: what the client library alone can do. Only when it is installed.</summary>
internal sealed class KcatContender(string program) : IContender
{
    public string Name => "kcat";

    public string What => "`kcat -G`, consume and discard, in C";

    /// <summary>Null when there is no kcat on the path.</summary>
    public static KcatContender? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => (string[])[Path.Combine(folder, "kcat"), Path.Combine(folder, "kafkacat")]).FirstOrDefault(File.Exists) is { } program ? new KcatContender(program) : null;

    public async Task<Measurement> RunAsync(Stage stage, CancellationToken cancellation)
    {
        // It counts nothing; an empty format prints nothing, and -e ends it at the end of all partitions.
        var start = new ProcessStartInfo(program) { ArgumentList = { "-b", stage.Kafka.Brokers, "-q", "-e", "-f", "", "-X", "auto.offset.reset=earliest" } };
        foreach (var (name, value) in stage.Kafka.Properties)
        {
            start.ArgumentList.Add("-X");
            start.ArgumentList.Add($"{name}={value}");
        }

        start.ArgumentList.Add("-G");
        start.ArgumentList.Add(stage.Group);
        for (var d = 0; d < Workload.Departments; d++) start.ArgumentList.Add(stage.Workload.Topic(d));
        return (await MeasuredProcess.RunAsync(start, cancellation).ConfigureAwait(false)).Measurement;
    }
}
