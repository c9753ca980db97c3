using System.Diagnostics;
using Ingest.Core.Flow.Telemetry;
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
    [InlineData("real", "which holds what no demo made, such as 'payments'. Give a new folder, or none for ./demo-pool.")]
    [InlineData("mine", "which holds what no demo made, such as 'export.csv'. Give a new folder, or none for ./demo-pool.")]
    [InlineData("notes", "whose demo.json no demo wrote (")]
    [InlineData("/proc/demo", "--pool is '/proc/demo', which cannot be written: ")]
    public async Task A_pool_that_is_none_of_its_own_is_refused(string pool, string said)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "a-file"), "{}");
        Directory.CreateDirectory(Path.Combine(folder.Path, "real", "payments", "_delta_log"));
        Directory.CreateDirectory(Path.Combine(folder.Path, "mine"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "mine", "export.csv"), "a\n1\n");
        Directory.CreateDirectory(Path.Combine(folder.Path, "notes"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "notes", "demo.json"), "{}");
        var (code, output, errors) = await WorkerProgram.RunAsync(folder.Path, "demo", "--transfers", "5", "--pool", pool);
        Assert.True(code == 2, $"Exit code {code}: {errors}{output}");
        Assert.Contains(said, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder.Path, "real", "demo.json")));
        Assert.Single(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "mine")));
    }

    /// <summary>Whoever has seen the verdict can prove it himself: what the last lines say works as it stands there.</summary>
    [Fact]
    public async Task The_last_lines_say_how_to_look_at_the_pool_and_to_prove_it()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "my pool"));
        var (code, output, errors) = await WorkerProgram.RunAsync(folder.Path, "demo", "--transfers", "60", "--pool", "my pool");
        Assert.True(code == 0, errors + output);
        Assert.Contains("published 60 of 60 transfers, ", output, StringComparison.Ordinal);
        Assert.Contains(", waiting 0 transfers, ", output, StringComparison.Ordinal);
        var lines = output.TrimEnd('\n').Split('\n');
        Assert.StartsWith("Verdict: exactly right.", lines[^4], StringComparison.Ordinal);
        Assert.EndsWith(" pool sql --pool 'my pool' 'show tables'", lines[^2], StringComparison.Ordinal);
        var (tables, proof) = (await ShellAsync(folder.Path, lines[^2]), await ShellAsync(folder.Path, lines[^1]));
        Assert.Contains("quarantine", tables, StringComparison.Ordinal);
        Assert.Contains("The pool is right.", proof, StringComparison.Ordinal);
    }

    [Fact]
    public void What_waits_is_what_was_published_and_not_taken_in()
    {
        var status = new EngineStatus { Transfers = 1_281, Records = 25_620, Written = 25_000, CommittedRows = 10_000, Commits = 1 };
        var line = string.Join(", ", DemoProgress.Lines(new CityPlan(1, 20_000, 20, 59), 2_000, status, TimeSpan.FromSeconds(2)).Select(l => $"{l.Name} {l.Value}"));
        Assert.StartsWith("published 2,000 of 20,000 transfers, records 25,620, records/s 12,810, waiting 719 transfers, new 25,000, duplicates 0, refused 0, committed 10,000 rows in 1 commit, memory ", line, StringComparison.Ordinal);
    }

    private static async Task<string> ShellAsync(string folder, string command)
    {
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = folder, RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(command);
        using var shell = Process.Start(start)!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.True(shell.ExitCode == 0, $"{command}: {output}");
        return output;
    }

    /// <summary>Takes what is posted, and runs none of it.</summary>
    private sealed class NeverContext : SynchronizationContext
    {
        public int Posts { get; private set; }

        public override void Post(SendOrPostCallback d, object? state) => Posts++;
    }
}
