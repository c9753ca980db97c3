using System.Diagnostics;
using System.Globalization;

namespace Ingest.Perf.Compare.Contenders;

/// <summary>A contender written here: this program once more, with the verb <c>contend</c>, so that nobody shares a heap or a warm JIT with anybody.</summary>
internal sealed class ForkedContender(string key, string name, string what, bool isWriter) : IContender
{
    public string Name => name;

    public string What => what;

    public async Task<Measurement> RunAsync(Stage stage, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(ForkedContender).Assembly.Location);
        foreach (var argument in (string[])["contend", key, stage.Workload.Name, stage.Workload.Records.ToString(CultureInfo.InvariantCulture), stage.File, stage.Group, stage.Output])
            start.ArgumentList.Add(argument);
        var (measurement, output) = await MeasuredProcess.RunAsync(start, cancellation).ConfigureAwait(false);
        var records = long.Parse(output.Trim(), CultureInfo.InvariantCulture);
        if (records != stage.Workload.Records) throw new ContestException($"{name} read {records} of {stage.Workload.Records} records.");
        if (isWriter) ResultCheck.Folder(name, stage);
        return measurement with { Records = records };
    }
}
