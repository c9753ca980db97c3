using Ingest.Tests.Stores;
using Ingest.Worker.Demo;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Tests.Demo;

/// <summary>A pool into which a small city was published twice, by the demo's own way.</summary>
public sealed class PublishedCity : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    internal static CityPlan Plan { get; } = new(Seed: 3, Transfers: 300, RecordsPerTransfer: 8, Departments: 59);

    internal string Pool => _folder.Path;

    internal List<string> Sources { get; } = [];

    internal List<DemoRun> Runs { get; } = [];

    public async ValueTask InitializeAsync()
    {
        for (var run = 0; run < 2; run++)
        {
            using var scratch = new TemporaryFolder();
            using var truth = new Truth(scratch.Path);
            Sources.Add($"demo-{run}");
            Runs.Add(new DemoRun(Plan, Sources[run], City.Catalog, Pool, NullLoggerFactory.Instance));
            await Runs[run].RunAsync(truth, CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(5));
        }
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    internal Task<Verdict> JudgeAsync(params (City City, int Times)[] all) =>
        Judge.CompareAsync(Pool, City.Catalog, all[0].City.Truth, [.. all.Select(a => (a.City.Truth, a.Times))], [.. Sources], CancellationToken.None);
}
