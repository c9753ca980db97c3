using Ingest.Tests.Commands;
using Ingest.Tests.Crash;
using Ingest.Tests.Stores;
using Ingest.Worker.Demo;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Tests.Demo;

public sealed class DemoCommandTests
{
    /// <summary>Until it returns, nobody sees a progress line, and a signal finds no task to cancel: nothing may be done before.</summary>
    [Fact]
    public void A_run_is_a_task_before_it_has_done_anything()
    {
        using var folder = new TemporaryFolder();
        using var truth = new Truth(Directory.CreateDirectory(Path.Combine(folder.Path, "truth")).FullName);
        var run = new DemoRun(new CityPlan(1, 50, 2, 3), "demo-1", City.Catalog, Path.Combine(folder.Path, "pool"), NullLoggerFactory.Instance);
        var before = SynchronizationContext.Current;
        var later = new NeverContext();
        SynchronizationContext.SetSynchronizationContext(later);
        try
        {
            _ = run.RunAsync(truth, CancellationToken.None);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        Assert.Equal((1, 0), (later.Posts, run.Published));
    }

    [Fact]
    public async Task An_interrupted_demo_says_so_and_ends_with_one()
    {
        using var folder = new TemporaryFolder();
        using var demo = WorkerProcess.Command("demo", "--transfers", "2000000", "--pool", Path.Combine(folder.Path, "pool"));
        await demo.UntilLoggedAsync("of 2,000,000 transfers, records");
        Assert.True(await demo.TerminateAsync() == 1, demo.Output);
        Assert.Contains("Interrupted; what was taken in is committed.", demo.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a-file", "which is a file. Give a folder.")]
    [InlineData("real", "which holds tables that no demo made. Give another folder, or none for ./demo-pool.")]
    public async Task A_pool_that_is_none_of_its_own_is_refused(string pool, string said)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "a-file"), "{}");
        Directory.CreateDirectory(Path.Combine(folder.Path, "real", "payments", "_delta_log"));
        var (code, output, errors) = await WorkerProgram.RunAsync(folder.Path, "demo", "--transfers", "5", "--pool", pool);
        Assert.True(code == 2, $"Exit code {code}: {errors}{output}");
        Assert.Contains(said, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder.Path, "real", "demo.json")));
    }

    /// <summary>Takes what is posted, and runs none of it.</summary>
    private sealed class NeverContext : SynchronizationContext
    {
        public int Posts { get; private set; }

        public override void Post(SendOrPostCallback d, object? state) => Posts++;
    }
}
